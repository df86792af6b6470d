"""What can be done with the parts of a plan, and when: the checks of ``plans``."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core.available import register
from strategies.enums import StrategyStatus
from strategies.exceptions import AlreadyWithdrawn, StrategyError, Superseded
from strategies.models import (
    Action,
    BudgetLine,
    Indicator,
    Milestone,
    Objective,
    PriorityArea,
    Risk,
    Strategy,
    SwotItem,
)

MAX_TITLES = 5
PARTS = (PriorityArea, Objective, Action, Milestone, BudgetLine, Indicator, SwotItem, Risk)


def permission_name(model: Any) -> str:
    """Return the model that permissions on the part are named after."""
    return "action" if model in {Milestone, BudgetLine} else model._meta.model_name


def strategy_of_part(row: Any) -> Strategy:
    """Return the strategy that a part of the plan belongs to."""
    if isinstance(row, Strategy):
        return row
    if isinstance(row, Milestone | BudgetLine):
        return row.action.strategy
    return row.area.strategy if isinstance(row, Objective) else row.strategy


def listed(titles: Iterable[str]) -> str:
    """Join the first few titles."""
    found = list(titles)
    return "; ".join(found[:MAX_TITLES]) + ("; …" if len(found) > MAX_TITLES else "")


def require_current(part: Any, _user: Any = None) -> None:
    """Raise Superseded for an earlier strategy, whose plan can no longer change, and for its parts."""
    if strategy_of_part(part).is_superseded:
        raise Superseded


# ---- the strategy


def _check_can_be_adopted(strategy: Strategy, _user: Any) -> None:
    if strategy.status != StrategyStatus.DRAFT:
        raise StrategyError(_("This strategy has already been adopted."))


def _check_takes_comments(strategy: Strategy, _user: Any) -> None:
    if strategy.status != StrategyStatus.DRAFT:
        raise StrategyError(_("The strategy has been adopted, so you can no longer comment on the draft."))


def _check_can_be_followed(strategy: Strategy, _user: Any) -> None:
    require_current(strategy)
    if strategy.status != StrategyStatus.ADOPTED:
        raise StrategyError(_("This city already has a strategy. Edit it, or add to it."))
    if hasattr(strategy, "replaced_by"):
        raise StrategyError(_("The city’s next strategy has already been created. Continue with that draft."))


def _check_can_be_published(strategy: Strategy, _user: Any) -> None:
    if strategy.status != StrategyStatus.ADOPTED:
        raise StrategyError(_("First enter when the strategy was adopted. A draft cannot be published."))
    if strategy.published_at is not None and not unpublished_actions(strategy).exists():
        raise StrategyError(_("The strategy and all its actions have already been published."))


def unpublished_actions(strategy: Strategy) -> QuerySet[Action]:
    return Action.objects.filter(objective__area__strategy=strategy, published_at=None).active()


register(Strategy, "adopt", "strategies.adopt_strategy", check=_check_can_be_adopted)
register(Strategy, "comment", "strategies.comment_strategy", check=_check_takes_comments)
register(Strategy, "begin_next", "strategies.begin_next_strategy", check=_check_can_be_followed)
register(Strategy, "publish", "strategies.publish_strategy", check=_check_can_be_published)


# ---- its parts


def _check_action_can_be_published(action: Action, _user: Any) -> None:
    if action.strategy.published_at is None:
        raise StrategyError(_("Publish the strategy first. Its actions are published with it."))
    if action.withdrawn_at:
        raise AlreadyWithdrawn
    if action.published_at is not None:
        raise StrategyError(_("This action has already been published."))


def _check_can_be_withdrawn(part: Any, _user: Any) -> None:
    if part.withdrawn_at:
        raise AlreadyWithdrawn
    require_current(part)
    if isinstance(part, Milestone) and part.reached.filter(update__withdrawn_at=None).exists():
        raise StrategyError(_("An update reports this milestone as reached, so it cannot be withdrawn."))
    if isinstance(part, BudgetLine) and part.updates.filter(withdrawn_at=None).exists():
        raise StrategyError(_("Money has been spent from this budget line, so it cannot be removed."))
    if isinstance(part, PriorityArea | Objective):
        under = {"objective__area" if isinstance(part, PriorityArea) else "objective": part}
        actions = Action.objects.filter(**under).active().values_list("title", flat=True)
        indicators = Indicator.objects.filter(**under).active().values_list("name", flat=True)
        if titles := [*actions, *indicators]:
            words = {"titles": listed(titles)}
            raise StrategyError(_("First withdraw these, or move them to another objective: %(titles)s") % words)


def _check_can_be_restored(part: Any, _user: Any) -> None:
    if part.withdrawn_at is None:
        raise StrategyError(_("This has already been restored."))
    require_current(part)
    for parent in parents_of(part).values():
        if parent.withdrawn_at:
            raise StrategyError(_("“%(title)s” has been withdrawn. Restore it first.") % {"title": parent})


def parents_of(part: Any) -> dict[str, Any]:
    """Return the parts that it stands under and that can be withdrawn, by the name of the field."""
    found = {name: getattr(part, name, None) for name in ("area", "objective", "action")}
    return {} if isinstance(part, Risk) else {name: parent for name, parent in found.items() if parent is not None}


register(Action, "publish", "strategies.publish_strategy", check=_check_action_can_be_published)
for _model in (Strategy, *PARTS):
    register(_model, "change", f"strategies.change_{permission_name(_model)}", check=require_current)
for _model in PARTS:
    register(_model, "withdraw", f"strategies.change_{permission_name(_model)}", check=_check_can_be_withdrawn)
    register(_model, "restore", f"strategies.change_{permission_name(_model)}", check=_check_can_be_restored)
