"""No fact of a locked period can be added, changed or deleted in any way; in an open one all can."""

import subprocess
import sys
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import IntegrityError, connection, models, transaction

from core import triggers
from core.exceptions import Frozen
from strategies.locks import FACTS
from strategies.models import (
    ActionUpdate,
    CityPeriod,
    Evidence,
    IndicatorValue,
    MilestoneReached,
    Narrative,
    PeriodMove,
    PeriodRevision,
    RevisionAction,
    RevisionFile,
    RevisionIndicator,
)
from strategies.services import periods, updates, values
from tests.factories import (
    ActionFactory,
    CityFactory,
    CityPeriodFactory,
    IndicatorFactory,
    MilestoneFactory,
    ReportingPeriodFactory,
    StoredFileFactory,
    move_to,
)

from .helpers import an_official, told


@pytest.fixture
def official(city):
    return an_official(city)


def make_facts(city, official, lead, ahead=0):
    """Create a period with one fact of each kind."""
    city_period = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead))
    action = ActionFactory(city=city)
    milestone, other = MilestoneFactory(action=action), MilestoneFactory(action=action)
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    data = told(milestones=[milestone], links=["https://town.example/report"], city_period=city_period)
    data.files = [StoredFileFactory(uploaded_by=official)]
    update = updates.log_update(action, by=official, data=data)
    value = values.set_value(indicator, city_period, by=official, value=Decimal(3))
    narrative = periods.save_narrative(city_period, by=lead, text="A good quarter.", language="en")
    return SimpleNamespace(
        city_period=city_period,
        action=action,
        other=other,
        indicator=indicator,
        update=update,
        value=value,
        narrative=narrative,
        evidence=update.evidence.get(file=None),
        reached=update.reached.get(),
    )


@pytest.fixture
def world(city, official, lead):
    """``open`` and ``locked``: the facts of an open and of a submitted period of one city."""
    locked = make_facts(city, official, lead)
    periods.submit_period(locked.city_period, by=lead)
    open_one = make_facts(city, official, lead, ahead=1)
    return SimpleNamespace(locked=locked, open=open_one, author=official, lead=lead)


def sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


def new_update(world, facts, **more):
    fields = {"action": facts.action, "author": world.author, "date": "2026-05-04", "text": "x", "language": "en"}
    return ActionUpdate(**fields | {"stage": "ongoing", "city_period": facts.city_period} | more)


def change_in_bulk(world, facts):
    facts.update.text = "Changed."
    ActionUpdate.objects.bulk_update([facts.update], ["text"])


def save_model(world, facts):
    facts.update.text = "Changed."
    facts.update.save()


def save_narrative(world, facts):
    facts.narrative.text = "Changed."
    facts.narrative.save()


def upsert_by_uuid(world, facts):
    ActionUpdate.objects.bulk_create(
        [new_update(world, facts, uuid=facts.update.uuid)],
        update_conflicts=True,
        unique_fields=["uuid"],
        update_fields=["text"],
    )


def copy_in(world, facts):
    """INSERT ... SELECT, without the ORM."""
    names = [f.column for f in ActionUpdate._meta.fields if f.column not in {"id", "uuid"}]
    columns = ", ".join(names)
    given = "'11111111111111111111111111111111'"
    given = f"{given}::uuid" if connection.vendor == "postgresql" else given
    table = ActionUpdate._meta.db_table
    sql(f"INSERT INTO {table} (uuid, {columns}) SELECT {given}, {columns} FROM {table} WHERE id = %s", facts.update.pk)


def drop_reached(world, facts):
    MilestoneReached.objects.filter(pk=facts.reached.pk)._raw_delete("default")


