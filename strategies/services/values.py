"""Indicator values: one for each indicator and period, changed and withdrawn with history."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.enums import Visibility
from core import clock
from strategies.exceptions import AlreadyWithdrawn, InputRefused, ReasonMissing
from strategies.models import CityPeriod, Indicator, IndicatorValue

from .persistence import check_version, lock, require_perm, save_with_history, translate_lock_errors
from .validation import current_value, period_error, value_error


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
) -> IndicatorValue:
    """Create or change the value of ``indicator`` for a period. ``value`` is in the indicator's unit.

    Raises PermissionRefused, InputRefused or PeriodLocked; EditConflict if ``version`` is not the stored one.
    """
    require_perm(by, "strategies.add_indicatorvalue", indicator)
    lock(indicator)
    if city_period.city_id != indicator.owning_city_id:
        raise InputRefused({"city_period": _("Choose a period of this city.")})
    if sentence := period_error(indicator, city_period):
        raise InputRefused({"city_period": sentence})
    if sentence := value_error(indicator, value):
        raise InputRefused({"value": sentence})
    row = current_value(indicator, city_period)
    if row is None:
        row = IndicatorValue(indicator=indicator, city_period=city_period, author=by)
    else:
        require_perm(by, "strategies.change_indicatorvalue", row)
        check_version(row, version)
    row.value, row.note, row.visibility = value, note.strip(), visibility
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
    value.withdrawn_at, value.withdrawn_reason = clock.now(), reason.strip()
    with translate_lock_errors():
        save_with_history(value, by, reason=reason)
    return value
