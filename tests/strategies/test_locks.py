"""Database locks: facts of a locked period cannot be added, changed, moved or deleted; open ones can."""

import pytest
from django.db import IntegrityError, connection, transaction

from core import clock
from strategies.models import ActionUpdate, Evidence, IndicatorValue, MilestoneReached, Narrative
from strategies.services import periods
from tests.factories import CityPeriodFactory, PeriodCommentFactory, ReportingPeriodFactory, StrategyFactory

from .lock_data import execute_sql


@pytest.fixture
def city(shared_data):
    return shared_data.city


def new_update(shared_data, facts, **more):
    fields = {"action": facts.action, "author": shared_data.author, "date": "2026-05-04", "text": "x", "language": "en"}
    return ActionUpdate(**fields | {"stage": "ongoing", "city_period": facts.city_period} | more)


def change_in_bulk(shared_data, facts):
    facts.update.text = "Changed."
    ActionUpdate.objects.bulk_update([facts.update], ["text"])


def save_model(shared_data, facts):
    facts.update.text = "Changed."
    facts.update.save()


def save_narrative(shared_data, facts):
    facts.narrative.text = "Changed."
    facts.narrative.save()


def upsert_by_uuid(shared_data, facts):
    ActionUpdate.objects.bulk_create(
        [new_update(shared_data, facts, uuid=facts.update.uuid)],
        update_conflicts=True,
        unique_fields=["uuid"],
        update_fields=["text"],
    )


def insert_by_select(shared_data, facts):
    """Copy an update with INSERT ... SELECT, without the ORM."""
    names = [f.column for f in ActionUpdate._meta.fields if f.column not in {"id", "uuid"}]
    columns = ", ".join(names)
    given = "'11111111111111111111111111111111'"
    given = f"{given}::uuid" if connection.vendor == "postgresql" else given
    table = ActionUpdate._meta.db_table
    execute_sql(
        f"INSERT INTO {table} (uuid, {columns}) SELECT {given}, {columns} FROM {table} WHERE id = %s", facts.update.pk
    )


def delete_reached(shared_data, facts):
    MilestoneReached.objects.filter(pk=facts.reached.pk)._raw_delete("default")


WRITES = {
    "save": save_model,
    "queryset_update": lambda shared_data, facts: ActionUpdate.objects.filter(pk=facts.update.pk).update(
        text="Changed."
    ),
    "bulk_update": change_in_bulk,
    "create": lambda shared_data, facts: new_update(shared_data, facts).save(),
    "bulk_create": lambda shared_data, facts: ActionUpdate.objects.bulk_create([new_update(shared_data, facts)]),
    "upsert": upsert_by_uuid,
    "sql_update": lambda shared_data, facts: execute_sql(
        "UPDATE strategies_actionupdate SET spent = 1 WHERE id = %s", facts.update.pk
    ),
    "sql_new_id": lambda shared_data, facts: execute_sql(
        "UPDATE strategies_narrative SET language = 'sv' WHERE city_period_id = %s", facts.city_period.pk
    ),
    "sql_insert_select": insert_by_select,
    "withdraw": lambda shared_data, facts: ActionUpdate.objects.filter(pk=facts.update.pk).update(
        withdrawn_at="2026-05-04T00:00Z", withdrawn_reason="x"
    ),
    "value": lambda shared_data, facts: IndicatorValue.objects.filter(pk=facts.value.pk).update(value=4),
    "value_gone": lambda shared_data, facts: IndicatorValue.objects.filter(pk=facts.value.pk)._raw_delete("default"),
    "narrative": save_narrative,
    "narrative_gone": lambda shared_data, facts: Narrative.objects.filter(pk=facts.narrative.pk)._raw_delete("default"),
    "link_table_add": lambda shared_data, facts: MilestoneReached.objects.create(
        update=facts.update, milestone=facts.other
    ),
    "link_table_drop": delete_reached,
    "link_table_change": lambda shared_data, facts: MilestoneReached.objects.filter(pk=facts.reached.pk).update(
        milestone=facts.other
    ),
    "evidence_add": lambda shared_data, facts: Evidence.objects.create(update=facts.update, link="https://a.example"),
    "evidence_of_value": lambda shared_data, facts: Evidence.objects.create(
        value=facts.value, link="https://a.example"
    ),
    "evidence_change": lambda shared_data, facts: Evidence.objects.filter(pk=facts.evidence.pk).update(title="New"),
    "evidence_gone": lambda shared_data, facts: Evidence.objects.filter(pk=facts.evidence.pk)._raw_delete("default"),
}


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.django_db
def test_write_is_refused_in_a_locked_period_and_allowed_in_an_open_one(shared_data, name):
    WRITES[name](shared_data, shared_data.open)

    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
        WRITES[name](shared_data, shared_data.locked)


