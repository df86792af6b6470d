"""How complete a city's period is and what is missing, with a link to fix each gap."""

from datetime import date
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from strategies.enums import LOCKED, CommentKind, Frequency, ImplementationStage
from strategies.models import Action, ActionUpdate, CityPeriod, Indicator, IndicatorValue, Narrative
from strategies.models.visibility import current_plan_q


class Missing(NamedTuple):
    """One gap: what is missing, where, and the URL to fix it."""

    kind: str  # action, owner, indicator, narrative, endorsement
    title: str
    text: str
    url: str
    pk: int | None = None


class Completeness(NamedTuple):
    actions: int  # due in the period
    actions_reported: int  # with an update in it
    indicators: int  # due in the period
    indicators_reported: int  # with a value in it
    has_narrative: bool
    is_endorsed: bool
    missing: list[Missing]

    @property
    def total(self) -> int:
        return self.actions + self.indicators + 1

    @property
    def done_count(self) -> int:
        return self.actions_reported + self.indicators_reported + self.has_narrative

    @property
    def missing_values(self) -> list[Missing]:
        """Gaps that are all fixed on the page of indicator values."""
        return [gap for gap in self.missing if gap.kind == "indicator"]

    @property
    def is_complete(self) -> bool:
        return self.done_count == self.total


FINISHED = [ImplementationStage.COMPLETED, ImplementationStage.CANCELLED]
NOT_DUE = [*FINISHED, ImplementationStage.PAUSED]  # of an action: no update is due
NO_VALUE_DUE = [ImplementationStage.CANCELLED, ImplementationStage.PAUSED]  # of its action: no value is due


def due_actions(city_period: CityPeriod) -> Any:
    """Return the actions to report on, with ``is_reported``, ``has_responsible`` and ``stage_now``.

    They have started by the end of the period, and were neither over nor paused before it.
    """
    period = city_period.period
    updates = ActionUpdate.objects.active().filter(action=OuterRef("pk"))
    before = updates.filter(city_period__period__starts_on__lt=period.starts_on).newest_first()
    rows = Action.objects.of_city(city_period.city).active().filter(starts_on__lte=period.ends_on)
    rows = rows.with_responsible(city_period.city.today).select_related("responsible")
    now = updates.filter(city_period__period__starts_on__lte=period.starts_on).newest_first()
    rows = rows.annotate(
        is_reported=Exists(updates.filter(city_period=city_period)),
        stage_before=Subquery(before.values("stage")[:1]),
        stage_now=Subquery(now.values("stage")[:1]),
    )
    return rows.filter(Q(is_reported=True) | Q(stage_before=None) | ~Q(stage_before__in=NOT_DUE))


def due_indicators(city_period: CityPeriod) -> Any:
    """Return the indicators that need a value for the period, with ``is_reported``.

    Those of an action that is cancelled or paused by then need none.
    """
    upto = {"city_period__period__starts_on__lte": city_period.period.starts_on}
    stage = ActionUpdate.objects.active().filter(action=OuterRef("action"), **upto).newest_first().values("stage")
    values = IndicatorValue.objects.active().filter(indicator=OuterRef("pk"), city_period=city_period)
    rows = Indicator.objects.active().filter(current_plan_q("strategy__"), strategy__city=city_period.city_id)
    rows = rows.annotate(is_reported=Exists(values), action_stage=Subquery(stage[:1]))
    rows = rows.filter(Q(is_reported=True) | Q(action_stage=None) | ~Q(action_stage__in=NO_VALUE_DUE))
    if not ends_a_year(city_period.period.starts_on, city_period.period.ends_on):
        rows = rows.filter(Q(frequency=Frequency.PERIOD) | Q(is_reported=True))
    return rows


def ends_a_year(starts_on: date, ends_on: date) -> bool:
    """Return whether a year ends in the period. Yearly values are due then."""
    return starts_on <= date(starts_on.year, 12, 31) <= ends_on


def completeness(city_period: CityPeriod) -> Completeness:
    """Return what the period contains of what it should. Costs five queries, whatever the size of the city."""
    actions, indicators = list(due_actions(city_period)), list(due_indicators(city_period))
    has_narrative = Narrative.objects.filter(city_period=city_period).exclude(text="").exists()
    said = city_period.comments.filter(kind=CommentKind.ENDORSEMENT, revision=city_period.revision)
    is_endorsed = said.exists()
    missing = [_missing_update(row) for row in actions if not row.is_reported]
    missing += [
        _without_responsible(row) for row in actions if not row.has_responsible and row.stage_now not in FINISHED
    ]
    missing += [_missing_value(row) for row in indicators if not row.is_reported]
    missing += [] if has_narrative else [_no_narrative(city_period)]
    missing += [] if is_endorsed else [_not_endorsed(city_period)]
    return Completeness(
        actions=len(actions),
        actions_reported=sum(row.is_reported for row in actions),
        indicators=len(indicators),
        indicators_reported=sum(row.is_reported for row in indicators),
        has_narrative=has_narrative,
        is_endorsed=is_endorsed,
        missing=missing,
    )


def _missing_update(action: Action) -> Missing:
    url = reverse("strategies:action_log", args=[action.pk])
    return Missing("action", action.title, _("No update in this period."), url, action.pk)


def _without_responsible(action: Action) -> Missing:
    text = _("Nobody is accountable for this action.")
    if action.responsible is not None:
        text = _("%(person)s, who was accountable, has left.") % {"person": action.responsible}
    return Missing("owner", action.title, text, action.get_absolute_url(), action.pk)


def _missing_value(indicator: Indicator) -> Missing:
    text = _("No value for this period.")
    return Missing("indicator", indicator.name, text, indicator.get_absolute_url(), indicator.pk)


def _no_narrative(city_period: CityPeriod) -> Missing:
    text = _("Nothing is written yet about the period as a whole.")
    return Missing("narrative", _("Narrative"), text, city_period.get_absolute_url())


def _not_endorsed(city_period: CityPeriod) -> Missing:
    if city_period.state in LOCKED:
        text = _("Nobody of the expert group has endorsed it.")
    else:
        text = _("Nobody of the expert group has endorsed it yet. It can be submitted without.")
    return Missing("endorsement", _("Expert group"), text, city_period.get_absolute_url())
