"""Actions with the figures that the user may see: live ones in the city and network, published ones for the public."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery, prefetch_related_objects

from cities.models import City
from cities.rules import insider_city_ids, official_city_ids
from core.links import url_of
from strategies.enums import LOCKED, ImplementationStage
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    Evidence,
    Indicator,
    IndicatorValue,
    Milestone,
    PeriodRevision,
    RevisionAction,
    Strategy,
)
from strategies.models.health import expected_progress, health_inputs, health_of
from strategies.models.reported import spent_from_line
from strategies.models.responsible import has_responsible
from strategies.period_snapshot import SnapshotUpdate

from .disclosure import reads_all_figures
from .frozen import Origin, frozen_log

FROZEN_FIGURES = {  # name on an action > field of RevisionAction
    "health": "health",
    "progress": "progress",
    "expected": "expected",
    "current_stage": "stage",
    "spent_total": "spent",
    "budget_total": "budget",
}
PLAN_ORDER = ("objective__area__code_sort", "objective__code_sort", "code_sort")


def with_readable_figures(actions: QuerySet[Action], user: Any, city: City) -> QuerySet[Action]:
    """Add health, progress, expected, current_stage, spent_total and budget_total as the user may see them.

    For the public they come from frozen rows.
    """
    if reads_all_figures(user, city.pk):
        return actions.with_health(city.today).with_money()
    newest = newest_frozen(user)
    return actions.annotate(**{name: Subquery(newest.values(field)[:1]) for name, field in FROZEN_FIGURES.items()})


def newest_frozen(user: Any) -> QuerySet[RevisionAction]:
    """Return the frozen rows of the outer action that the user may read, newest revision first."""
    readable = PeriodRevision.objects.visible_to(user)
    rows = RevisionAction.objects.filter(action=OuterRef("pk"), revision__in=readable)
    return rows.order_by("-revision__city_period__period__starts_on", "-revision__number")


def actions_of(strategy: Strategy, user: Any) -> QuerySet[Action]:
    """Return the visible, active actions of a strategy, with figures, in the order of the plan."""
    rows = active_actions(strategy, user).with_related()
    return with_readable_figures(rows, user, strategy.city).order_by(*PLAN_ORDER, "pk")


def active_actions(strategy: Strategy, user: Any) -> QuerySet[Action]:
    return Action.objects.visible_to(user).filter(objective__area__strategy=strategy, withdrawn_at=None)


class PlanRow(NamedTuple):
    """One action of a strategy's page."""

    pk: int
    objective_id: int
    code: str
    title: str
    published_at: Any
    health: str | None
    progress: int | None

    @property
    def url(self) -> str:
        return url_of("strategies:action_detail", self.pk)


def plan_rows(strategy: Strategy, user: Any) -> list[PlanRow]:
    """Return ``actions_of`` the strategy without what its page does not show: there may be hundreds."""
    return [PlanRow(*row) for row in actions_of(strategy, user).values_list(*PlanRow._fields)]


def has_unsubmitted(action: Action) -> bool:
    """Return whether some figures come from a period that has not been submitted."""
    return action.updates.active().exclude(city_period__state__in=LOCKED).exists()


@dataclass(frozen=True)
class ActionPage:
    """One action with its related records, as the user may read them."""

    action: Action
    is_insider: bool
    is_live: bool
    milestones: list[Milestone]
    lines: list[BudgetLine]
    indicators: list[Indicator]
    log: list[ActionUpdate]  # live, for insiders
    frozen: list[tuple[SnapshotUpdate, Origin]]  # for others
    unsubmitted: bool  # for readers of the network
    frozen_row: RevisionAction | None  # the source of the public's figures

    @property
    def budget(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


def action_page(action: Action, user: Any) -> ActionPage:
    """Return the page of an action, on which the figures that the user may see are set; for the public, frozen ones."""
    city_id = action.owning_city_id
    is_insider, is_live = city_id in insider_city_ids(user), reads_all_figures(user, city_id)
    frozen_row = None if is_live else _frozen_row(action, user)
    if is_live:
        set_live_figures(action, action.city.today)
    else:
        for name, field in FROZEN_FIGURES.items():
            setattr(action, name, getattr(frozen_row, field, None))
    return ActionPage(
        action=action,
        is_insider=is_insider,
        is_live=is_live,
        milestones=_milestones(action, is_live),
        lines=_lines(action, is_live),
        indicators=list(action.indicators.visible_to(user).filter(withdrawn_at=None)),
        log=_log(action, user) if is_insider else [],
        frozen=[] if is_insider else frozen_log(action, user),
        unsubmitted=is_live and not is_insider and has_unsubmitted(action),
        frozen_row=frozen_row,
    )


def set_live_figures(action: Action, today: date) -> None:
    """Set what ``with_health`` and ``with_money`` add; for one action Python is quicker than such a query."""
    figures = action.figures
    action.current_stage, action.last_update_on = figures.stage, figures.last_update_on
    action.progress, action.expected = figures.progress, expected_progress(action.starts_on, action.ends_on, today)
    action.milestone_count, action.reached_count = figures.milestone_count, figures.reached_count
    action.next_milestone_on, action.local_today = figures.next_milestone_on, today
    action.next_due_on = figures.next_milestone_on or action.ends_on
    action.budget_total, action.spent_total = figures.budget_total, figures.spent_total
    action.has_responsible = has_responsible(action, today)
    action.health = health_of(health_inputs(action))


def _frozen_row(action: Action, user: Any) -> RevisionAction | None:
    rows = RevisionAction.objects.filter(action=action, revision__in=PeriodRevision.objects.visible_to(user))
    rows = rows.select_related("revision__city_period__period").defer("revision__snapshot")
    return rows.order_by("-revision__city_period__period__starts_on", "-revision__number").first()


def _milestones(action: Action, is_live: bool) -> list[Milestone]:
    rows = action.milestones.active()
    return list(rows.with_outcomes() if is_live else rows)


def _lines(action: Action, is_live: bool) -> list[BudgetLine]:
    rows = action.budget_lines.active()
    if not is_live:
        return list(rows)
    return list(rows.annotate(spent=spent_from_line()))


def _log(action: Action, user: Any) -> list[ActionUpdate]:
    """Return the updates with milestones and evidence, newest first. Withdrawn ones are for officials only."""
    attached = Evidence.objects.active().select_related("file")
    rows = action.updates.visible_to_insider(user)
    rows = rows.select_related("author", "on_behalf_of", "city_period__period", "budget_line")
    if action.owning_city_id not in official_city_ids(user):
        rows = rows.active()
    evidence = Prefetch("evidence", attached, to_attr="pieces")
    found = list(rows.prefetch_related("milestones", evidence).newest_first())
    for update in found:
        update.city_period.city = action.city
    finished = [update for update in found if update.stage == ImplementationStage.COMPLETED]
    prefetch_related_objects(finished, "dropped__milestone")
    values = IndicatorValue.objects.filter(withdrawn_at__isnull=False).select_related("indicator")
    withdrawn = [update for update in found if update.withdrawn_at]
    prefetch_related_objects(withdrawn, Prefetch("values", values, to_attr="withdrawn_values"))
    return found
