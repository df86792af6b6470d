"""Log, change and withdraw updates of actions. Checks permissions; translates errors of the database triggers."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cities.enums import Visibility
from cities.services.files import mark_file_used, withdraw_file
from core import clock
from core.available import register, require
from core.exceptions import EditConflict, InputRefused, ReasonMissing
from core.services import check_version, lock, require_perm, require_rule, save_with_history, translate_lock_errors
from strategies.enums import ImplementationStage
from strategies.exceptions import (
    AlreadyWithdrawn,
    FormAlreadyUsed,
    LateUpdateUnconfirmed,
    LoggedJustNow,
    PeriodLocked,
    SavedDifferently,
    StrategyError,
    ValuesConflict,
    ValuesPeriodChanged,
)
from strategies.models import (
    Action,
    ActionUpdate,
    CityPeriod,
    Evidence,
    IndicatorValue,
    Milestone,
    MilestoneDropped,
    MilestoneReached,
)
from strategies.selectors.values import values_entered_with

from .figures import refresh_figures
from .period_assignment import assign_period
from .validation import UpdateInput, current_value, update_errors
from .values import check_is_editable, end_value, set_value

__all__ = [
    "UpdateInput",
    "assign_period",
    "change_update",
    "is_same_input",
    "log_no_change",
    "log_update",
    "update_errors",
    "withdraw_evidence",
    "withdraw_update",
]

JUST_NOW = timedelta(minutes=10)


def _check_can_be_logged(action: Action, _user: Any = None) -> None:
    if action.withdrawn_at:
        raise AlreadyWithdrawn(_("This action has been withdrawn, so you can no longer log updates on it."))
    if action.strategy.is_next:
        raise StrategyError(_("The strategy of this action is a draft. You can log updates when it has been adopted."))


register(Action, "log", "strategies.log_action", check=_check_can_be_logged)


def log_update(action: Action, *, by: Any, data: UpdateInput) -> ActionUpdate:
    """Log an update. If the same form is sent again, even at the same moment, the first update is returned.

    Raises PermissionRefused, AlreadyWithdrawn, StrategyError (draft strategy), InputRefused, PeriodLocked,
    FormAlreadyUsed, LateUpdateUnconfirmed, ValuesPeriodChanged or ValuesConflict; SavedDifferently, with the first
    update, if the form is sent again with other content; LoggedJustNow if ``data`` asks for that.
    """
    require_rule(by, "strategies.log_action", action)  # users who may log may also view the action
    if first := _existing_update(action, by, data):
        return first
    try:
        return _log_at_once(action, by=by, data=data)
    except (IntegrityError, InputRefused, PeriodLocked) as error:
        if first := _existing_update(action, by, data):
            return first
        if isinstance(error, PeriodLocked) and data.city_period is None:
            return _log_at_once(action, by=by, data=data)  # locked a moment ago: use the next period
        raise


@transaction.atomic
def _log_at_once(action: Action, *, by: Any, data: UpdateInput) -> ActionUpdate:
    return _log(action, by=by, data=data)


def _existing_update(action: Action, by: Any, data: UpdateInput) -> ActionUpdate | None:
    if data.form_uuid is None:
        return None
    rows = list(ActionUpdate.objects.filter(Q(uuid=data.form_uuid) | _logged_just_now(action, by, data)))
    first = next((row for row in rows if row.uuid == data.form_uuid), None)
    if rows and first is None:
        raise LoggedJustNow(rows[0])
    if first and (first.author_id, first.action_id) != (by.pk, action.pk):
        raise FormAlreadyUsed
    if first and not is_same_input(first, data):
        raise SavedDifferently(first)
    return first


def _logged_just_now(action: Action, by: Any, data: UpdateInput) -> Q:
    """Return a condition for other updates that the input may repeat or correct; none if it need not ask about them."""
    if not data.must_confirm_another:
        return Q(pk=None)
    own = {"action": action, "author": by, "date": data.date, "is_no_change": False, "withdrawn_at": None}
    if data.city_period is not None:
        own["city_period"] = data.city_period
    return Q(created_at__gt=clock.now() - JUST_NOW, **own)


def is_same_input(update: ActionUpdate, data: UpdateInput) -> bool:
    """Return whether ``data`` is what ``update`` was saved with: fields, milestones, files, links, values, and who may
    read these.
    """
    if any(getattr(update, name) != getattr(data, name) for name in PLAIN):
        return False
    if any(_words(getattr(update, name)) != _words(getattr(data, name)) for name in TEXTS):
        return False
    if (data.language or update.language) != update.language or data.city_period not in (None, update.city_period):
        return False
    if {row.milestone_id for row in update.reached.all()} != {milestone.pk for milestone in data.milestones}:
        return False
    dropped = {milestone.pk for milestone in data.dropped}  # a form opened after saving does not ask about them again
    if dropped and {row.milestone_id for row in update.dropped.all()} != dropped:
        return False
    evidence = list(update.evidence.active().select_related("file"))
    if {piece.file.sha256 for piece in evidence if piece.file} != {stored.sha256 for stored in data.files}:
        return False
    if {piece.link for piece in evidence if piece.link} != set(data.links):
        return False
    given = {indicator.pk: value for indicator, value in data.values.items() if value is not None}
    rows = IndicatorValue.objects.active().filter(city_period=update.city_period_id, indicator__in=given)
    stored = {row.indicator_id: row for row in rows} if given else {}
    return stored.keys() == given.keys() and all(
        (row.value, row.visibility) == (given[pk], data.value_visibilities.get(pk, row.visibility))
        for pk, row in stored.items()
    )


def _words(text: str) -> list[str]:
    return text.split()


def _log(action: Action, *, by: Any, data: UpdateInput, is_no_change: bool = False) -> ActionUpdate:
    action = _lock_action(action)
    _validate(action, data, by=by)
    city_period, is_late = assign_period(action.city, data.date, data.city_period)
    if is_late and data.must_confirm_late and data.late_period_shown != city_period.pk:
        raise LateUpdateUnconfirmed
    if data.values and data.must_confirm_values_period and data.values_period_shown != city_period.pk:
        raise ValuesPeriodChanged
    update = ActionUpdate(action=action, author=by, is_no_change=is_no_change)
    if data.form_uuid:
        update.uuid = data.form_uuid
    _set_fields(update, data, city_period, is_late)
    with translate_lock_errors():
        save_with_history(update, by)
        _set_milestones(update, data, by, is_new=True)
        _add_evidence(update, data, by, is_new=True)
        _set_values(update, data, by)
    refresh_figures([action.pk])
    return update


def _lock_action(action: Action) -> Action:
    """Lock the action, so that two updates cannot reach one milestone. Keeps the cached objective to save queries."""
    held = lock(action)
    if Action.objective.is_cached(action) and held.objective_id == action.objective_id:
        held.objective = action.objective
    return held


def _validate(action: Action, data: UpdateInput, *, by: Any, update: ActionUpdate | None = None) -> None:
    _check_can_be_logged(action)
    if errors := update_errors(action, data, by=by, update=update):
        raise InputRefused(errors)


PLAIN = ("date", "stage", "progress", "spent", "budget_line", "people_reached", "visibility", "on_behalf_of")
TEXTS = ("text", "spent_reason", "challenges", "next_step")


def _set_fields(update: ActionUpdate, data: UpdateInput, city_period: CityPeriod, is_late: bool) -> None:
    for name in PLAIN:
        setattr(update, name, getattr(data, name))
    for name in TEXTS:
        setattr(update, name, getattr(data, name).strip())
    update.language = data.language or update.language or get_language() or update.action.city.language
    update.city_period, update.is_reported_late = city_period, is_late


def _set_milestones(update: ActionUpdate, data: UpdateInput, by: Any, *, is_new: bool = False) -> None:
    """Make ``data.milestones`` the milestones that this update reached, and ``data.dropped`` those that it drops."""
    _set_outcomes(update, MilestoneReached, data.milestones, by, is_new=is_new)
    _set_outcomes(update, MilestoneDropped, data.dropped, by, is_new=is_new)


def _set_outcomes(update: ActionUpdate, outcome: Any, milestones: list[Milestone], by: Any, *, is_new: bool) -> None:
    wanted = {milestone.pk for milestone in milestones}
    stored = {} if is_new else {row.milestone_id: row for row in outcome.objects.filter(update=update)}
    for milestone in sorted(stored.keys() - wanted):
        stored[milestone]._history_user = by
        stored[milestone].delete()
    for milestone in sorted(wanted - stored.keys()):
        save_with_history(outcome(update=update, milestone_id=milestone), by)


def _add_evidence(update: ActionUpdate, data: UpdateInput, by: Any, *, is_new: bool = False) -> None:
    for stored in data.files:
        mark_file_used(stored)
        save_with_history(Evidence(update=update, file=stored, title=stored.name), by)
    attached = [] if is_new else list(update.evidence.active().exclude(link=""))
    for evidence in attached:
        if evidence.link not in data.links:
            _withdraw_evidence(evidence, by)
    have = {evidence.link for evidence in attached}
    for link in dict.fromkeys(data.links):
        if link not in have:
            save_with_history(Evidence(update=update, link=link), by)


def _withdraw_evidence(evidence: Evidence, by: Any) -> None:
    evidence.withdrawn_at = clock.now()
    save_with_history(evidence, by)
    if evidence.file:
        withdraw_file(evidence.file)


def _set_values(update: ActionUpdate, data: UpdateInput, by: Any) -> None:
    """Save indicator values. A stored value is replaced only if the form showed its current version.

    Raises ValuesConflict for the others.
    """
    meanwhile = {}
    for indicator, value in data.values.items():
        row = current_value(indicator, update.city_period)
        visibility = data.value_visibilities.get(indicator.pk, row.visibility if row else Visibility.NETWORK)
        if value is None or (row is not None and (row.value, row.visibility) == (value, visibility)):
            continue
        if row is not None and data.value_versions is not None and data.value_versions.get(indicator.pk) != row.version:
            meanwhile[indicator.pk] = row
            continue
        try:
            _set_value(update, indicator, value, visibility, row, by)
        except EditConflict as error:
            meanwhile[indicator.pk] = error.current
    if meanwhile:
        raise ValuesConflict(meanwhile)


def _set_value(
    update: ActionUpdate, indicator: Any, value: Any, visibility: str, row: IndicatorValue | None, by: Any
) -> None:
    set_value(
        indicator,
        update.city_period,
        by=by,
        value=value,
        note=row.note if row else "",
        visibility=visibility,
        version=row.version if row else 0,
        update=update,
        confirmed=True,  # asked by update_errors
    )


# ---- change and withdraw


@transaction.atomic
def change_update(update: ActionUpdate, *, by: Any, data: UpdateInput, version: int) -> ActionUpdate:
    """Correct an update while its period is not locked. A new date may move it to another period.

    Raises PermissionRefused, AlreadyWithdrawn, PeriodLocked, StrategyError (draft strategy), InputRefused or
    ValuesConflict; EditConflict if ``version`` is not the stored one.
    """
    action = lock(update.action)
    update = _lock_for(update, "change", by)
    check_version(update, version)
    _validate(action, data, by=by, update=update)
    city_period, is_late = update.city_period, update.is_reported_late
    if data.city_period not in (None, city_period) or data.date != update.date:
        city_period, is_late = assign_period(action.city, data.date, data.city_period)
    _set_fields(update, data, city_period, is_late)
    update.is_no_change = False
    with translate_lock_errors():
        save_with_history(update, by)
        _set_milestones(update, data, by)
        _add_evidence(update, data, by)
        _set_values(update, data, by)
    refresh_figures([action.pk])
    return update


def _lock_for(update: ActionUpdate, name: str, by: Any) -> ActionUpdate:
    update = lock(update)
    require(update, name, by)
    return update


register(ActionUpdate, "change", "strategies.change_actionupdate", check=check_is_editable)
register(ActionUpdate, "withdraw", "strategies.change_actionupdate", check=check_is_editable)


@transaction.atomic
def withdraw_update(update: ActionUpdate, *, by: Any, reason: str) -> ActionUpdate:
    """Remove an update, and the indicator values that were entered with it, from lists and figures.

    Officials of the city can still read them, with the reason. Raises PermissionRefused, ReasonMissing,
    AlreadyWithdrawn or PeriodLocked.
    """
    lock(update.action)
    update = _lock_for(update, "withdraw", by)
    if not reason.strip():
        raise ReasonMissing
    update.withdrawn_at, update.withdrawn_reason = clock.now(), reason.strip()
    with translate_lock_errors():
        save_with_history(update, by, reason=reason)
    for value in values_entered_with(update).select_for_update(of=("self",)):
        end_value(value, by=by, reason=reason)
    refresh_figures([update.action_id])
    return update


@transaction.atomic
def withdraw_evidence(evidence: Evidence, *, by: Any) -> Evidence:
    """Withdraw a file or link from an update or value. Raises PermissionRefused, AlreadyWithdrawn or PeriodLocked."""
    fact: Any = evidence.update or evidence.value
    require_perm(by, f"strategies.change_{fact._meta.model_name}", fact)
    evidence = lock(evidence)
    if evidence.withdrawn_at:
        raise AlreadyWithdrawn
    with translate_lock_errors():
        _withdraw_evidence(evidence, by)
    return evidence


@transaction.atomic
def log_no_change(actions: Iterable[Action], *, by: Any, city_periods: Iterable[CityPeriod] = ()) -> list[ActionUpdate]:
    """Log *no change* for several actions: for all of them or, if one fails, for none.

    ``city_periods``: at most one for each city; without one, the update counts for today's period. Raises like
    ``log_update``.
    """
    unique = {action.pk: action for action in actions}
    chosen = {row.city_id: row for row in city_periods}
    return [_log_no_change(unique[pk], by, chosen.get(unique[pk].owning_city_id)) for pk in sorted(unique)]


def _log_no_change(action: Action, by: Any, city_period: CityPeriod | None) -> ActionUpdate:
    require_perm(by, "strategies.log_action", action)
    lock(action)  # the same request at the same moment waits here and then finds the first update
    day = action.city.today
    if city_period is not None:
        day = min(day, city_period.period.ends_on)
    newest = action.updates.active().filter(date__lte=day).newest_first().first()
    is_again = newest and newest.is_no_change and (newest.date, newest.author_id) == (day, by.pk)
    if is_again and city_period in (None, newest.city_period):
        return newest  # the same request again
    stage = newest.stage if newest else ImplementationStage.PLANNED
    data = UpdateInput(date=day, text=_("No change."), stage=stage, city_period=city_period)
    if newest:
        data.visibility = newest.visibility
    return _log(action, by=by, data=data, is_no_change=True)
