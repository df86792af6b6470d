"""Which changes of rows dashboards and the front page show, and the version that follows from them (docs/adr/0017)."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connection

from core import triggers
from core.triggers import Effect

from .models import Change, CitySums

TABLE = Change._meta.db_table
EVERY_CITY = "CAST(NULL AS bigint)"
OF_STRATEGY = "(SELECT city_id FROM strategies_strategy WHERE id = {})"
OF_AREA = OF_STRATEGY.format("(SELECT strategy_id FROM strategies_priorityarea WHERE id = {})")
OF_OBJECTIVE = OF_AREA.format("(SELECT area_id FROM strategies_objective WHERE id = {})")
OF_ACTION = OF_OBJECTIVE.format("(SELECT objective_id FROM strategies_action WHERE id = {})")
OF_PERIOD = "(SELECT city_id FROM strategies_cityperiod WHERE id = {})"
OF_UPDATE = OF_PERIOD.format("(SELECT city_period_id FROM strategies_actionupdate WHERE id = {})")
NO_CITY = 0
MOST = 2000  # rows, which are counted for each page
SOURCES = {  # label of a model: SQL for the id of the city that a row concerns
    "cities.City": EVERY_CITY,
    "cities.Installation": EVERY_CITY,
    "cities.Theme": EVERY_CITY,
    "cities.TargetGroup": EVERY_CITY,
    "cities.Membership": "(SELECT city_id FROM cities_body WHERE id = {row}.body_id)",
    "strategies.ReportingPeriod": EVERY_CITY,
    "strategies.Strategy": "{row}.city_id",
    "strategies.PriorityArea": OF_STRATEGY.format("{row}.strategy_id"),
    "strategies.Objective": OF_AREA.format("{row}.area_id"),
    "strategies.Action": OF_OBJECTIVE.format("{row}.objective_id"),
    "strategies.Action_target_groups": OF_ACTION.format("{row}.action_id"),
    "strategies.ActionFigures": OF_ACTION.format("{row}.action_id"),
    "strategies.Milestone": OF_ACTION.format("{row}.action_id"),
    "strategies.BudgetLine": OF_ACTION.format("{row}.action_id"),
    "strategies.ActionUpdate": OF_PERIOD.format("{row}.city_period_id"),
    "strategies.MilestoneReached": OF_UPDATE.format("{row}.update_id"),
    "strategies.MilestoneDropped": OF_UPDATE.format("{row}.update_id"),
    "strategies.CityPeriod": "{row}.city_id",
    "strategies.PeriodTransition": OF_PERIOD.format("{row}.city_period_id"),
    "strategies.PeriodRevision": OF_PERIOD.format("{row}.city_period_id"),
    "pilot.PilotPhase": "{row}.city_id",
    "evaluation.Evaluation": OF_STRATEGY.format("{row}.strategy_id"),
    "evaluation.EvaluationRound": EVERY_CITY,
    "evaluation.RoundResult": EVERY_CITY,
    "evaluation.Framework": EVERY_CITY,
    "evaluation.Dimension": EVERY_CITY,
    "reports.Report": EVERY_CITY,
}
OF_EACH_CITY = f"""SELECT own.city_id, own.id, own.token, found.n FROM {TABLE} own JOIN
(SELECT MAX(id) AS id, COUNT(*) AS n FROM {TABLE} WHERE city_id IS NOT NULL GROUP BY city_id
UNION ALL SELECT MIN(id), 0 FROM {TABLE}) found ON found.id = own.id"""  # noqa: S608 - our own table
COLUMNS = {"reports_report": ["state"]}  # a change of other columns is none: the heartbeat of a report that is built


def register() -> None:
    """Register the triggers that note each change, in its own transaction, whatever makes it."""
    for table, city in tables():
        new, old = (city.format(row=row) for row in ("NEW", "OLD"))
        when = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in COLUMNS.get(table, ()))
        triggers.register(
            Effect(f"epi_{table}_change_ins", table, _noted(new), after="INSERT"),
            Effect(f"epi_{table}_change_upd", table, _noted(new, old), after="UPDATE", when=when),
            Effect(f"epi_{table}_change_del", table, _noted(old), after="DELETE"),
        )


def tables() -> list[tuple[str, str]]:
    return [(apps.get_model(label)._meta.db_table, city) for label, city in SOURCES.items()]


def _noted(*cities: str) -> str:
    found = " UNION ".join(f"SELECT {city} AS city_id" for city in cities)
    return f"INSERT INTO {TABLE} (city_id, token) SELECT city_id, RANDOM_TEXT() FROM ({found}) AS found"  # noqa: S608 - our own tables


def version(city_id: int | None = None) -> str | None:
    """Return a text that differs after each change in the city, by default in any; None if nothing is known.

    With ``NO_CITY``, after each change that concerns all cities, such as that of a period.

    Read it before what is kept under it: what is read later may be newer, and is then kept under a version that nobody
    asks for again.
    """
    found = _newest(city_id)
    if found and found[2] > MOST:
        forget()
        found = _newest(city_id)
    return ":".join(map(str, found)) if found else None


def versions_of(cities: Iterable[int]) -> dict[int, str] | None:
    """Return for each city a text that differs after each change there; changes that concern all cities do not count.

    None if nothing is known. For a city without a row, the oldest row tells that the rows before it were forgotten.
    """
    with connection.cursor() as cursor:
        cursor.execute(OF_EACH_CITY)
        rows = cursor.fetchall()
    first = [f"{pk}:{token}" for _city, pk, token, n in rows if not n]
    if not first:
        return None
    newest = {city: f"{n}:{pk}:{token}" for city, pk, token, n in rows if n}
    return {city: f"{first[0]}:{newest.get(city, '')}" for city in cities}


def _newest(city_id: int | None) -> tuple[int, str, int] | None:
    """Return id and token of the newest row, and the number of rows."""
    where, params = ("", []) if city_id is None else ("WHERE city_id IS NULL OR city_id = %s", [city_id])
    count = f"(SELECT COUNT(*) FROM {TABLE} {where})"  # noqa: S608 - our own table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, token, {count} FROM {TABLE} {where} ORDER BY id DESC LIMIT 1", params * 2)  # noqa: S608
        return cursor.fetchone()


def shorten() -> None:
    """Start anew before a reader has to."""
    if Change.objects.count() > MOST / 2:
        forget()


def forget() -> None:
    """Start anew: a row for all cities, so that no version comes again, and nothing that is under an older one."""
    CitySums.objects.all().delete()
    newest = Change.objects.create(token=uuid.uuid4().hex)
    Change.objects.filter(pk__lt=newest.pk).delete()


def on_post_migrate(sender: Any, **kwargs: Any) -> None:
    """Rows may have changed during a migration, when no triggers are there."""
    tables = {TABLE, CitySums._meta.db_table}
    if sender.label == "dashboards" and tables <= set(connection.introspection.table_names()):
        forget()


def on_restore(made_at: Any) -> str:
    """Rows of a backup are not under the versions of this database."""
    forget()
    return ""
