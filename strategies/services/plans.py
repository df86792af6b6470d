"""Create, adopt, publish, change and withdraw plans and their parts, on any day and with history."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cities.models import City
from core import clock, locales
from core.available import require
from core.bounds import year_error
from core.exceptions import ConfirmationNeeded, InputRefused, ReasonMissing
from core.services import check_version, lock, require_rule, save_with_history, validate
from strategies.enums import BudgetStatus, ChangeCause, StrategyStatus
from strategies.exceptions import (
    AlreadyWithdrawn,
    BudgetLineExists,
    StrategyError,
    Superseded,
)
from strategies.models import (
    Action,
    BudgetLine,
    Indicator,
    Milestone,
    MilestoneReached,
    Objective,
    PriorityArea,
    Strategy,
    StrategyComment,
)

from . import notifications
from .figures import lock_responsible, refresh_figures
from .plan_checks import listed, parents_of, permission_name, strategy_of_part, unpublished_actions

MEANING_FIELDS = (
    "unit",
    "direction",
    "across_periods",
    "counts_people",
)  # fields that define the meaning of stored values
NEEDS_REASON = {
    Indicator: ("target", "target_on", "baseline", "baseline_on", *MEANING_FIELDS),
    Milestone: ("weight",),
}


@transaction.atomic
def save_part(
    instance: Any,
    *,
    by: Any,
    version: int | None = None,
    fields: Mapping[str, Any],
    m2m: Mapping[str, Iterable[Any]] | None = None,
    cause: str = "",
    reason: str = "",
    confirmed: bool = False,
) -> Any:
    """Save a part of the plan, new (``pk`` is None) or changed.

    ``fields`` and ``m2m`` are set on the stored row. To change a field in NEEDS_REASON once values exist, ``cause`` (a
    ChangeCause) and ``reason`` are required; the history keeps both. Raises PermissionRefused, InputRefused,
    AlreadyWithdrawn (parent) or Superseded; EditConflict if ``version`` is not the stored one; ConfirmationNeeded if a
    changed field may be wrong, unless ``confirmed``.
    """
    if isinstance(instance, Action):
        lock_responsible(instance, fields.get("responsible"))
    if instance.pk is None:
        row = instance
    else:
        row = lock(instance)
        require(row, "change", by)
        check_version(row, version)
        _require_reason(row, fields, cause, reason)
    was_under = None if instance.pk is None else _parent_of(row)
    was_responsible = getattr(row, "responsible_id", None) if row.pk else None
    changed = {field for field, value in fields.items() if instance.pk is None or getattr(row, field) != value}
    for field, value in fields.items():
        setattr(row, field, value)
    _require_active_parent(row, was_under)
    if instance.pk is None:
        require_rule(by, f"strategies.add_{permission_name(type(row))}", row)
    if Strategy.objects.filter(pk=strategy_of_part(row).pk, superseded_at__isnull=False).exists():
        raise Superseded
    validate(row)
    if not confirmed and (questions := _questions(row, changed)):
        raise ConfirmationNeeded(questions)
    row._change_reason = None
    _save(row, by, reason=f"{cause}: {reason.strip()}" if cause else reason)
    for field, rows in (m2m or {}).items():
        row._history_user = by
        getattr(row, field).set(rows)
    _refresh_figures_of(row)
    if isinstance(row, Action) and row.responsible_id != was_responsible:
        notifications.notify_responsible(row, by=by)
    return row


def _refresh_figures_of(row: Any) -> None:
    if isinstance(row, Action):
        refresh_figures([row.pk])
    elif isinstance(row, Milestone | BudgetLine):
        refresh_figures([row.action_id])


def _parent_of(row: Any) -> PriorityArea | Objective | None:
    """Return the parent that can be withdrawn, if the part has one."""
    if isinstance(row, Objective):
        return row.area
    return row.objective if isinstance(row, Action | Indicator) else None


def _require_active_parent(row: Any, was_under: PriorityArea | Objective | None) -> None:
    """Raise if the new parent is withdrawn. Locks the parent, so that nobody withdraws it at the same moment."""
    parent = _parent_of(row)
    if parent is not None and parent != was_under and lock(parent).withdrawn_at:
        raise AlreadyWithdrawn(_("The objective or priority area you chose has been withdrawn. Choose another one."))


def _questions(row: Any, changed: Collection[str]) -> dict[str, str]:
    """Return one sentence for each changed field whose value may be wrong, by field name."""
    if isinstance(row, Indicator):
        found = {name: row.question_about(getattr(row, name)) for name in ("baseline", "target")}
    elif isinstance(row, Milestone):
        found = {"due_on": _outside_of_action(row)}
    elif isinstance(row, Action) and row.pk:
        found = {"starts_on": _milestones_before(row), "ends_on": _milestones_after(row)}
    else:
        return {}
    return {name: sentence for name, sentence in found.items() if sentence and name in changed}


def _outside_of_action(milestone: Milestone) -> str:
    action = milestone.action
    if action.starts_on <= milestone.due_on <= action.ends_on:
        return ""
    words = {"first": locales.day(action.starts_on), "last": locales.day(action.ends_on)}
    return _("The action runs from %(first)s to %(last)s. Choose a due date within that time.") % words


def _milestones_before(action: Action) -> str:
    rows = action.milestones.active().filter(due_on__lt=action.starts_on)
    words = {"titles": listed(rows.values_list("title", flat=True))}
    return _("These milestones would be due before the action starts: %(titles)s") % words if rows else ""


def _milestones_after(action: Action) -> str:
    rows = action.milestones.active().filter(due_on__gt=action.ends_on)
    words = {"titles": listed(rows.values_list("title", flat=True))}
    return _("These milestones would be due after the action ends: %(titles)s") % words if rows else ""


def _save(row: Any, by: Any, *, reason: str) -> None:
    """Save. If somebody else took the same code since the check, raise what the check says now."""
    try:
        with transaction.atomic():
            save_with_history(row, by, reason=reason)
    except IntegrityError as error:
        validate(row)
        raise StrategyError(_("Someone else has just saved the same thing. Open the page again.")) from error


def _require_reason(row: Any, fields: Mapping[str, Any], cause: str, reason: str) -> None:
    changed = [
        name for name in NEEDS_REASON.get(type(row), ()) if name in fields and getattr(row, name) != fields[name]
    ]
    if not changed or (cause in ChangeCause.values and reason.strip()) or not has_values(row):
        return
    errors = {}
    if cause not in ChangeCause.values:
        errors["cause"] = _("Figures depend on what you are changing. Choose a reason for the change.")
    if not reason.strip():
        errors["reason"] = _("Figures depend on what you are changing. Describe the reason briefly.")
    raise InputRefused(errors)


def has_values(row: Indicator | Milestone) -> bool:
    """Return whether the indicator has values, or any milestone of the same action has been reached."""
    if isinstance(row, Indicator):
        return row.values.active().exists()
    return MilestoneReached.objects.filter(milestone__action=row.action_id, update__withdrawn_at=None).exists()


@transaction.atomic
def add_strategy(city: City, *, by: Any, fields: Mapping[str, Any]) -> Strategy:
    """Create a draft: the first strategy of a city or, by a lead official, the one that follows the adopted one.

    If two users do it at once, the second gets StrategyError. Raises PermissionRefused or InputRefused.
    """
    city = lock(city)
    current = Strategy.objects.current().filter(city=city).first()
    if current is None:
        return save_part(Strategy(city=city), by=by, fields=fields)
    require(current, "begin_next", by)
    return save_part(Strategy(city=city, replaces=current), by=by, fields=fields)


@transaction.atomic
def add_budget_line(
    action: Action, *, by: Any, fields: Mapping[str, Any], shown: BudgetLine | None = None
) -> BudgetLine:
    """Add a budget line to an action.

    ``shown``: a line that ``by`` has seen and adds another one to. Raises PermissionRefused, InputRefused or
    Superseded; BudgetLineExists if the action has another line of the source and year.
    """
    action = lock(action)  # the second of two equal forms waits here for the first
    require(action, "change", by)
    same = action.budget_lines.active().filter(source=fields.get("source"), year=fields.get("year"))
    if shown is None and (existing := same.last()):
        raise BudgetLineExists(existing)
    line = save_part(BudgetLine(action=action), by=by, fields=fields)
    if action.budget_status != BudgetStatus.LINES:
        save_part(action, by=by, fields={"budget_status": BudgetStatus.LINES})
    return line


@transaction.atomic
def adopt_strategy(strategy: Strategy, *, by: Any, on: date) -> Strategy:
    """Adopt a draft as of the day ``on``. The strategy before it is superseded and ends the day before.

    Raises PermissionRefused, StrategyError (adopted already) or InputRefused.
    """
    lock(strategy.city)
    strategy = lock(strategy)
    require(strategy, "adopt", by)
    if sentence := year_error(on):
        raise InputRefused({"adopted_on": sentence})
    if on > strategy.city.today:
        raise InputRefused({"adopted_on": _("The date is in the future. Enter today’s date or an earlier one.")})
    if strategy.replaces is not None:
        _supersede(lock(strategy.replaces), by=by, on=on)
    strategy.status, strategy.adopted_on = StrategyStatus.ADOPTED, on
    save_with_history(strategy, by)
    notifications.notify_of_adoption(strategy, by=by)
    return strategy


def _supersede(strategy: Strategy, *, by: Any, on: date) -> None:
    """Mark as superseded. It stays readable; its updates, submissions and evaluations do not change."""
    if strategy.adopted_on is not None and on <= strategy.adopted_on:
        words = {"day": locales.day(strategy.adopted_on)}
        sentence = _("The previous strategy was adopted on %(day)s. Choose a later day.") % words
        raise InputRefused({"adopted_on": sentence})
    strategy.superseded_at = clock.now()
    save_with_history(strategy, by)


@transaction.atomic
def comment_strategy(strategy: Strategy, *, by: Any, text: str) -> StrategyComment:
    """Add a comment by a person of the city to a draft. Raises PermissionRefused, StrategyError or ReasonMissing."""
    strategy = lock(strategy)
    require(strategy, "comment", by)
    if not text.strip():
        raise ReasonMissing
    newest = strategy.comments.last()
    if newest is not None and (newest.author_id, newest.text) == (by.pk, text.strip()):
        return newest  # the same form sent again
    comment = StrategyComment.objects.create(strategy=strategy, text=text.strip(), author=by)
    notifications.notify_of_strategy_comment(comment)
    return comment


@transaction.atomic
def publish_strategy(strategy: Strategy, *, by: Any) -> Strategy:
    """Make the strategy and all its active actions public. Raises PermissionRefused, or StrategyError if it cannot."""
    strategy = lock(strategy)
    require(strategy, "publish", by)
    for row in [strategy, *unpublished_actions(strategy)]:
        _publish(row, by)
    return strategy


@transaction.atomic
def publish_action(action: Action, *, by: Any) -> Action:
    """Publish an action that was added after its strategy was published.

    Raises PermissionRefused, AlreadyWithdrawn, or StrategyError if it is published, or its strategy is not.
    """
    action = lock(action)
    require(action, "publish", by)
    _publish(action, by)
    return action


def _publish(row: Any, by: Any) -> None:
    if row.published_at is None:
        row.published_at = clock.now()
        save_with_history(row, by)


@transaction.atomic
def withdraw_part(part: Any, *, by: Any, reason: str = "") -> Any:
    """Withdraw a part of the plan, an area with its objectives. What was stored about it stays.

    A priority area, objective or action needs a ``reason``, as does a milestone or indicator that figures depend on.
    Raises PermissionRefused, AlreadyWithdrawn, Superseded, ReasonMissing, or StrategyError if something still uses it.
    """
    part = lock(part)
    objectives = Objective.objects.none()
    if isinstance(part, PriorityArea):
        objectives = Objective.objects.select_for_update(of=("self",), no_key=True).filter(area=part).active()
    withdrawn = [*objectives, part]  # locked before the check, so that nobody adds to them meanwhile
    require(part, "withdraw", by)
    if needs_reason(part) and not reason.strip():
        raise ReasonMissing
    for row in withdrawn:
        row.withdrawn_at = clock.now()
        if hasattr(row, "withdrawn_reason"):
            row.withdrawn_reason = reason.strip()
        save_with_history(row, by, reason=reason.strip())
    _refresh_figures_of(part)
    return part


def needs_reason(part: Any) -> bool:
    return has_values(part) if isinstance(part, Indicator | Milestone) else hasattr(part, "withdrawn_reason")


@transaction.atomic
def restore_part(part: Any, *, by: Any, code: str = "") -> Any:
    """Restore a withdrawn part of the plan. What was withdrawn with it, or under it, stays withdrawn.

    ``code``: a new code for an area, objective or action, needed if another part uses the old one. Raises
    PermissionRefused, Superseded, StrategyError (restored already, or its parent is withdrawn) or InputRefused.
    """
    part = lock(part)
    for name, parent in parents_of(part).items():
        setattr(part, name, lock(parent))
    require(part, "restore", by)
    part.withdrawn_at = None
    if hasattr(part, "withdrawn_reason"):
        part.withdrawn_reason = ""
    if code.strip():
        part.code = code.strip()
    try:
        validate(part)
        _save(part, by, reason="")
    except InputRefused as error:
        raise InputRefused({"code" if name == "" else name: words for name, words in error.errors.items()}) from error
    _refresh_figures_of(part)
    return part
