"""Database locks: the state of a period changes by transitions only, and frozen rows never change."""

import pytest
from django.db import IntegrityError, connection, transaction

from core import triggers
from core.exceptions import Frozen
from strategies.locks import FACTS
from strategies.models import (
    CityPeriod,
    PeriodRevision,
    PeriodTransition,
    RevisionAction,
    RevisionFile,
    RevisionIndicator,
)
from strategies.services import periods
from tests.factories import (
    ActionFactory,
    CityFactory,
    CityPeriodFactory,
    IndicatorFactory,
    ReportingPeriodFactory,
    StoredFileFactory,
    move_to,
)

from .lock_data import execute_sql


@pytest.fixture
def city(shared_data):
    return shared_data.city


# ---- frozen tables and history


@pytest.mark.parametrize("model", [PeriodRevision, PeriodTransition, RevisionAction, RevisionIndicator, RevisionFile])
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
        "INSERT OR REPLACE INTO strategies_periodtransition SELECT * FROM strategies_periodtransition",
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
        {"state": "accepted", "transition_count": 3},
        {"revision": 2},
        {"transition_count": 7},
        {"city_id": None},
        {"period_id": None},
    ],
)
@pytest.mark.django_db
def test_state_cannot_change_without_a_move(shared_data, changes):
    other = CityPeriodFactory(city=CityFactory(), period=ReportingPeriodFactory(ahead=3))
    changes = {name: getattr(other, name) if value is None else value for name, value in changes.items()}

    with pytest.raises(IntegrityError, match="epi: a period changes state"), transaction.atomic():
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
    transition = {
        "number": 3,
        "verb": "accept",
        "from_state": "submitted",
        "to_state": "accepted",
        "revision": 1,
    } | fields

    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
        PeriodTransition.objects.create(city_period=shared_data.locked.city_period, **transition)


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
    transition = {"number": 3, "from_state": "submitted", "revision": 1, "text": ""} | fields

    with pytest.raises(IntegrityError), transaction.atomic():
        PeriodTransition.objects.create(city_period=shared_data.locked.city_period, **transition)


@pytest.mark.parametrize(
    "verb, state, revision", [("accept", "accepted", 1), ("return", "returned", 2), ("reopen", "open", 2)]
)
@pytest.mark.django_db
def test_insert_of_a_move_updates_the_state(shared_data, verb, state, revision):
    city_period = shared_data.locked.city_period
    transition = {"number": 3, "from_state": "submitted", "to_state": state, "revision": 1, "text": "Because."}

    PeriodTransition.objects.create(city_period=city_period, verb=verb, **transition)
    city_period.refresh_from_db()

    assert (city_period.state, city_period.transition_count, city_period.revision) == (state, 3, revision)
    for change in ("revision = revision + 1", "state = 'submitted'", "transition_count = 2", "transition_count = 4"):
        with pytest.raises(IntegrityError, match="epi: a period changes state"), transaction.atomic():
            execute_sql(f"UPDATE strategies_cityperiod SET {change} WHERE id = %s", city_period.pk)


@pytest.mark.django_db
def test_period_cannot_be_created_locked_or_deleted(shared_data, city):
    later = ReportingPeriodFactory(ahead=4)

    with pytest.raises(IntegrityError, match="begins as scheduled"), transaction.atomic():
        CityPeriod.objects.create(city=city, period=later, state="published")
    with pytest.raises(IntegrityError), transaction.atomic():
        execute_sql("DELETE FROM strategies_cityperiod WHERE id = %s", shared_data.locked.city_period.pk)


@pytest.mark.django_db
def test_move_to_creates_every_move(other_city):
    city_period = CityPeriodFactory(city=other_city, to_state="scheduled")

    move_to(city_period, "published")

    assert list(city_period.transitions.values_list("to_state", flat=True)) == [
        "open",
        "submitted",
        "accepted",
        "published",
    ]
