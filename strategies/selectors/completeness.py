"""How complete a city's period is and what is missing, with a link to fix each gap."""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.utils.translation import gettext as _

from core.links import url_of
from strategies.due_parts import DuePart, Missing, due_parts_of
from strategies.enums import LOCKED, CommentKind, Frequency, ImplementationStage
from strategies.models import Action, CityPeriod, Indicator, Narrative
from strategies.models.reported import has_value, is_reported, stage_before, stage_by
from strategies.models.visibility import current_plan_q


class Progress(NamedTuple):
    """How far a period has come, in short."""

    actions: int
    actions_reported: int
    indicators: int
    indicators_without_value: list[str]
    has_narrative: bool

    @property
    def indicators_reported(self) -> int:
        return self.indicators - len(self.indicators_without_value)


class Completeness(NamedTuple):
    actions: int  # due in the period
    actions_reported: int  # with an update in it
    indicators: int  # due in the period
    indicators_reported: int  # with a value in it
    has_narrative: bool
    is_endorsed: bool
    missing: list[Missing]
    parts: list[DuePart]  # of apps above

    @property
    def total(self) -> int:
        return self.actions + self.indicators + 1 + sum(part.total for part in self.parts)

    @property
    def done_count(self) -> int:
        own = self.actions_reported + self.indicators_reported + self.has_narrative
        return own + sum(part.reported for part in self.parts)

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
    """Return the actions to report on, with ``is_reported``, ``has_responsible``, ``stage_now`` and
    ``responsible_name``.

    They have started by the end of the period, and were neither over nor paused before it.
    """
    rows = _due_actions(city_period).with_responsible(city_period.city.today).only("title")
    return rows.annotate(stage_now=stage_by(city_period.period.starts_on), responsible_name=F("responsible__name"))


def _due_actions(city_period: CityPeriod) -> Any:
    period = city_period.period
    rows = Action.objects.of_city(city_period.city).active().filter(starts_on__lte=period.ends_on)
    rows = rows.annotate(is_reported=is_reported(city_period), stage_before=stage_before(period.starts_on))
    return rows.filter(Q(is_reported=True) | ~Q(stage_before__in=NOT_DUE))


def due_indicators(city_period: CityPeriod) -> Any:
    """Return the indicators that need a value for the period, with ``is_reported``.

    Those of an action that is cancelled or paused by then need none.
    """
    period = city_period.period
    rows = Indicator.objects.active().filter(current_plan_q("strategy__"), strategy__city=city_period.city_id)
    rows = rows.annotate(is_reported=has_value(city_period), action_stage=stage_by(period.starts_on, "action"))
    is_due = ~Q(action_stage__in=NO_VALUE_DUE)
    if not ends_a_year(period.starts_on, period.ends_on):
        is_due &= Q(frequency=Frequency.PERIOD)
    return rows.filter(Q(is_reported=True) | is_due)


def ends_a_year(starts_on: date, ends_on: date) -> bool:
    """Return whether a year ends in the period. Yearly values are due then."""
    return starts_on <= date(starts_on.year, 12, 31) <= ends_on


def progress_of(city_periods: Collection[CityPeriod]) -> list[Progress]:
    """Return how far each period has come, in two queries for each and one for all."""
    if not city_periods:
        return []
    written = Narrative.objects.filter(city_period__in=city_periods).exclude(text="")
    written_ids = set(written.values_list("city_period", flat=True))
    return [_progress(row, has_narrative=row.pk in written_ids) for row in city_periods]


def _progress(city_period: CityPeriod, *, has_narrative: bool) -> Progress:
    actions = list(_due_actions(city_period).order_by().values_list("is_reported", flat=True))
    indicators = list(due_indicators(city_period).order_by("name").values_list("name", "is_reported"))
    missing = [name for name, is_reported in indicators if not is_reported]
    return Progress(len(actions), sum(actions), len(indicators), missing, has_narrative)


def completeness(city_period: CityPeriod) -> Completeness:
    """Return what the period contains of what it should. Costs five queries and those of apps above."""
    actions = list(due_actions(city_period))
    indicators = list(due_indicators(city_period))
    has_narrative = Narrative.objects.filter(city_period=city_period).exclude(text="").exists()
    said = city_period.comments.filter(kind=CommentKind.ENDORSEMENT, revision=city_period.revision)
    is_endorsed = said.exists()
    missing = [_missing_update(row) for row in actions if not row.is_reported]
    missing += [
        _without_responsible(row) for row in actions if not row.has_responsible and row.stage_now not in FINISHED
    ]
    missing += [_missing_value(row) for row in indicators if not row.is_reported]
    parts = due_parts_of(city_period)
    missing += [gap for part in parts for gap in part.missing]
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
        parts=parts,
    )


def _missing_update(action: Action) -> Missing:
    url = url_of("strategies:action_log", action.pk)
    return Missing("action", action.title, _("No update in this period."), url, action.pk)


def _without_responsible(action: Action) -> Missing:
    text = _("No one is responsible for this action.")
    if action.responsible_name is not None:
        text = _("%(person)s, who was responsible, has left.") % {"person": action.responsible_name}
    return Missing("owner", action.title, text, action.get_absolute_url(), action.pk)


def _missing_value(indicator: Indicator) -> Missing:
    text = _("No value for this period.")
    return Missing("indicator", indicator.name, text, indicator.get_absolute_url(), indicator.pk)


def _no_narrative(city_period: CityPeriod) -> Missing:
    text = _("The narrative has not been written yet.")
    return Missing("narrative", _("Narrative"), text, city_period.get_absolute_url())


def _not_endorsed(city_period: CityPeriod) -> Missing:
    if city_period.state in LOCKED:
        text = _("No one in the expert group has endorsed it.")
    else:
        text = _("No one in the expert group has endorsed it yet. You can submit without an endorsement.")
    return Missing("endorsement", _("Expert group"), text, city_period.get_absolute_url())
