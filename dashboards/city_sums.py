"""Sums over the live actions of each city, stored until something changes in that city (docs/adr/0017).

A change in one city leaves the sums of the others: the network's page computes one city and adds up stored rows.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from accounts.models import User
from cities.models import Membership
from core import clock

from . import changes, kept
from .models import CitySums
from .selectors.figures import Totals, totals_by_city
from .selectors.live import LiveActions
from .selectors.scope import DashboardScope, scope_for

TABLE = CitySums._meta.db_table
BATCH = 500  # rows of a statement
STORE = f"""INSERT INTO {TABLE} (city_id, rights, version, sums) VALUES {{rows}} ON CONFLICT (city_id, rights)
DO UPDATE SET version = excluded.version, sums = excluded.sums"""  # noqa: S608 - our own table
log = logging.getLogger(__name__)


def live_totals(view: DashboardScope, *, with_updates: bool = True) -> dict[int, Totals]:
    """Return the totals of the live actions by city, of which those of the present are stored.

    ``with_updates``: those of the period are counted too, also where nothing is stored.
    """
    if not view.live or view.period is None:
        return {}
    versions = _versions(view) if _are_stored(view) else None
    if versions is None:
        return totals_by_city(view.live_rows.sums(view.period.pk if with_updates else None))
    rights = _rights(view, versions)
    found = _stored(rights, versions)
    if missing := [city for city in versions if city not in found]:
        rows = LiveActions(view.live_actions(missing), view.as_of) if found else view.live_rows
        computed = totals_by_city(rows.sums(view.period.pk))
        _store({city: computed.get(city) for city in missing}, rights, versions)
        found |= computed
    return {city: totals for city, totals in found.items() if totals is not None}


def store_for_network() -> None:
    """Store the totals that people with a role in the network will read and that are not stored: after midnight, a new
    release or many changes. One person of each set of roles stands for the others.
    """
    changes.shorten()
    for user in _one_for_each_set_of_roles():
        live_totals(scope_for(user))


def _one_for_each_set_of_roles() -> list[User]:
    rows = Membership.objects.current().filter(body__city=None, person__user__is_active=True)
    roles: dict[int, set[tuple[str, str]]] = {}
    for user, kind, role in rows.order_by("pk").values_list("person__user", "body__kind", "role"):
        roles.setdefault(user, set()).add((kind, role))
    return list(User.objects.filter(pk__in={frozenset(held): user for user, held in roles.items()}.values()))


def _are_stored(view: DashboardScope) -> bool:
    """One city is computed as fast as its row is read; earlier periods, and a theme with a target group, are rare."""
    return view.only_city is None and view.is_current and not (view.theme and view.group)


def _versions(view: DashboardScope) -> dict[int, str] | None:
    """Return for each city all that its sums depend on beyond the reader; None if nothing is known."""
    zones = {record.city.pk: record.city.timezone for record in view.live}
    of_changes = changes.versions_of(zones)
    if of_changes is None or view.period is None:
        return None
    days = {zone: clock.today(zone).isoformat() for zone in set(zones.values())}
    rest = kept.hashed([view.period.pk, settings.STALE_AFTER_DAYS, settings.AT_RISK_POINTS, kept.release()])[:16]
    return {city: f"{of_changes[city]}:{days[zone]}:{rest}" for city, zone in zones.items()}


def _rights(view: DashboardScope, cities: Iterable[int]) -> dict[int, str]:
    """Return for each city what decides which of its actions count: the reader's roles there, and in the network, and
    the filter.
    """
    chosen = [row and row.pk for row in (view.theme, view.group)] if view.theme or view.group else []
    roles = kept.roles_of(view.user)
    in_network = kept.hashed([*(role for role in roles if not role[2]), *chosen])
    in_cities = {
        city: kept.hashed([*(role for role in roles if role[2] in {0, city}), *chosen])
        for *_role, city in roles
        if city
    }
    return {city: in_cities.get(city, in_network) for city in cities}


def _stored(rights: dict[int, str], versions: dict[int, str]) -> dict[int, Totals | None]:
    """Return the stored totals that still count; None for a city without actions."""
    wanted = sorted(set(rights.values()))
    marks = ", ".join(["%s"] * len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT city_id, rights, version, sums FROM {TABLE} WHERE rights IN ({marks})", wanted)  # noqa: S608 - our own table
        rows = cursor.fetchall()
    found = [row for row in rows if versions.get(row[0]) == row[2] and rights[row[0]] == row[1]]
    texts = ",".join(sums for *_key, sums in found)
    return {row[0]: _totals(values) for row, values in zip(found, json.loads(f"[{texts}]"), strict=True)}


def _store(found: dict[int, Totals | None], rights: dict[int, str], versions: dict[int, str]) -> None:
    """Write the rows in the order of their keys, so that two readers do not wait for each other."""
    rows = [(city, rights[city], versions[city], _text(totals)) for city, totals in sorted(found.items())]
    try:
        for start in range(0, len(rows), BATCH):
            _write(rows[start : start + BATCH])
    except DatabaseError:  # such as a lock: the page has its figures, and the next reader stores them
        log.warning("The sums of %s cities could not be stored.", len(rows), exc_info=True)


def _write(rows: Sequence[tuple]) -> None:
    with connection.cursor() as cursor:
        marks = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
        cursor.execute(STORE.format(rows=marks), [value for row in rows for value in row])


def _text(totals: Totals | None) -> str:
    return json.dumps(totals, default=str)


def _totals(values: list[Any] | None) -> Totals | None:
    if values is None:
        return None
    health, progress, spent, budget, updates = values
    return Totals(health, progress, Decimal(spent), Decimal(budget), updates)