ACTS = {
    "save": save_model,
    "queryset_update": lambda world, facts: ActionUpdate.objects.filter(pk=facts.update.pk).update(text="Changed."),
    "bulk_update": change_in_bulk,
    "create": lambda world, facts: new_update(world, facts).save(),
    "bulk_create": lambda world, facts: ActionUpdate.objects.bulk_create([new_update(world, facts)]),
    "upsert": upsert_by_uuid,
    "sql_update": lambda world, facts: sql(
        "UPDATE strategies_actionupdate SET spent = 1 WHERE id = %s", facts.update.pk
    ),
    "sql_new_id": lambda world, facts: sql(
        "UPDATE strategies_narrative SET language = 'sv' WHERE city_period_id = %s", facts.city_period.pk
    ),
    "sql_insert_select": copy_in,
    "withdraw": lambda world, facts: ActionUpdate.objects.filter(pk=facts.update.pk).update(
        withdrawn_at="2026-05-04T00:00Z", withdrawn_reason="x"
    ),
    "value": lambda world, facts: IndicatorValue.objects.filter(pk=facts.value.pk).update(value=4),
    "value_gone": lambda world, facts: IndicatorValue.objects.filter(pk=facts.value.pk)._raw_delete("default"),
    "narrative": save_narrative,
    "narrative_gone": lambda world, facts: Narrative.objects.filter(pk=facts.narrative.pk)._raw_delete("default"),
    "link_table_add": lambda world, facts: MilestoneReached.objects.create(update=facts.update, milestone=facts.other),
    "link_table_drop": drop_reached,
    "link_table_change": lambda world, facts: MilestoneReached.objects.filter(pk=facts.reached.pk).update(
        milestone=facts.other
    ),
    "evidence_add": lambda world, facts: Evidence.objects.create(update=facts.update, link="https://a.example"),
    "evidence_of_value": lambda world, facts: Evidence.objects.create(value=facts.value, link="https://a.example"),
    "evidence_change": lambda world, facts: Evidence.objects.filter(pk=facts.evidence.pk).update(title="New"),
    "evidence_gone": lambda world, facts: Evidence.objects.filter(pk=facts.evidence.pk)._raw_delete("default"),
}


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.django_db
def test_fact_is_refused_in_a_locked_period_and_taken_in_an_open_one(world, name):
    ACTS[name](world, world.open)

    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
        ACTS[name](world, world.locked)


@pytest.mark.parametrize("fact", ["update", "value", "narrative"])
@pytest.mark.django_db
def test_fact_moves_neither_into_a_locked_period_nor_out_of_it(world, fact, city):
    later = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=2))
    inside, outside = getattr(world.locked, fact), getattr(world.open, fact)
    rows = type(inside).objects

    for pk, target in ((inside.pk, later), (outside.pk, world.locked.city_period)):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.filter(pk=pk).update(city_period=target)

    assert rows.filter(pk=outside.pk).update(city_period=later) == 1


@pytest.mark.django_db
def test_evidence_and_milestones_do_not_move_between_updates_across_a_lock(world):
    for row, other in ((world.locked.evidence, world.open.update), (world.open.evidence, world.locked.update)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Evidence.objects.filter(pk=row.pk).update(update=other)
    with pytest.raises(IntegrityError), transaction.atomic():
        MilestoneReached.objects.filter(pk=world.open.reached.pk).update(update=world.locked.update)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statements")
@pytest.mark.parametrize(
    "table, key",
    [
        ("strategies_actionupdate", "uuid"),
        ("strategies_actionupdate", "id"),
        ("strategies_indicatorvalue", "id"),
        ("strategies_narrative", "city_period_id"),
        ("strategies_milestonereached", "id"),
        ("strategies_evidence", "id"),
    ],
)
@pytest.mark.django_db
def test_replace_does_not_slip_past_the_lock(world, table, key):
    """INSERT OR REPLACE and UPDATE OR REPLACE delete the old row without firing delete triggers in other programs."""
    sql("PRAGMA recursive_triggers = OFF")
    columns = [row.name for row in connection.introspection.get_table_description(connection.cursor(), table)]
    locked, free = (getattr(facts, FACT_OF[table]) for facts in (world.locked, world.open))
    taken = dict(zip(columns, _row(table, free.pk), strict=True))
    taken[key] = dict(zip(columns, _row(table, locked.pk), strict=True))[key]
    before = _row(table, locked.pk)

    marks = ", ".join(["%s"] * len(columns))
    with pytest.raises(IntegrityError), transaction.atomic():
        sql(f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})", *taken.values())
    with pytest.raises(IntegrityError), transaction.atomic():
        sql(f"UPDATE OR REPLACE {table} SET {key} = %s WHERE id = %s", taken[key], free.pk)
    sql("PRAGMA recursive_triggers = ON")

    assert _row(table, locked.pk) == before


FACT_OF = {
    "strategies_actionupdate": "update",
    "strategies_indicatorvalue": "value",
    "strategies_narrative": "narrative",
    "strategies_milestonereached": "reached",
    "strategies_evidence": "evidence",
}


