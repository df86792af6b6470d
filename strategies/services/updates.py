"""Log, change and withdraw updates of actions. Checks permissions; translates errors of the database triggers."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cities.enums import Visibility
from cities.services.files import mark_file_used, withdraw_file
from core import clock
from core.exceptions import EditConflict
from strategies.enums import ImplementationStage
from strategies.exceptions import (
    AlreadyWithdrawn,
    FormAlreadyUsed,
    InputRefused,
    LateUpdateUnconfirmed,
    PeriodLocked,
    ReasonMissing,
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
    UpdateDraft,
)

from .period_assignment import assign_period
from .persistence import check_version, lock, require_perm, require_rule, save_with_history, translate_lock_errors
from .validation import UpdateInput, current_value, update_errors
from .values import set_value

__all__ = [
    "UpdateInput",
    "assign_period",
    "change_update",
    "log_no_change",
    "log_update",
    "update_errors",
    "withdraw_evidence",
    "withdraw_update",
]


def log_update(action: Action, *, by: Any, data: UpdateInput) -> ActionUpdate:
    """Log an update. If the same form is sent again, even at the same moment, the first update is returned.

    Raises PermissionRefused, AlreadyWithdrawn, StrategyError (draft strategy), InputRefused, PeriodLocked,
    FormAlreadyUsed, LateUpdateUnconfirmed, ValuesPeriodChanged or ValuesConflict.
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
    first = ActionUpdate.objects.filter(uuid=data.form_uuid).first()
    if first and (first.author_id, first.action_id) != (by.pk, action.pk):
        raise FormAlreadyUsed
    return first


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
    UpdateDraft.objects.filter(author=by, action=action, form_uuid=update.uuid).delete()
    return update


def _lock_action(action: Action) -> Action:
    """Lock the action, so that two updates cannot reach one milestone. Keeps the cached objective to save queries."""
    held = lock(action)
    if Action.objective.is_cached(action) and held.objective_id == action.objective_id:
        held.objective = action.objective
    return held


def _validate(action: Action, data: UpdateInput, *, by: Any, update: ActionUpdate | None = None) -> None:
    if action.withdrawn_at:
        raise AlreadyWithdrawn(_("This action has been withdrawn, so nothing is logged on it any more."))
    if action.strategy.is_next:
        raise StrategyError(_("The strategy of this action is a draft. Log on it once the strategy is adopted."))
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
        save_with_history(Evidence(update=update, file=stored, title=stored.name[:200]), by)
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
    note, version = (row.note, row.version) if row else ("", 0)
    set_value(
        indicator,
        update.city_period,
        by=by,
        value=value,
        note=note,
        visibility=visibility,
        version=version,
        confirmed=True,  # update_errors has asked
    )


# ---- change and withdraw


@transaction.atomic
def change_update(update: ActionUpdate, *, by: Any, data: UpdateInput, version: int) -> ActionUpdate:
    """Correct an update while its period is not locked. A new date may move it to another period.

    Raises PermissionRefused, AlreadyWithdrawn, PeriodLocked, StrategyError (draft strategy), InputRefused or
    ValuesConflict; EditConflict if ``version`` is not the stored one.
    """
    require_perm(by, "strategies.change_actionupdate", update)
    action = lock(update.action)
    update = _lock_editable(update)
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
    return update


def _lock_editable(update: ActionUpdate) -> ActionUpdate:
    update = lock(update)
    if update.withdrawn_at:
        raise AlreadyWithdrawn
    if update.city_period.is_locked:
        raise PeriodLocked
    return update


@transaction.atomic
def withdraw_update(update: ActionUpdate, *, by: Any, reason: str) -> ActionUpdate:
    """Remove an update from lists and figures. Officials of the city can still read it, with the reason.

    Raises PermissionRefused, ReasonMissing, AlreadyWithdrawn or PeriodLocked.
    """
    require_perm(by, "strategies.change_actionupdate", update)
    if not reason.strip():
        raise ReasonMissing
    lock(update.action)
    update = _lock_editable(update)
    update.withdrawn_at, update.withdrawn_reason = clock.now(), reason.strip()[:250]
    with translate_lock_errors():
        save_with_history(update, by, reason=reason)
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
    day = action.city.today
    if city_period is not None:
        day = min(day, city_period.period.ends_on)
    newest = action.updates.active().filter(date__lte=day).newest_first().first()
    is_again = newest and newest.is_no_change and (newest.date, newest.author_id) == (day, by.pk)
    if is_again and city_period in (None, newest.city_period):
        return newest  # the same request again
    stage = newest.stage if newest else ImplementationStage.PLANNED
    data = UpdateInput(date=day, text=_("Nothing new."), stage=stage, city_period=city_period)
    if newest:
        data.visibility = newest.visibility
    return _log(action, by=by, data=data, is_no_change=True)
