"""Database locks: facts of a locked period cannot be added, changed, moved or deleted; open ones can."""

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

from .helpers import an_official, update_input


@pytest.fixture
def official(city):
    return an_official(city)


def make_facts(city, official, lead, ahead=0):
    """Return a city period with one fact of each kind."""
    city_period = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=ahead))
    action = ActionFactory(city=city)
    milestone, other = MilestoneFactory(action=action), MilestoneFactory(action=action)
    indicator = IndicatorFactory(strategy=action.strategy, action=action)
    data = update_input(milestones=[milestone], links=["https://town.example/report"], city_period=city_period)
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
def shared_data(city, official, lead):
    """Return the facts of an open and of a submitted period of one city as ``open`` and ``locked``."""
    locked = make_facts(city, official, lead)
    periods.submit_period(locked.city_period, by=lead)
    open_one = make_facts(city, official, lead, ahead=1)
    return SimpleNamespace(locked=locked, open=open_one, author=official, lead=lead)


def execute_sql(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


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
def test_truncate_is_refused(shared_data, table):
    execute_sql("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="epi: not emptied"), transaction.atomic():
        execute_sql(f"TRUNCATE {table} CASCADE")


# ---- frozen tables and history


@pytest.mark.parametrize("model", [PeriodRevision, PeriodMove, RevisionAction, RevisionIndicator, RevisionFile])
@pytest.mark.django_db
def test_frozen_rows_cannot_be_changed_or_deleted(shared_data, model):
    row = model.objects.first()
    table, column = model._meta.db_table, model._meta.fields[-1].column

    for write in (row.save, row.delete, model.objects.all().delete, lambda: model.objects.update(pk=1)):
        with pytest.raises(Frozen):
            write()
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic():
            execute_sql(statement)


@pytest.mark.parametrize("model", FACTS, ids=lambda model: model.__name__)
@pytest.mark.django_db
def test_history_rows_cannot_be_changed_or_deleted(shared_data, model):
    table = model.history.model._meta.db_table

    for statement in (f"UPDATE {table} SET history_change_reason = 'no'", f"DELETE FROM {table}"):
        with pytest.raises(IntegrityError, match="epi: frozen"), transaction.atomic():
            execute_sql(statement)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statement")
@pytest.mark.django_db
def test_sqlite_replace_of_frozen_rows_is_refused(shared_data):
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
    execute_sql("PRAGMA recursive_triggers = OFF")
    for statement in replacements:
        with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
            execute_sql(statement)
    execute_sql("PRAGMA recursive_triggers = ON")


# ---- frozen rows are written once, with the submission


def insert_copy(row, **changes):
    """Insert by SQL a copy of a stored row with some columns changed."""
    stored = {field.column: getattr(row, field.attname) for field in row._meta.fields if not field.primary_key}
    columns = stored | changes
    marks = ", ".join(["%s"] * len(columns))
    execute_sql(f"INSERT INTO {row._meta.db_table} ({', '.join(columns)}) VALUES ({marks})", *columns.values())


def assert_refused(row, match="epi: ", **changes):
    with pytest.raises(IntegrityError, match=match), transaction.atomic():
        insert_copy(row, **changes)


@pytest.mark.django_db
def test_revision_is_inserted_only_by_its_submission(shared_data, coordinator):
    city_period = shared_data.locked.city_period
    revision = city_period.revisions.get()

    assert_refused(revision, number=2)
    assert_refused(revision, number=99)
    assert_refused(revision, city_period_id=shared_data.open.city_period.pk)
    periods.accept_period(city_period, by=coordinator)
    assert_refused(revision, number=2)
    periods.reopen_period(city_period, by=coordinator, reason="A digit too many.")
    assert_refused(revision, number=2)
    again = periods.submit_period(city_period, by=shared_data.lead)

    assert list(city_period.revisions.values_list("number", flat=True)) == [1, 2]
    assert_refused(again, number=2)


@pytest.mark.django_db
def test_frozen_rows_must_match_their_snapshot(shared_data):
    """The figures that dashboards sum are compared with the hashed snapshot."""
    action, indicator = RevisionAction.objects.get(), RevisionIndicator.objects.get()
    other = ActionFactory(city=shared_data.locked.action.city)
    assert_refused(action, action_id=other.pk)
    assert_refused(indicator, indicator_id=IndicatorFactory(strategy=other.strategy).pk)
    with triggers.triggers_dropped():
        execute_sql("DELETE FROM strategies_revisionaction")
        execute_sql("DELETE FROM strategies_revisionindicator")

    for changes in ({"spent": 7_777_777}, {"budget": 1}, {"health": "done"}, {"progress": 99}, {"update_count": 7}):
        assert_refused(action, **changes)
    forged = action.contents.replace("We met.", "We won.")
    assert forged != action.contents
    assert_refused(action, contents=forged)
    stray = StoredFileFactory(sha256="f" * 64, state="used")
    assert_refused(RevisionFile.objects.get(), evidence_id=shared_data.open.evidence.pk)
    assert_refused(RevisionFile.objects.get(), evidence_id=shared_data.locked.evidence.pk, file_id=stray.pk)
    assert_refused(indicator, value=99)
    assert_refused(indicator, value=None)
    insert_copy(action)
    insert_copy(indicator)

    assert (RevisionAction.objects.get().spent, RevisionIndicator.objects.get().value) == (action.spent, 3)


@pytest.mark.django_db
def test_frozen_rows_are_inserted_only_with_their_revision(shared_data, coordinator):
    rows = RevisionAction.objects.get(), RevisionIndicator.objects.get(), RevisionFile.objects.get()
    with triggers.triggers_dropped():
        for row in rows:
            execute_sql(f"DELETE FROM {row._meta.db_table}")
    periods.return_period(shared_data.locked.city_period, by=coordinator, comments="Please look again.")
    periods.submit_period(shared_data.locked.city_period, by=shared_data.lead)

    for row in rows:
        assert_refused(row, match="epi: a frozen row is taken from its snapshot")


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
def test_state_cannot_change_without_a_move(shared_data, changes):
    other = CityPeriodFactory(city=CityFactory(), period=ReportingPeriodFactory(ahead=3))
    changes = {name: getattr(other, name) if value is None else value for name, value in changes.items()}

    with pytest.raises(IntegrityError, match="epi: a period moves"), transaction.atomic():
        CityPeriod.objects.filter(pk=shared_data.locked.city_period.pk).update(**changes)


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
def test_move_must_continue_the_previous_move(shared_data, fields):
    move = {"number": 3, "verb": "accept", "from_state": "submitted", "to_state": "accepted", "revision": 1} | fields

    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
        PeriodMove.objects.create(city_period=shared_data.locked.city_period, **move)


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
def test_move_must_follow_the_transitions_and_have_a_reason(shared_data, fields):
    """A period is not reopened without a reason, whatever the verb."""
    move = {"number": 3, "from_state": "submitted", "revision": 1, "text": ""} | fields

    with pytest.raises(IntegrityError), transaction.atomic():
        PeriodMove.objects.create(city_period=shared_data.locked.city_period, **move)


@pytest.mark.parametrize(
    "verb, state, revision", [("accept", "accepted", 1), ("return", "returned", 2), ("reopen", "open", 2)]
)
@pytest.mark.django_db
def test_insert_of_a_move_updates_the_state(shared_data, verb, state, revision):
    city_period = shared_data.locked.city_period
    move = {"number": 3, "from_state": "submitted", "to_state": state, "revision": 1, "text": "Because."}

    PeriodMove.objects.create(city_period=city_period, verb=verb, **move)
    city_period.refresh_from_db()

    assert (city_period.state, city_period.move_count, city_period.revision) == (state, 3, revision)
    for change in ("revision = revision + 1", "state = 'submitted'", "move_count = 2", "move_count = 4"):
        with pytest.raises(IntegrityError, match="epi: a period moves"), transaction.atomic():
            execute_sql(f"UPDATE strategies_cityperiod SET {change} WHERE id = %s", city_period.pk)


@pytest.mark.django_db
def test_period_cannot_be_created_locked_or_deleted(shared_data, city):
    later = ReportingPeriodFactory(ahead=4)

    with pytest.raises(IntegrityError, match="begins as scheduled"), transaction.atomic():
        CityPeriod.objects.create(city=city, period=later, state="published")
    with pytest.raises(IntegrityError), transaction.atomic():
        execute_sql("DELETE FROM strategies_cityperiod WHERE id = %s", shared_data.locked.city_period.pk)


@pytest.mark.django_db
def test_facts_can_change_again_after_reopening(shared_data, coordinator):
    periods.reopen_period(shared_data.locked.city_period, by=coordinator, reason="A digit too many.")

    for write in WRITES.values():
        with transaction.atomic():
            savepoint = transaction.savepoint()
            write(shared_data, shared_data.locked)
            transaction.savepoint_rollback(savepoint)


# ---- installed triggers


@pytest.mark.django_db
def test_check_finds_a_missing_trigger():
    assert triggers.check_installed(None, ["default"]) == []
    on = " ON strategies_actionupdate" if connection.vendor == "postgresql" else ""

    execute_sql(f"DROP TRIGGER epi_strategies_actionupdate_upd{on}")

    errors = triggers.check_installed(None, ["default"])
    assert [error.id for error in errors] == ["epi.E001"]
    assert "epi_strategies_actionupdate_upd" in errors[0].msg


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_locks_exist_after_a_migration_rebuilds_the_table(city, official, lead):
    """SQLite drops the triggers of a rebuilt table: they are dropped before a migration and created after it."""
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
            execute_sql("UPDATE strategies_actionupdate SET text = 'no'")


def test_every_model_with_a_city_period_is_locked():
    """A new model with a city period must be added to ``FACTS``."""
    free = {"PeriodMove", "PeriodRevision", "PeriodComment"}  # frozen, or comments
    models_with_period = {
        model
        for model in apps.get_app_config("strategies").get_models()
        if any(f.related_model is CityPeriod for f in model._meta.fields)
        and not model.__name__.startswith("Historical")
        and model.__name__ not in free
    }
    assert models_with_period <= set(FACTS)


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
    except error as raised:
        connect.rollback()
        print(str(raised).splitlines()[0])
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
def test_writes_of_another_process_are_refused(city, official, lead, tmp_path):
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
def test_move_to_creates_every_move(city):
    city_period = CityPeriodFactory(city=city, to_state="scheduled")

    move_to(city_period, "published")

    assert [move.to_state for move in city_period.moves.all()] == ["open", "submitted", "accepted", "published"]
