"""Indicator values: one for each indicator and period, changed and withdrawn with history."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from cities.enums import Visibility
from core import clock
from core.available import register, require
from core.exceptions import ConfirmationNeeded, EditConflict, InputRefused, ReasonMissing
from core.services import check_version, lock, save_with_history, translate_lock_errors
from strategies.exceptions import AlreadyWithdrawn, PeriodLocked, ValuesConflict
from strategies.models import ActionUpdate, CityPeriod, Indicator, IndicatorValue

from .validation import current_value, indicator_error, period_error, value_error


class ValueInput(NamedTuple):
    """Input for the value of an indicator. ``version``: of the stored value that the form showed, 0 for none."""

    indicator: Indicator
    value: Decimal | None
    note: str = ""
    visibility: str = Visibility.NETWORK
    version: int = 0
    confirmed: bool = False


def _check_takes_values(indicator: Indicator, _user: Any) -> None:
    if sentence := indicator_error(indicator):
        raise InputRefused({"value": sentence})


def check_is_editable(fact: IndicatorValue | ActionUpdate, _user: Any) -> None:
    """Raise AlreadyWithdrawn or PeriodLocked."""
    if fact.withdrawn_at:
        raise AlreadyWithdrawn
    if fact.city_period.is_locked:
        raise PeriodLocked


register(Indicator, "enter_value", "strategies.add_indicatorvalue", check=_check_takes_values)
register(IndicatorValue, "change", "strategies.change_indicatorvalue", check=check_is_editable)
register(IndicatorValue, "withdraw", "strategies.change_indicatorvalue", check=check_is_editable)


@transaction.atomic
def set_values(city_period: CityPeriod, entries: Iterable[ValueInput], *, by: Any) -> list[IndicatorValue]:
    """Create or change several values of a period: all of them or, if one is refused, none.

    Raises PermissionRefused or PeriodLocked; ValuesConflict or, without a conflict, InputRefused, with an error for
    each refused value; ConfirmationNeeded if nothing is missing but the confirmation of values.
    """
    saved, refused, questions, stored = [], {}, {}, {}
    for entry in sorted(entries, key=lambda entry: entry.indicator.pk):
        pk, given = entry.indicator.pk, entry._asdict()
        try:
            saved.append(set_value(given.pop("indicator"), city_period, by=by, **given))
        except EditConflict as error:
            stored[pk] = error.current
        except ConfirmationNeeded as error:
            questions[f"value_{pk}"] = str(error)
        except InputRefused as error:
            refused[f"value_{pk}"] = str(error)
    if stored:
        raise ValuesConflict(stored, refused)
    if refused:
        raise InputRefused(refused)
    if questions:
        raise ConfirmationNeeded(questions)
    return saved


@transaction.atomic
def set_value(
    indicator: Indicator,
    city_period: CityPeriod,
    *,
    by: Any,
    value: Decimal | None,
    note: str = "",
    visibility: str = Visibility.NETWORK,
    version: int | None = None,
    update: ActionUpdate | None = None,
    confirmed: bool = False,
) -> IndicatorValue:
    """Create or change the value of ``indicator`` for a period. ``value`` is in the indicator's unit.

    ``update`` is the one that it is entered with: withdrawing that withdraws the value. Raises PermissionRefused,
    InputRefused or PeriodLocked; EditConflict if ``version`` is not the stored one (0: none); ConfirmationNeeded if the
    value may be wrong, unless ``confirmed``.
    """
    require(lock(indicator), "enter_value", by)
    if city_period.city_id != indicator.owning_city_id:
        raise InputRefused({"city_period": _("Choose a period of this city.")})
    if sentence := period_error(indicator, city_period):
        raise InputRefused({"city_period": sentence})
    if sentence := value_error(indicator, value):
        raise InputRefused({"value": sentence})
    if visibility not in Visibility.values:
        raise InputRefused({"visibility": _("Choose who can read this.")})
    if value is None and note.strip():
        raise InputRefused({"value": _("Enter the value that the note is about.")})
    if value is None:
        raise InputRefused({"value": _("You cannot clear a saved value. Change or withdraw it.")})
    row = current_value(indicator, city_period)
    is_changed = row is None or row.value != value
    if is_changed and not confirmed and (question := indicator.question_about(value)):
        raise ConfirmationNeeded({"value": question})
    if row is None:
        if version:
            raise EditConflict  # the value that the form showed has been withdrawn
        row = IndicatorValue(indicator=indicator, city_period=city_period, author=by)
    else:
        require(row, "change", by)
        check_version(row, version)
    row.value, row.note, row.visibility, row.update = value, note.strip(), visibility, update
    with translate_lock_errors():
        save_with_history(row, by)
    return row


@transaction.atomic
def withdraw_value(value: IndicatorValue, *, by: Any, reason: str) -> IndicatorValue:
    """Withdraw a value. Raises PermissionRefused, AlreadyWithdrawn, ReasonMissing or PeriodLocked."""
    value = lock(value)
    require(value, "withdraw", by)
    if not reason.strip():
        raise ReasonMissing
    return end_value(value, by=by, reason=reason)


def end_value(value: IndicatorValue, *, by: Any, reason: str) -> IndicatorValue:
    """Withdraw a value that is locked already, without checks. Raises PeriodLocked."""
    value.withdrawn_at, value.withdrawn_reason = clock.now(), reason.strip()
    with translate_lock_errors():
        save_with_history(value, by, reason=reason)
    return value
