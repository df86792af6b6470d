"""Create, adopt, publish, change and withdraw plans and their parts, on any day and with history."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from cities.models import City
from core import clock, locales
from core.bounds import year_error, year_errors
from strategies.enums import BudgetStatus, ChangeCause, StrategyStatus
from strategies.exceptions import (
    AlreadyWithdrawn,
    BudgetLineExists,
    ConfirmationNeeded,
    FormAlreadyUsed,
    InputRefused,
    ReasonMissing,
    SavedDifferently,
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
    Risk,
    Strategy,
    StrategyComment,
)

from . import notifications
from .persistence import check_version, lock, require_perm, require_rule, save_with_history

MAX_TITLES = 5
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
    name = instance._meta.model_name
    if instance.pk is None:
        row = instance
    else:
        require_perm(by, f"strategies.change_{_permission_of(name)}", instance)
        row = lock(instance)
        check_version(row, version)
        _require_reason(row, fields, cause, reason)
    was_under = None if instance.pk is None else _parent_of(row)
    was_responsible = getattr(row, "responsible_id", None) if row.pk else None
    changed = {field for field, value in fields.items() if instance.pk is None or getattr(row, field) != value}
    for field, value in fields.items():
        setattr(row, field, value)
    _require_active_parent(row, was_under)
    if instance.pk is None:
        require_rule(by, f"strategies.add_{_permission_of(name)}", row)
    _require_not_superseded(row)
    _check(row)
    if not confirmed and (questions := _questions(row, changed)):
        raise ConfirmationNeeded(questions)
    row._change_reason = None
    _save(row, by, reason=f"{cause}: {reason.strip()}" if cause else reason)
    for field, rows in (m2m or {}).items():
        row._history_user = by
        getattr(row, field).set(rows)
    if isinstance(row, Action) and row.responsible_id != was_responsible:
        notifications.notify_responsible(row, by=by)
    return row


def _require_not_superseded(row: Any) -> None:
    """Raise Superseded for a part of an earlier strategy, whose plan can no longer change."""
    if Strategy.objects.filter(pk=strategy_of_part(row).pk, superseded_at__isnull=False).exists():
        raise Superseded


def _parent_of(row: Any) -> PriorityArea | Objective | None:
    """Return the parent that can be withdrawn, if the part has one."""
    if isinstance(row, Objective):
        return row.area
    return row.objective if isinstance(row, Action | Indicator) else None


def _require_active_parent(row: Any, was_under: PriorityArea | Objective | None) -> None:
    """Raise if the new parent is withdrawn. Locks the parent, so that nobody withdraws it at the same moment."""
    parent = _parent_of(row)
    if parent is not None and parent != was_under and lock(parent).withdrawn_at:
        raise AlreadyWithdrawn(
            _("What you chose to put it under has been withdrawn. Choose another place in the plan.")
        )


def strategy_of_part(row: Any) -> Strategy:
    """Return the strategy that a part of the plan belongs to."""
    if isinstance(row, Strategy):
        return row
    if isinstance(row, Milestone | BudgetLine):
        return row.action.strategy
    return row.area.strategy if isinstance(row, Objective) else row.strategy


def _permission_of(name: str) -> str:
    return "action" if name in {"milestone", "budgetline"} else name


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
    return _("The action lasts from %(first)s to %(last)s, so the milestone is due outside it.") % words


def _milestones_before(action: Action) -> str:
    rows = action.milestones.active().filter(due_on__lt=action.starts_on)
    words = {"titles": _listed(rows.values_list("title", flat=True))}
    return _("These milestones are due before the action would start: %(titles)s") % words if rows else ""


def _milestones_after(action: Action) -> str:
    rows = action.milestones.active().filter(due_on__gt=action.ends_on)
    words = {"titles": _listed(rows.values_list("title", flat=True))}
    return _("These milestones are due after the action would end: %(titles)s") % words if rows else ""


def _listed(titles: Iterable[str]) -> str:
    """Join the first few titles."""
    found = list(titles)
    return "; ".join(found[:MAX_TITLES]) + ("; …" if len(found) > MAX_TITLES else "")


def _check(row: models.Model) -> None:
    if errors := year_errors({field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}):
        raise InputRefused(errors)
    try:
        row.full_clean(validate_constraints=True)
    except ValidationError as error:
        errors = {name: " ".join(sentences) for name, sentences in error.message_dict.items()}
        errors[""] = errors.pop(NON_FIELD_ERRORS, "")
        raise InputRefused({name: text for name, text in errors.items() if text}) from error


def _save(row: Any, by: Any, *, reason: str) -> None:
    """Save. If somebody else took the same code since the check, raise what the check says now."""
    try:
        with transaction.atomic():
            save_with_history(row, by, reason=reason)
    except IntegrityError as error:
        _check(row)
        raise StrategyError(_("Somebody else has saved the same at this moment. Open the page again.")) from error


def _require_reason(row: Any, fields: Mapping[str, Any], cause: str, reason: str) -> None:
    changed = [
        name for name in NEEDS_REASON.get(type(row), ()) if name in fields and getattr(row, name) != fields[name]
    ]
    if not changed or (cause in ChangeCause.values and reason.strip()) or not has_values(row):
        return
    errors = {}
    if cause not in ChangeCause.values:
        errors["cause"] = _("Values rest on what you change here: choose why it changes.")
    if not reason.strip():
        errors["reason"] = _("Values rest on what you change here: say in a few words why it changes.")
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
    city = City.objects.select_for_update(of=("self",)).get(pk=city.pk)
    current = Strategy.objects.current().filter(city=city).first()
    if current is None:
        return save_part(Strategy(city=city), by=by, fields=fields)
    if current.status != StrategyStatus.ADOPTED:
        raise StrategyError(_("This city has a strategy already. Change it, or add to it."))
    require_perm(by, "strategies.begin_next_strategy", current)
    if Strategy.objects.filter(replaces=current).exists():
        raise StrategyError(_("The city’s next strategy has been begun already. Go on with that draft."))
    return save_part(Strategy(city=city, replaces=current), by=by, fields=fields)


@transaction.atomic
def add_budget_line(
    action: Action, *, by: Any, fields: Mapping[str, Any], shown: BudgetLine | None = None
) -> BudgetLine:
    """Add a budget line to an action. If the same form (``form_uuid``) is sent again, the first line is returned.

    ``shown``: a line that ``by`` has seen and adds another one to. Raises PermissionRefused, InputRefused, Superseded
    or FormAlreadyUsed; SavedDifferently, with the first line, if the form is sent again with other content;
    BudgetLineExists if the action has another line of the source and year.
    """
    require_perm(by, "strategies.change_action", action)
    action = lock(action)  # the second of two equal forms waits here for the first
    form_uuid = fields.get("form_uuid")
    first = BudgetLine.objects.filter(form_uuid=form_uuid).first() if form_uuid else None
    if first is None:
        same = action.budget_lines.active().filter(source=fields.get("source"), year=fields.get("year"))
        if shown is None and (existing := same.last()):
            raise BudgetLineExists(existing)
        line = save_part(BudgetLine(action=action), by=by, fields=fields)
        if action.budget_status != BudgetStatus.LINES:
            save_part(action, by=by, fields={"budget_status": BudgetStatus.LINES})
        return line
    if first.action_id != action.pk:
        raise FormAlreadyUsed
    if any(getattr(first, name) != value for name, value in fields.items()):
        raise SavedDifferently(first)
    return first


@transaction.atomic
def adopt_strategy(strategy: Strategy, *, by: Any, on: date) -> Strategy:
    """Adopt a draft as of the day ``on``. The strategy before it is superseded and ends the day before.

    Raises PermissionRefused, StrategyError (adopted already) or InputRefused.
    """
    require_perm(by, "strategies.adopt_strategy", strategy)
    City.objects.select_for_update(of=("self",)).get(pk=strategy.city_id)
    strategy = lock(strategy)
    if strategy.status != StrategyStatus.DRAFT:
        raise StrategyError(_("This strategy has been adopted already."))
    if sentence := year_error(on):
        raise InputRefused({"adopted_on": sentence})
    if on > strategy.city.today:
        raise InputRefused({"adopted_on": _("The date lies in the future.")})
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
        sentence = _("The strategy that it follows was adopted on %(day)s. Choose a later day.") % words
        raise InputRefused({"adopted_on": sentence})
    strategy.superseded_at = clock.now()
    save_with_history(strategy, by)


@transaction.atomic
def comment_strategy(strategy: Strategy, *, by: Any, text: str) -> StrategyComment:
    """Add a comment by a person of the city to a draft. Raises PermissionRefused, StrategyError or ReasonMissing."""
    require_perm(by, "strategies.comment_strategy", strategy)
    strategy = lock(strategy)
    if strategy.status != StrategyStatus.DRAFT:
        raise StrategyError(_("The strategy has been adopted meanwhile. Comments are made before that."))
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
    """Make the strategy and all its active actions public. Raises PermissionRefused, or StrategyError for a draft."""
    require_perm(by, "strategies.publish_strategy", strategy)
    strategy = lock(strategy)
    if strategy.status != StrategyStatus.ADOPTED:
        raise StrategyError(_("Enter first when the strategy was adopted. A draft is not published."))
    if strategy.published_at is None:
        strategy.published_at = clock.now()
        save_with_history(strategy, by)
    for action in Action.objects.filter(objective__area__strategy=strategy, published_at=None).active():
        _publish(action, by)
    return strategy


@transaction.atomic
def publish_action(action: Action, *, by: Any) -> Action:
    """Publish an action that was added after its strategy was published.

    Raises PermissionRefused, AlreadyWithdrawn, or StrategyError if the strategy is not published.
    """
    require_perm(by, "strategies.publish_strategy", action.strategy)
    action = lock(action)
    if action.strategy.published_at is None:
        raise StrategyError(_("Publish the strategy first: its actions are published with it."))
    if action.withdrawn_at:
        raise AlreadyWithdrawn
    if action.published_at is None:
        _publish(action, by)
    return action


def _publish(action: Action, by: Any) -> None:
    action.published_at = clock.now()
    save_with_history(action, by)


@transaction.atomic
def withdraw_action(action: Action, *, by: Any, reason: str) -> Action:
    """Withdraw an action from the plan. Its updates and snapshots stay.

    Raises PermissionRefused, ReasonMissing, AlreadyWithdrawn or Superseded.
    """
    require_perm(by, "strategies.change_action", action)
    return _withdraw(_lock_for_withdrawal(action, reason), by, reason)


@transaction.atomic
def withdraw_objective(objective: Objective, *, by: Any, reason: str) -> Objective:
    """Withdraw an objective, after its actions and indicators. What was stored about it stays.

    Raises like ``withdraw_action``; StrategyError if it still has active actions or indicators.
    """
    require_perm(by, "strategies.change_objective", objective)
    objective = _lock_for_withdrawal(objective, reason)
    _require_no_active_parts(Action.objects.filter(objective=objective), Indicator.objects.filter(objective=objective))
    return _withdraw(objective, by, reason)


@transaction.atomic
def withdraw_area(area: PriorityArea, *, by: Any, reason: str) -> PriorityArea:
    """Withdraw an area and its objectives with the same reason. Raises like ``withdraw_objective``."""
    require_perm(by, "strategies.change_priorityarea", area)
    area = _lock_for_withdrawal(area, reason)
    objectives = list(Objective.objects.select_for_update(of=("self",), no_key=True).filter(area=area).active())
    _require_no_active_parts(
        Action.objects.filter(objective__area=area), Indicator.objects.filter(objective__area=area)
    )
    for objective in objectives:
        _withdraw(objective, by, reason)
    return _withdraw(area, by, reason)


def _lock_for_withdrawal(row: Any, reason: str) -> Any:
    if not reason.strip():
        raise ReasonMissing
    row = lock(row)
    if row.withdrawn_at:
        raise AlreadyWithdrawn
    _require_not_superseded(row)
    return row


def _require_no_active_parts(actions: Any, indicators: Any) -> None:
    titles = [
        *actions.active().values_list("title", flat=True),
        *indicators.active().values_list("name", flat=True),
    ]
    if titles:
        words = {"titles": _listed(titles)}
        raise StrategyError(
            _("Withdraw first, or put under another objective, what stands under it: %(titles)s") % words
        )


def _withdraw(row: Any, by: Any, reason: str) -> Any:
    row.withdrawn_at, row.withdrawn_reason = clock.now(), reason.strip()
    save_with_history(row, by, reason=reason)
    return row


@transaction.atomic
def restore_part(part: Any, *, by: Any, code: str = "") -> Any:
    """Restore a withdrawn part of the plan. What was withdrawn with it, or under it, stays withdrawn.

    ``code``: a new code for an area, objective or action, needed if another part uses the old one. Raises
    PermissionRefused, Superseded, StrategyError (restored already, or its parent is withdrawn) or InputRefused.
    """
    require_rule(by, f"strategies.change_{_permission_of(part._meta.model_name)}", part)
    part = lock(part)
    if part.withdrawn_at is None:
        raise StrategyError(_("This has been restored already."))
    _require_not_superseded(part)
    for parent in _parents_of(part):
        if lock(parent).withdrawn_at:
            raise StrategyError(_("“%(title)s” has been withdrawn. Restore that first.") % {"title": parent})
    part.withdrawn_at = None
    if hasattr(part, "withdrawn_reason"):
        part.withdrawn_reason = ""
    if code.strip():
        part.code = code.strip()
    try:
        _check(part)
        _save(part, by, reason="")
    except InputRefused as error:
        raise InputRefused({"code" if name == "" else name: words for name, words in error.errors.items()}) from error
    return part


def _parents_of(part: Any) -> list[Any]:
    """Return the parts that it stands under and that can be withdrawn."""
    found = [getattr(part, name, None) for name in ("area", "objective", "action")]
    return [] if isinstance(part, Risk) else [parent for parent in found if parent is not None]


@transaction.atomic
def withdraw_part(part: Any, *, by: Any, reason: str = "") -> Any:
    """Withdraw a milestone, a budget line, a SWOT item, a risk or an indicator from the plan.

    A milestone or indicator that figures depend on needs a ``reason``; the history keeps it. Raises PermissionRefused,
    AlreadyWithdrawn, Superseded, ReasonMissing, or StrategyError if an update uses the milestone or budget line.
    """
    require_rule(by, f"strategies.change_{_permission_of(part._meta.model_name)}", part)
    part = lock(part)
    if part.withdrawn_at:
        raise AlreadyWithdrawn
    _require_not_superseded(part)
    if isinstance(part, Milestone) and part.reached.filter(update__withdrawn_at=None).exists():
        raise StrategyError(_("This milestone has been reached by an update, so it stays."))
    if isinstance(part, BudgetLine) and part.updates.filter(withdrawn_at=None).exists():
        raise StrategyError(_("Money was spent from this budget line, so it stays."))
    if isinstance(part, Indicator | Milestone) and has_values(part) and not reason.strip():
        raise ReasonMissing
    part.withdrawn_at = clock.now()
    save_with_history(part, by, reason=reason.strip())
    return part
