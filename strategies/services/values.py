"""Indicator values: one for each indicator and period, changed and withdrawn with history."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.enums import Visibility
from core import clock
from strategies.exceptions import AlreadyWithdrawn, InputRefused, ReasonMissing
from strategies.models import CityPeriod, Indicator, IndicatorValue

from .checks import current_value, period_error, value_error
from .versions import demand, expect_version, kind_refusal, locked_row, save_as


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

    Raises NotAllowed, InputRefused or PeriodLocked; EditedMeanwhile if ``version`` is not the stored one.
    """
    demand(by, "strategies.add_indicatorvalue", indicator)
    locked_row(indicator)
    if city_period.city_id != indicator.of_city_id:
        raise InputRefused({"city_period": _("Choose a period of this city.")})
    if sentence := period_error(indicator, city_period):
        raise InputRefused({"city_period": sentence})
    if sentence := value_error(indicator, value):
        raise InputRefused({"value": sentence})
    row = current_value(indicator, city_period)
    if row is None:
        row = IndicatorValue(indicator=indicator, city_period=city_period, author=by)
    else:
        demand(by, "strategies.change_indicatorvalue", row)
        expect_version(row, version)
    row.value, row.note, row.visibility = value, note.strip(), visibility
    with kind_refusal():
        save_as(row, by)
    return row


@transaction.atomic
def withdraw_value(value: IndicatorValue, *, by: Any, reason: str) -> IndicatorValue:
    """Withdraw a value. Raises NotAllowed, AlreadyWithdrawn, ReasonMissing or PeriodLocked."""
    demand(by, "strategies.change_indicatorvalue", value)
    value = locked_row(value)
    if value.withdrawn_at:
        raise AlreadyWithdrawn
    if not reason.strip():
        raise ReasonMissing
    value.withdrawn_at, value.withdrawn_reason = clock.now(), reason.strip()[:250]
    with kind_refusal():
        save_as(value, by, reason=reason)
    return value
