"""What the migrations since each version rename or change on purpose. See README.md in this folder."""

from .reading import SKIP, Declared

DECLARED = {
    "0.1.0": Declared(
        models={
            "strategies.pilotphase": "pilot.pilotphase",
            "strategies.gatewaiver": "pilot.gatewaiver",
            "evaluation.report": "reports.report",
            "evaluation.reportfile": "reports.reportfile",
            "evaluation.reportschedule": "reports.reportschedule",
            "strategies.implementationproblem": "strategies.risk",
            "strategies.historicalimplementationproblem_swot_items": "strategies.historicalrisk_swot_items",
            "evaluation.deskvisit": "evaluation.reviewvisit",
            "strategies.periodmove": "strategies.periodtransition",
            "evaluation.stagemove": "evaluation.stagetransition",
        },
        tables={
            "strategies_implementationproblem": "strategies_risk",
            "strategies_implementationproblem_swot_items": "strategies_risk_swot_items",
            "strategies_historicalimplementationproblem": "strategies_historicalrisk",
            "strategies_historicalimplementationproblem_swot_items": "strategies_historicalrisk_swot_items",
            "evaluation_deskvisit": "evaluation_reviewvisit",
            "strategies_periodmove": "strategies_periodtransition",
            "evaluation_stagemove": "evaluation_stagetransition",
        },
        removed_tables={"strategies_updatedraft", "strategies_updatedraft_files"},  # now in core_forminput
        columns={
            "strategies_implementationproblem": {"counter_action_id": "mitigating_action_id"},
            "strategies_implementationproblem_swot_items": {"implementationproblem_id": "risk_id"},
            "strategies_historicalimplementationproblem": {"counter_action_id": "mitigating_action_id"},
            "strategies_historicalimplementationproblem_swot_items": {"implementationproblem_id": "risk_id"},
            "strategies_actionupdate": {"status": "stage", "is_nothing_new": "is_no_change"},
            "strategies_historicalactionupdate": {"status": "stage", "is_nothing_new": "is_no_change"},
            "strategies_revisionaction": {"status": "stage"},
            "strategies_action": {"accountable_id": "responsible_id"},
            "strategies_historicalaction": {"accountable_id": "responsible_id"},
            "strategies_periodmove": {"places": "marks"},
            "strategies_cityperiod": {"move_count": "transition_count"},
            "strategies_gatewaiver": {"condition": "requirement"},
            "strategies_reminder": {"about": "key"},
            "evaluation_committeereview": {"stated_hash": "snapshot_hash"},
            "cities_organisation": {"place": "location"},
            "cities_event": {"place": "location"},
            "cities_historicalevent": {"place": "location"},
            "training_trainingweek": {"place": "location"},
            "training_historicaltrainingweek": {"place": "location"},
            "strategies_indicator": {"across_places": "across_cities"},
            "strategies_historicalindicator": {"across_places": "across_cities"},
        },
        removed_constraints={
            "strategies__city_pe_cfd37d_idx",  # replaced by one that also has withdrawn_at
            "accounts_user_email_once",  # addresses are in lower case, so that the column itself is unique
            "cities_person_email_once",
            "evaluation_evaluation_once",  # an evaluation that was removed may be added again
            "strategies_periodmove_follows_transitions",  # knows one transition more
        },
        values={("django_session", "session_data"): lambda value: SKIP},  # the path of the authentication backend
    ),
}
