"""Assign facts to periods. Logging is always possible, because there is always a next period that is not locked."""

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import locales
from core.exceptions import InputRefused
from core.locking import lock_name
from strategies.exceptions import PeriodLocked
from strategies.models import CityPeriod

from .periods import PERIODS, ensure_city_periods, ensure_next_period


def assign_period(city: Any, day: date, chosen: CityPeriod | None = None) -> tuple[CityPeriod, bool]:
    """Return the period of ``city`` for a fact dated ``day``, and whether the fact is reported late.

    This is the period that contains the day. If that is locked or missing, it is the next one that is not locked,
    possibly a scheduled one; it is created if needed. ``chosen``: the period that the user chose among several open
    ones. Raises PeriodLocked, or InputRefused if ``chosen`` does not fit.
    """
    if chosen is not None:
        return _validate_chosen(city, day, chosen)
    for attempt in range(3):
        if city_period := _unlocked_periods(city, day).order_by("period__starts_on").first():
            return city_period, city_period.period.starts_on > day
        _create_periods(city, day, attempt)
    raise PeriodLocked  # periods were locked as fast as they were created


def _unlocked_periods(city: Any, day: date) -> Any:
    return CityPeriod.objects.filter(city=city, period__ends_on__gte=day).unlocked().select_related("period")


@transaction.atomic
def _create_periods(city: Any, day: date, attempt: int) -> None:
    """Create missing rows of the city, at a later attempt also periods, unless another process has done so."""
    lock_name(PERIODS)
    ensure_city_periods()
    while attempt > 0 and not _unlocked_periods(city, day).exists():
        ensure_next_period(day)


def _validate_chosen(city: Any, day: date, chosen: CityPeriod) -> tuple[CityPeriod, bool]:
    if chosen.city_id != city.pk:
        raise InputRefused({"city_period": _("Choose a period of this city.")})
    if chosen.is_locked:
        raise PeriodLocked
    if day > chosen.period.ends_on:
        sentence = _("%(period)s ended on %(day)s. Choose the period that includes the date, or an earlier date.")
        words = {"period": chosen.period.name, "day": locales.day(chosen.period.ends_on)}
        raise InputRefused({"city_period": sentence % words})
    return chosen, chosen.period.starts_on > day