@pytest.mark.parametrize("fact", ["update", "value", "narrative"])
@pytest.mark.django_db
def test_fact_cannot_move_into_or_out_of_a_locked_period(shared_data, fact, city):
    later = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=2))
    locked_fact, open_fact = getattr(shared_data.locked, fact), getattr(shared_data.open, fact)
    rows = type(locked_fact).objects

    for pk, target in ((locked_fact.pk, later), (open_fact.pk, shared_data.locked.city_period)):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.filter(pk=pk).update(city_period=target)

    assert rows.filter(pk=open_fact.pk).update(city_period=later) == 1


@pytest.mark.django_db
def test_evidence_and_milestones_cannot_move_between_locked_and_open_updates(shared_data):
    for row, other in (
        (shared_data.locked.evidence, shared_data.open.update),
        (shared_data.open.evidence, shared_data.locked.update),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Evidence.objects.filter(pk=row.pk).update(update=other)
    with pytest.raises(IntegrityError), transaction.atomic():
        MilestoneReached.objects.filter(pk=shared_data.open.reached.pk).update(update=shared_data.locked.update)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statements")
@pytest.mark.parametrize(
    "table, key",
    [
        ("strategies_actionupdate", "uuid"),
        ("strategies_actionupdate", "id"),
        ("strategies_indicatorvalue", "id"),
        ("strategies_narrative", "city_period_id"),
        ("strategies_milestonereached", "id"),
        ("strategies_milestonedropped", "id"),
        ("strategies_evidence", "id"),
    ],
)
@pytest.mark.django_db
def test_sqlite_replace_is_refused_in_a_locked_period(shared_data, table, key):
    """REPLACE deletes the old row without the delete trigger when recursive triggers are off."""
    execute_sql("PRAGMA recursive_triggers = OFF")
    columns = [row.name for row in connection.introspection.get_table_description(connection.cursor(), table)]
    locked, free = (getattr(facts, FACT_OF[table]) for facts in (shared_data.locked, shared_data.open))
    new_row = dict(zip(columns, _row(table, free.pk), strict=True))
    new_row[key] = dict(zip(columns, _row(table, locked.pk), strict=True))[key]
    before = _row(table, locked.pk)

    marks = ", ".join(["%s"] * len(columns))
    with pytest.raises(IntegrityError), transaction.atomic():
        execute_sql(f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})", *new_row.values())
    with pytest.raises(IntegrityError), transaction.atomic():
        execute_sql(f"UPDATE OR REPLACE {table} SET {key} = %s WHERE id = %s", new_row[key], free.pk)
    execute_sql("PRAGMA recursive_triggers = ON")

    assert _row(table, locked.pk) == before


FACT_OF = {
    "strategies_actionupdate": "update",
    "strategies_indicatorvalue": "value",
    "strategies_narrative": "narrative",
    "strategies_milestonereached": "reached",
    "strategies_milestonedropped": "dropped",
    "strategies_evidence": "evidence",
}


def _row(table, pk):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE id = %s", [pk])
        return cursor.fetchone()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize(
    "table",
    ["strategies_actionupdate", "strategies_periodrevision", "strategies_periodtransition", "strategies_cityperiod"],
)
@pytest.mark.django_db
def test_truncate_is_refused(shared_data, table):
    execute_sql("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="epi: not emptied"), transaction.atomic():
        execute_sql(f"TRUNCATE {table} CASCADE")


@pytest.mark.django_db
def test_facts_can_change_again_after_reopening(shared_data, coordinator):
    periods.reopen_period(shared_data.locked.city_period, by=coordinator, reason="A digit too many.")

    for write in WRITES.values():
        with transaction.atomic():
            savepoint = transaction.savepoint()
            write(shared_data, shared_data.locked)
            transaction.savepoint_rollback(savepoint)


# ---- strategies and comments on periods


@pytest.mark.parametrize(
    "change",
    [
        "status = 'draft', adopted_on = NULL, published_at = NULL, superseded_at = NULL",
        "published_at = NULL",
        "superseded_at = NULL",
    ],
)
def test_adopted_strategy_stays_adopted(db, change):
    strategy = StrategyFactory(published=True)
    execute_sql("UPDATE strategies_strategy SET superseded_at = %s WHERE id = %s", clock.now(), strategy.pk)

    with pytest.raises(IntegrityError, match="epi: an adopted strategy stays adopted"), transaction.atomic():
        execute_sql(f"UPDATE strategies_strategy SET {change} WHERE id = %s", strategy.pk)
    with pytest.raises(IntegrityError, match="epi: an adopted strategy stays adopted"), transaction.atomic():
        execute_sql("DELETE FROM strategies_strategy WHERE id = %s", strategy.pk)


@pytest.mark.parametrize("statement", ["UPDATE {} SET text = 'x'", "DELETE FROM {}"])
def test_comments_on_a_period_are_frozen(db, statement):
    table = PeriodCommentFactory()._meta.db_table

    with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic():
        execute_sql(statement.format(table))
