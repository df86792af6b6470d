"""URLs of strategies, actions, indicators and periods."""

from django.urls import path, register_converter

from .views import (
    action_parts,
    actions,
    decisions,
    history,
    indicators,
    log,
    periods,
    plans,
    strategies,
    updates,
    withdrawn,
    work,
)

app_name = "strategies"


class StrategyRefConverter:
    """A reference to a strategy (``Strategy.ref``): the city's slug, with ``/pk`` for other than the current one."""

    regex = r"[-a-zA-Z0-9_]+(?:/[0-9]{1,18})?"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(StrategyRefConverter, "plan")

urlpatterns = [
    # my work
    path("my-work/", work.MyWork.as_view(), name="my_work"),
    path("my-work/nothing-new/", work.LogNoChange.as_view(), name="log_no_change"),
    # actions and updates
    path("actions/<int:pk>/", actions.ActionDetail.as_view(), name="action_detail"),
    path("actions/<int:pk>/log/", log.ActionLog.as_view(), name="action_log"),
    path("actions/<int:pk>/log/period/", log.LogPeriod.as_view(), name="log_period"),
    path("actions/<int:pk>/edit/", plans.ActionEdit.as_view(), name="action_edit"),
    path("actions/<int:pk>/history/", history.ActionHistory.as_view(), name="action_history"),
    path("actions/<int:pk>/publish/", actions.ActionPublish.as_view(), name="action_publish"),
    path("actions/<int:pk>/withdraw/", actions.ActionWithdraw.as_view(), name="action_withdraw"),
    path("actions/<int:pk>/milestones/add/", action_parts.MilestoneAdd.as_view(), name="milestone_add"),
    path("actions/<int:pk>/budget/add/", action_parts.BudgetLineAdd.as_view(), name="budgetline_add"),
    path("milestones/<int:pk>/edit/", action_parts.MilestoneEdit.as_view(), name="milestone_edit"),
    path("milestones/<int:pk>/withdraw/", action_parts.MilestoneWithdraw.as_view(), name="milestone_withdraw"),
    path("budget-lines/<int:pk>/edit/", action_parts.BudgetLineEdit.as_view(), name="budgetline_edit"),
    path("budget-lines/<int:pk>/withdraw/", action_parts.BudgetLineWithdraw.as_view(), name="budgetline_withdraw"),
    path("updates/<int:pk>/edit/", updates.UpdateEdit.as_view(), name="update_edit"),
    path("updates/<int:pk>/withdraw/", updates.UpdateWithdraw.as_view(), name="update_withdraw"),
    path("updates/<int:pk>/history/", history.UpdateHistory.as_view(), name="update_history"),
    path("evidence/<int:pk>/withdraw/", updates.EvidenceWithdraw.as_view(), name="evidence_withdraw"),
    # decisions of meetings
    path("decisions/<int:pk>/action/", decisions.DecisionLinkEdit.as_view(), name="decision_link"),
    path("decisions/<int:pk>/action/add/", decisions.DecisionActionAdd.as_view(), name="decision_action_add"),
    # strategies
    path("strategies/<plan:slug>/", strategies.StrategyDetail.as_view(), name="strategy_detail"),
    path("cities/<slug:slug>/strategy/add/", plans.StrategyAdd.as_view(), name="strategy_add"),
    path("strategies/<plan:slug>/edit/", plans.StrategyEdit.as_view(), name="strategy_edit"),
    path("strategies/<plan:slug>/history/", history.StrategyHistory.as_view(), name="strategy_history"),
    path("strategies/<plan:slug>/comment/", strategies.StrategyCommentAdd.as_view(), name="strategy_comment"),
    path("strategies/<plan:slug>/adopt/", strategies.StrategyAdopt.as_view(), name="strategy_adopt"),
    path("strategies/<plan:slug>/withdrawn/", withdrawn.WithdrawnParts.as_view(), name="withdrawn_parts"),
    path(
        "strategies/<plan:slug>/withdrawn/<slug:kind>/<int:part>/restore/",
        withdrawn.PartRestore.as_view(),
        name="part_restore",
    ),
    path("strategies/<plan:slug>/publish/", strategies.StrategyPublish.as_view(), name="strategy_publish"),
    path("strategies/<plan:slug>/actions/", actions.ActionList.as_view(), name="action_list"),
    path("strategies/<plan:slug>/areas/add/", plans.AreaAdd.as_view(), name="area_add"),
    path("areas/<int:pk>/edit/", plans.AreaEdit.as_view(), name="area_edit"),
    path("areas/<int:pk>/withdraw/", plans.AreaWithdraw.as_view(), name="area_withdraw"),
    path("areas/<int:pk>/objectives/add/", plans.ObjectiveAdd.as_view(), name="objective_add"),
    path("objectives/<int:pk>/edit/", plans.ObjectiveEdit.as_view(), name="objective_edit"),
    path("objectives/<int:pk>/withdraw/", plans.ObjectiveWithdraw.as_view(), name="objective_withdraw"),
    path("objectives/<int:pk>/actions/add/", plans.ActionAdd.as_view(), name="action_add"),
    path("strategies/<plan:slug>/swot/", strategies.SwotDetail.as_view(), name="swot"),
    path("strategies/<plan:slug>/swot/add/", plans.SwotAdd.as_view(), name="swot_add"),
    path("strategies/<plan:slug>/problems/add/", plans.RiskAdd.as_view(), name="risk_add"),
    path("swot/<int:pk>/edit/", plans.SwotEdit.as_view(), name="swot_edit"),
    path("swot/<int:pk>/withdraw/", plans.SwotWithdraw.as_view(), name="swot_withdraw"),
    path("problems/<int:pk>/edit/", plans.RiskEdit.as_view(), name="risk_edit"),
    path("problems/<int:pk>/withdraw/", plans.RiskWithdraw.as_view(), name="risk_withdraw"),
    # indicators
    path("strategies/<plan:slug>/indicators/", indicators.IndicatorList.as_view(), name="indicator_list"),
    path("strategies/<plan:slug>/indicators/add/", plans.IndicatorAdd.as_view(), name="indicator_add"),
    path("indicators/<int:pk>/", indicators.IndicatorDetail.as_view(), name="indicator_detail"),
    path("indicators/<int:pk>/edit/", plans.IndicatorEdit.as_view(), name="indicator_edit"),
    path("indicators/<int:pk>/withdraw/", plans.IndicatorWithdraw.as_view(), name="indicator_withdraw"),
    path("indicators/<int:pk>/history/", history.IndicatorHistory.as_view(), name="indicator_history"),
    path("values/<int:pk>/withdraw/", indicators.ValueWithdraw.as_view(), name="value_withdraw"),
    # periods
    path("periods/", periods.CityPeriodList.as_view(), name="cityperiod_list"),
    path("periods/<int:pk>/", periods.CityPeriodDetail.as_view(), name="cityperiod_detail"),
    path("periods/<int:pk>/values/", indicators.ValuesEdit.as_view(), name="values_edit"),
    path("periods/<int:pk>/narrative/", periods.NarrativeEdit.as_view(), name="narrative_edit"),
    path("periods/<int:pk>/submit/", periods.CityPeriodSubmit.as_view(), name="cityperiod_submit"),
    path("periods/<int:pk>/open/", periods.CityPeriodOpen.as_view(), name="cityperiod_open"),
    path("periods/<int:pk>/return/", periods.CityPeriodReturn.as_view(), name="cityperiod_return"),
    path("periods/<int:pk>/accept/", periods.CityPeriodAccept.as_view(), name="cityperiod_accept"),
    path("periods/<int:pk>/publish/", periods.CityPeriodPublish.as_view(), name="cityperiod_publish"),
    path("periods/<int:pk>/reopen/", periods.CityPeriodReopen.as_view(), name="cityperiod_reopen"),
    path(
        "periods/<int:pk>/ask-to-reopen/", periods.CityPeriodRequestReopen.as_view(), name="cityperiod_request_reopen"
    ),
    path(
        "periods/<int:pk>/decline-reopening/",
        periods.CityPeriodDeclineReopen.as_view(),
        name="cityperiod_decline_reopen",
    ),
    path("periods/<int:pk>/comment/", periods.CityPeriodComment.as_view(), name="cityperiod_comment"),
    path("periods/<int:pk>/endorse/", periods.CityPeriodEndorse.as_view(), name="cityperiod_endorse"),
    path("periods/<int:pk>/revisions/<int:number>/", periods.PeriodRevisionDetail.as_view(), name="revision_detail"),
]