def _row(table, pk):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE id = %s", [pk])
        return cursor.fetchone()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize(
    "table",
    ["strategies_actionupdate", "strategies_periodrevision", "strategies_periodmove", "strategies_cityperiod"],
)
@pytest.mark.django_db
def test_truncate_is_refused(world, table):
    sql("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="epi: not emptied"), transaction.atomic():
        sql(f"TRUNCATE {table} CASCADE")


# ---- frozen tables and history


@pytest.mark.parametrize("model", [PeriodRevision, PeriodMove, RevisionAction, RevisionIndicator, RevisionFile])
@pytest.mark.django_db
def test_frozen_rows_are_neither_changed_nor_deleted(world, model):
    row = model.objects.first()
    table, column = model._meta.db_table, model._meta.fields[-1].column

    for act in (row.save, row.delete, model.objects.all().delete, lambda: model.objects.update(pk=1)):
        with pytest.raises(Frozen):
            act()
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic():
            sql(statement)


@pytest.mark.parametrize("model", FACTS, ids=lambda model: model.__name__)
@pytest.mark.django_db
def test_history_is_never_rewritten(world, model):
    table = model.history.model._meta.db_table

    for statement in (f"UPDATE {table} SET history_change_reason = 'no'", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic():
            sql(statement)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statement")
@pytest.mark.django_db
def test_replace_leaves_frozen_rows_alone(world):
    columns = "city_period_id, number, snapshot, sha256, schema_version, created_at"
    replacements = [
        f"INSERT OR REPLACE INTO strategies_periodrevision ({columns}) "
        "SELECT city_period_id, number, '{}', sha256, 1, created_at FROM strategies_periodrevision",
        "INSERT OR REPLACE INTO strategies_revisionfile (revision_id, evidence_id, file_id, visibility) "
        "SELECT revision_id, evidence_id, file_id, 'public' FROM strategies_revisionfile",
        "INSERT OR REPLACE INTO strategies_periodmove SELECT * FROM strategies_periodmove",
        "INSERT OR REPLACE INTO strategies_cityperiod SELECT * FROM strategies_cityperiod",
        "INSERT OR REPLACE INTO strategies_historicalactionupdate SELECT * FROM strategies_historicalactionupdate",
        "INSERT OR REPLACE INTO strategies_historicalmilestonereached "
        "SELECT * FROM strategies_historicalmilestonereached",
        "UPDATE OR REPLACE strategies_cityperiod SET id = (SELECT MAX(id) FROM strategies_cityperiod)",
    ]
    sql("PRAGMA recursive_triggers = OFF")
    for statement in replacements:
        with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
            sql(statement)
    sql("PRAGMA recursive_triggers = ON")


# ---- frozen rows are written once, with the submission


def forge(row, **changes):
    """Insert a copy of a stored row with some columns changed, by SQL."""
    given = {field.column: getattr(row, field.attname) for field in row._meta.fields if not field.primary_key}
    columns = given | changes
    marks = ", ".join(["%s"] * len(columns))
    sql(f"INSERT INTO {row._meta.db_table} ({', '.join(columns)}) VALUES ({marks})", *columns.values())


def refused(row, match="epi: ", **changes):
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        forge(row, **changes)


@pytest.mark.django_db
def test_revision_comes_only_with_the_submission_that_is_due(world, coordinator):
    city_period = world.locked.city_period
    revision = city_period.revisions.get()

    refused(revision, number=2)
    refused(revision, number=99)
    refused(revision, city_period_id=world.open.city_period.pk)
    periods.accept_period(city_period, by=coordinator)
    refused(revision, number=2)
    periods.reopen_period(city_period, by=coordinator, reason="A digit too many.")
    refused(revision, number=2)
    again = periods.submit_period(city_period, by=world.lead)

    assert list(city_period.revisions.values_list("number", flat=True)) == [1, 2]
    refused(again, number=2)


@pytest.mark.django_db
def test_frozen_rows_come_only_from_their_snapshot(world):
    """The figures that dashboards add up equal those in the snapshot, for the same ids."""
    action, indicator = RevisionAction.objects.get(), RevisionIndicator.objects.get()
    other = ActionFactory(city=world.locked.action.city)
    refused(action, action_id=other.pk)
    refused(indicator, indicator_id=IndicatorFactory(strategy=other.strategy).pk)
    with triggers.triggers_dropped():
        sql("DELETE FROM strategies_revisionaction")
        sql("DELETE FROM strategies_revisionindicator")

    for changes in ({"spent": 7_777_777}, {"budget": 1}, {"health": "done"}, {"progress": 99}, {"update_count": 7}):
        refused(action, **changes)
    forged = action.contents.replace("We met.", "We won.")
    assert forged != action.contents
    refused(action, contents=forged)
    stray = StoredFileFactory(sha256="f" * 64, state="used")
    refused(RevisionFile.objects.get(), evidence_id=world.open.evidence.pk)
    refused(RevisionFile.objects.get(), evidence_id=world.locked.evidence.pk, file_id=stray.pk)
    refused(indicator, value=99)
    refused(indicator, value=None)
    forge(action)
    forge(indicator)

    assert (RevisionAction.objects.get().spent, RevisionIndicator.objects.get().value) == (action.spent, 3)


@pytest.mark.django_db
def test_frozen_rows_come_only_while_their_revision_is_due(world, coordinator):
    rows = RevisionAction.objects.get(), RevisionIndicator.objects.get(), RevisionFile.objects.get()
    with triggers.triggers_dropped():
        for row in rows:
            sql(f"DELETE FROM {row._meta.db_table}")
    periods.return_period(world.locked.city_period, by=coordinator, comments="Please look again.")
    periods.submit_period(world.locked.city_period, by=world.lead)

    for row in rows:
        refused(row, match="epi: a frozen row is taken from its snapshot")


# ---- the period itself


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "open"},
        {"state": "accepted", "move_count": 3},
        {"revision": 2},
        {"move_count": 7},
        {"city_id": None},
        {"period_id": None},
    ],
)
@pytest.mark.django_db
def test_state_changes_only_with_its_move(world, changes):
    other = CityPeriodFactory(city=CityFactory(), period=ReportingPeriodFactory(ahead=3))
    changes = {name: getattr(other, name) if value is None else value for name, value in changes.items()}

    with pytest.raises(IntegrityError, match="epi: a period moves"), transaction.atomic():
        CityPeriod.objects.filter(pk=world.locked.city_period.pk).update(**changes)


