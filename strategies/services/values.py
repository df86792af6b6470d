"""Indicator values: one for each indicator and period, changed and withdrawn with history."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from cities.enums import Visibility
from core import clock
from core.exceptions import EditConflict
from strategies.exceptions import AlreadyWithdrawn, ConfirmationNeeded, InputRefused, ReasonMissing, ValuesConflict
from strategies.models import ActionUpdate, CityPeriod, Indicator, IndicatorValue

from .persistence import check_version, lock, require_perm, save_with_history, translate_lock_errors
from .validation import current_value, period_error, value_error


class ValueInput(NamedTuple):
    """Input for the value of an indicator. ``version``: of the stored value that the form showed, 0 for none."""

    indicator: Indicator
    value: Decimal
    note: str = ""
    visibility: str = Visibility.NETWORK
    version: int = 0
    confirmed: bool = False


@transaction.atomic
def set_values(city_period: CityPeriod, entries: Iterable[ValueInput], *, by: Any) -> list[IndicatorValue]:
    """Create or change several values of a period: all of them or, if one is refused, none.

    Raises PermissionRefused or PeriodLocked; ValuesConflict, or InputRefused without a conflict, with an error for each
    refused value.
    """
    saved, errors, stored = [], {}, {}
    for entry in sorted(entries, key=lambda entry: entry.indicator.pk):
        pk, given = entry.indicator.pk, entry._asdict()
        try:
            saved.append(set_value(given.pop("indicator"), city_period, by=by, **given))
        except EditConflict as error:
            stored[pk] = getattr(error, "current", None)
        except InputRefused as error:
            errors[f"value_{pk}"] = str(error)
    if stored:
        raise ValuesConflict(stored, errors)
    if errors:
        raise InputRefused(errors)
    return saved


@transaction.atomic
def set_value(
    indicator: Indicator,
    city_period: CityPeriod,
    *,
    by: Any,
    value: Decimal,
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
    require_perm(by, "strategies.add_indicatorvalue", indicator)
    lock(indicator)
    if city_period.city_id != indicator.owning_city_id:
        raise InputRefused({"city_period": _("Choose a period of this city.")})
    if sentence := period_error(indicator, city_period):
        raise InputRefused({"city_period": sentence})
    if sentence := value_error(indicator, value):
        raise InputRefused({"value": sentence})
    if visibility not in Visibility.values:
        raise InputRefused({"visibility": _("Choose who may read it.")})
    row = current_value(indicator, city_period)
    is_changed = row is None or row.value != value
    if is_changed and not confirmed and (question := indicator.question_about(value)):
        raise ConfirmationNeeded({"value": question})
    if row is None:
        if version:
            raise EditConflict  # the value that the form showed has been withdrawn
        row = IndicatorValue(indicator=indicator, city_period=city_period, author=by)
    else:
        require_perm(by, "strategies.change_indicatorvalue", row)
        check_version(row, version)
    row.value, row.note, row.visibility, row.update = value, note.strip(), visibility, update
    with translate_lock_errors():
        save_with_history(row, by)
    return row


@transaction.atomic
def withdraw_value(value: IndicatorValue, *, by: Any, reason: str) -> IndicatorValue:
    """Withdraw a value. Raises PermissionRefused, AlreadyWithdrawn, ReasonMissing or PeriodLocked."""
    require_perm(by, "strategies.change_indicatorvalue", value)
    value = lock(value)
    if value.withdrawn_at:
        raise AlreadyWithdrawn
    if not reason.strip():
        raise ReasonMissing
    return end_value(value, by=by, reason=reason)


def end_value(value: IndicatorValue, *, by: Any, reason: str) -> IndicatorValue:
    """Withdraw a value that is locked already, without checks. Raises PeriodLocked."""
    value.withdrawn_at, value.withdrawn_reason = clock.now(), reason.strip()
    with translate_lock_errors():
        save_with_history(value, by, reason=reason)
    return value
