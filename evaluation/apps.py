from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EvaluationConfig(AppConfig):
    name = "evaluation"
    verbose_name = _("Evaluation")

    def ready(self):
        from django.db.models.signals import post_delete, post_migrate, post_save

        from cities.panels import register_panel
        from cities.signals import network_created
        from core import issued_hashes, verification
        from core.backup.hooks import after_restore
        from core.services import register_trigger_error
        from pilot.enums import PhaseKind
        from pilot.gates import register_check
        from strategies.due_parts import register_due_part
        from strategies.revision_access import register_revision_access
        from strategies.revision_parts import register_part
        from strategies.work import register_work

        from . import locks, rules
        from .exceptions import RecommendationClosed
        from .gate_checks import evaluation_is_published
        from .panels import evaluation_panel, recommendations_panel
        from .restored import run_due_work
        from .selectors.issued import find_decision, find_result, find_round_result
        from .selectors.recommendation_progress import due_part, frozen_recommendations
        from .selectors.recommendation_work import recommendation_rows
        from .selectors.revision_access import evaluated_revisions
        from .selectors.tasks import work_rows
        from .services.frameworks import load_default_framework
        from .upgraded import close_stored_rounds
        from .verification import check_recommendations, check_results, check_transitions

        network_created.connect(load_default_framework, dispatch_uid="evaluation.load_default_framework")
        register_work(work_rows)
        register_work(recommendation_rows)
        register_part("recommendations", frozen_recommendations)
        register_due_part(due_part)
        register_panel(evaluation_panel, order=60)
        register_panel(recommendations_panel, order=65)
        register_revision_access(evaluated_revisions)
        register_check(
            PhaseKind.PACT,
            "evaluation_published",
            _("An evaluation of the city has been published"),
            evaluation_is_published,
            is_completion=True,
        )
        for name in ("Evaluation", "RaterAssignment", "SubstituteAppointment"):
            for signal in (post_save, post_delete):
                signal.connect(rules.forget_duties, self.get_model(name), dispatch_uid=f"evaluation.{name}.duties")
        post_migrate.connect(close_stored_rounds, self, dispatch_uid="evaluation.close_stored_rounds")
        for finder in (find_result, find_round_result, find_decision):
            issued_hashes.add_finder(finder)
        locks.register()
        register_trigger_error(locks.RECOMMENDATION_IS_CLOSED, RecommendationClosed)
        verification.register("transitions of evaluations", check_transitions)
        verification.register("transitions of recommendations", check_recommendations)
        verification.register("results of evaluations", check_results)
        after_restore("stages", run_due_work, order=20)