@pytest.mark.parametrize(
    "fields",
    [
        {"number": 9},
        {"from_state": "open"},
        {"number": 1},
        {"revision": 2},
    ],
)
@pytest.mark.django_db
def test_move_follows_the_one_before(world, fields):
    move = {"number": 3, "verb": "accept", "from_state": "submitted", "to_state": "accepted", "revision": 1} | fields

    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
        PeriodMove.objects.create(city_period=world.locked.city_period, **move)


@pytest.mark.parametrize(
    "fields",
    [
        {"verb": "open", "to_state": "open"},
        {"verb": "accept", "to_state": "open"},
        {"verb": "accept", "to_state": "published"},
        {"verb": "publish", "to_state": "accepted"},
        {"verb": "reopen", "to_state": "open"},
        {"verb": "return", "to_state": "returned"},
    ],
)
@pytest.mark.django_db
def test_move_follows_the_transitions_and_says_why(world, fields):
    """A period cannot be reopened without a reason, whatever the move's name."""
    move = {"number": 3, "from_state": "submitted", "revision": 1, "text": ""} | fields

    with pytest.raises(IntegrityError), transaction.atomic():
        PeriodMove.objects.create(city_period=world.locked.city_period, **move)


@pytest.mark.parametrize(
    "verb, state, revision", [("accept", "accepted", 1), ("return", "returned", 2), ("reopen", "open", 2)]
)
@pytest.mark.django_db
def test_move_and_state_cannot_be_apart(world, verb, state, revision):
    city_period = world.locked.city_period
    move = {"number": 3, "from_state": "submitted", "to_state": state, "revision": 1, "text": "Because."}

    PeriodMove.objects.create(city_period=city_period, verb=verb, **move)
    city_period.refresh_from_db()

    assert (city_period.state, city_period.move_count, city_period.revision) == (state, 3, revision)
    for change in ("revision = revision + 1", "state = 'submitted'", "move_count = 2", "move_count = 4"):
        with pytest.raises(IntegrityError, match="epi: a period moves"), transaction.atomic():
            sql(f"UPDATE strategies_cityperiod SET {change} WHERE id = %s", city_period.pk)


@pytest.mark.django_db
def test_period_does_not_begin_locked_nor_vanish(world, city):
    later = ReportingPeriodFactory(ahead=4)

    with pytest.raises(IntegrityError, match="begins as scheduled"), transaction.atomic():
        CityPeriod.objects.create(city=city, period=later, state="published")
    with pytest.raises(IntegrityError), transaction.atomic():
        sql("DELETE FROM strategies_cityperiod WHERE id = %s", world.locked.city_period.pk)


@pytest.mark.django_db
def test_facts_can_change_again_after_reopening(world, coordinator):
    periods.reopen_period(world.locked.city_period, by=coordinator, reason="A digit too many.")

    for act in ACTS.values():
        with transaction.atomic():
            savepoint = transaction.savepoint()
            act(world, world.locked)
            transaction.savepoint_rollback(savepoint)


# ---- installation of the triggers


