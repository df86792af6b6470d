"""Keep the stored figures of actions (``ActionFigures``) equal to the full computation.

Every service that changes what they follow from calls ``refresh_figures`` as its last write, in its own transaction.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db import connection, transaction

from cities.models import Person
from core.services import lock
from strategies.models import Action, ActionFigures
from strategies.models.computation import with_figures
from strategies.selectors.figures import FIELDS

BATCH = 500


def refresh_figures(action_ids: Iterable[int]) -> int:
    """Compute and store the figures of these actions; return how many rows were missing or different.

    To be called in the transaction that changes what they follow from. The rows are locked first: of two services that
    change one action at once, the second then sees what the first has committed.
    """
    ids = sorted(set(action_ids))
    return sum(_refresh(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


def _refresh(ids: list[int]) -> int:
    if connection.features.has_select_for_update:  # SQLite has one writer at a time
        list(ActionFigures.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
    statement, params = _upsert(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(statement.format(ids=", ".join(["%s"] * len(ids))), (*params, *ids))
        return cursor.rowcount


@cache
def _upsert(_vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that computes and stores the figures of ``{ids}``, built once for each process."""
    quote = connection.ops.quote_name
    stored, source = quote(ActionFigures._meta.db_table), quote(Action._meta.db_table)
    key = quote("action_id")
    computed, params = with_figures(Action.objects.order_by()).values_list("pk", *FIELDS).query.sql_with_params()
    columns = [quote(name) for name in FIELDS]
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns)
    differs = " OR ".join(f"{stored}.{column} IS DISTINCT FROM excluded.{column}" for column in columns)
    statement = (
        f"INSERT INTO {stored} ({key}, {', '.join(columns)}) {computed} WHERE {source}.{quote('id')} IN ({{ids}}) "
        f"ON CONFLICT ({key}) DO UPDATE SET {changes} WHERE {differs}"
    )
    return statement, params


def rebuild_figures() -> int:
    """Compute the figures of all actions again, a batch at a time; return how many rows were missing or different."""
    ids, changed = list(Action.objects.order_by("pk").values_list("pk", flat=True)), 0
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            changed += refresh_figures(ids[start : start + BATCH])
    return changed


def lock_responsible(action: Action, person: Person | None) -> None:
    """Lock a person who becomes responsible, so that their memberships do not change before the figures are stored.

    To be called before the action is locked; services of memberships lock the person first, too.
    """
    if person is not None and person.pk != action.responsible_id:
        lock(person)


def refresh_figures_of_member(sender: Any, *, membership: Any, **kwargs: Any) -> None:
    """Refresh the actions that the person is responsible for in the city. Receives ``membership_changed``."""
    city_id = membership.body.city_id
    if city_id is not None:
        actions = Action.objects.filter(responsible=membership.person_id, objective__area__strategy__city=city_id)
        refresh_figures(actions.order_by().values_list("pk", flat=True))