@pytest.mark.django_db
def test_check_finds_a_missing_trigger():
    assert triggers.check_installed(None, ["default"]) == []
    on = " ON strategies_actionupdate" if connection.vendor == "postgresql" else ""

    sql(f"DROP TRIGGER epi_strategies_actionupdate_upd{on}")

    errors = triggers.check_installed(None, ["default"])
    assert [error.id for error in errors] == ["epi.E001"]
    assert "epi_strategies_actionupdate_upd" in errors[0].msg


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_locks_stand_after_a_migration_that_remakes_the_table(city, official, lead):
    """SQLite drops a table's triggers when it rebuilds the table: they are recreated after a migration."""
    facts = make_facts(city, official, lead)
    periods.submit_period(facts.city_period, by=lead)
    field = models.IntegerField(default=5)
    field.set_attributes_from_name("added_later")

    for change in ("add_field", "remove_field"):
        emit_pre_migrate_signal(verbosity=0, interactive=False, db="default")
        with connection.schema_editor() as editor:
            getattr(editor, change)(ActionUpdate, field)
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")

        assert triggers.missing() == set()
        with pytest.raises(IntegrityError, match="epi: "):
            sql("UPDATE strategies_actionupdate SET text = 'no'")


def test_every_model_that_carries_a_period_is_locked():
    """Every model with a period is locked, so that a new one cannot be forgotten."""
    free = {"PeriodMove", "PeriodRevision", "PeriodComment"}  # frozen, or comments
    carriers = {
        model
        for model in apps.get_app_config("strategies").get_models()
        if any(f.related_model is CityPeriod for f in model._meta.fields)
        and not model.__name__.startswith("Historical")
        and model.__name__ not in free
    }
    assert carriers <= set(FACTS)


# ---- another process

SCRIPT = """
import sys
name, vendor, *statements = sys.argv[1:]
if vendor == "sqlite":
    import sqlite3
    connect, error = sqlite3.connect(name), sqlite3.IntegrityError
else:
    import psycopg2
    connect, error = psycopg2.connect(name), psycopg2.IntegrityError
for statement in statements:
    try:
        connect.cursor().execute(statement)
        connect.commit()
        print("done")
    except error as refused:
        connect.rollback()
        print(str(refused).splitlines()[0])
"""
COLUMNS = "city_period_id, number, verb, from_state, to_state, revision, text, places, at"
FROM = f"SELECT {COLUMNS} FROM strategies_periodmove"
MOVE = f"INSERT INTO strategies_periodmove ({COLUMNS}) "
STATEMENTS = [
    "UPDATE strategies_actionupdate SET text = 'no'",
    "UPDATE strategies_cityperiod SET state = 'open', revision = 2, move_count = 3",
    "INSERT INTO strategies_periodrevision (city_period_id, number, snapshot, sha256, schema_version, created_at) "
    "SELECT city_period_id, 99, snapshot, sha256, schema_version, created_at FROM strategies_periodrevision",
    MOVE + FROM.replace("number, verb", "3, verb") + " WHERE number = 2",
    MOVE + "SELECT city_period_id, 3, 'accept', 'submitted', 'accepted', 1, '', places, at FROM strategies_periodmove "
    "WHERE number = 2",
    "UPDATE strategies_cityperiod SET state = 'submitted', move_count = 2",
]
ANSWERS = [
    "epi: the period is locked",
    "epi: a period moves with its move alone",
    "epi: a revision comes with its submission",
    "epi: a move follows the one before",
    "done",
    "epi: a period moves with its move alone",
]


@pytest.mark.waits
@pytest.mark.django_db(transaction=True)
def test_another_process_is_refused_too(city, official, lead, tmp_path):
    facts = make_facts(city, official, lead)
    periods.submit_period(facts.city_period, by=lead)
    if connection.vendor == "sqlite":
        import sqlite3

        name = str(tmp_path / "copy.sqlite3")
        with sqlite3.connect(name) as copy:
            connection.connection.backup(copy)
        copy.close()
    else:
        settings = connection.get_connection_params()
        name = f"host={settings.get('host', '')} user={settings['user']} dbname={settings['dbname']}"

    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, name, connection.vendor, *STATEMENTS],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stderr, ran.stdout.splitlines()) == ("", ANSWERS)


@pytest.mark.django_db
def test_factory_walks_by_moves(city):
    city_period = CityPeriodFactory(city=city, to_state="scheduled")

    move_to(city_period, "published")

    assert [move.to_state for move in city_period.moves.all()] == ["open", "submitted", "accepted", "published"]
