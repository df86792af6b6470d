"""Rows of a published evaluation and of a report that is ready cannot be changed in any way."""

import pytest
from django.db import IntegrityError, connection, transaction

from evaluation.models import (
    Assessment,
    Citation,
    CommitteeReview,
    Consensus,
    DimensionReview,
    Evaluation,
    EvaluationResult,
    Rating,
    StageTransition,
)
from reports.enums import ReportState
from reports.models import ReportFile
from reports.tasks import build_report
from tests.factories import AssessmentFactory, EvaluationFactory, EventFactory
from tests.reports.test_report_tasks import queued

pytestmark = pytest.mark.django_db
LOCKED_MODELS = [Evaluation, Assessment, Rating, Citation, Consensus]
HISTORIES = [model.history.model for model in (Evaluation, Assessment, Rating, Consensus)]


def execute_sql(statement, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def insert_copy(row, **changes):
    """Insert a copy of a stored row with some columns changed, by SQL."""
    stored = {field.column: getattr(row, field.attname) for field in row._meta.fields if not field.primary_key}
    columns = stored | changes
    marks = ", ".join(["%s"] * len(columns))
    execute_sql(f"INSERT INTO {row._meta.db_table} ({', '.join(columns)}) VALUES ({marks})", *columns.values())


def _prepare_review(case):
    """Bring the case to the review, with a citation."""
    case.to("review")
    Citation.objects.create(rating=Rating.objects.first(), kind="event", event=EventFactory())


def _prepare_published(case):
    _prepare_review(case)
    case.to("published")


PREPARED = {"published": _prepare_published, "reviewed": _prepare_review}


@pytest.fixture
def reviewed(case):
    return case


@pytest.fixture
def published(case):
    return case


def no_op_update(model):
    table, column = model._meta.db_table, model._meta.fields[-1].column
    return f"UPDATE {table} SET {column} = {column}"


# ---- published evaluations


@pytest.mark.parametrize("model", LOCKED_MODELS, ids=lambda model: model.__name__)
def test_rows_can_change_before_publication(reviewed, model):
    execute_sql(no_op_update(model))


@pytest.mark.parametrize("model", LOCKED_MODELS, ids=lambda model: model.__name__)
def test_rows_of_a_published_evaluation_cannot_be_changed_or_deleted(published, model):
    assert model.objects.exists()

    for statement in (no_op_update(model), f"DELETE FROM {model._meta.db_table}"):
        with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
            execute_sql(statement)


@pytest.mark.parametrize("model", HISTORIES, ids=lambda model: model.__name__)
@pytest.mark.stage("moderate")
def test_history_rows_cannot_be_changed_or_deleted(case, model):
    case.agree()

    for statement in (no_op_update(model), f"DELETE FROM {model._meta.db_table}"):
        with pytest.raises(IntegrityError, match="epi: frozen"):
            execute_sql(statement)


@pytest.mark.parametrize("model", HISTORIES[1:], ids=lambda model: model.__name__)
def test_history_rows_of_a_published_evaluation_cannot_be_added(published, model):
    with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
        insert_copy(model.objects.first())


def test_rows_of_a_published_evaluation_cannot_be_added(published):
    event = EventFactory()
    other = AssessmentFactory(evaluation=EvaluationFactory(round=published.round))

    with pytest.raises(IntegrityError, match="epi: the evaluation is published"), transaction.atomic():
        Citation.objects.create(rating=Rating.objects.first(), kind="event", event=event)
    with pytest.raises(IntegrityError, match="epi: the evaluation is published"), transaction.atomic():
        AssessmentFactory(evaluation=published.evaluation, rater=other.rater)
    with pytest.raises(IntegrityError, match="epi: the evaluation is published"), transaction.atomic():
        Assessment.objects.filter(pk=other.pk).update(evaluation=published.evaluation)


@pytest.mark.parametrize(
    "change", ["stage = 'discuss', published_at = NULL", "published_at = '2020-01-01'", "cycle = 7", "id = id + 1000"]
)
def test_published_evaluation_cannot_be_changed(published, change):
    with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
        execute_sql(f"UPDATE evaluation_evaluation SET {change}")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statements")
def test_sqlite_replace_of_a_published_rating_is_refused(published):
    """INSERT OR REPLACE and UPDATE OR REPLACE delete the old row without firing delete triggers in other programs."""
    published_row = Rating.objects.first()
    other = AssessmentFactory(evaluation=EvaluationFactory(round=published.round))
    other_row = Rating.objects.create(assessment=other, dimension=published_row.dimension, level=1, reasons="Mine.")
    columns = ", ".join(field.column for field in Rating._meta.fields[2:])
    execute_sql("PRAGMA recursive_triggers = OFF")

    with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
        execute_sql(
            f"INSERT OR REPLACE INTO evaluation_rating (id, assessment_id, {columns.removeprefix('assessment_id, ')}) "
            f"SELECT {published_row.pk}, {other.pk}, {columns.removeprefix('assessment_id, ')} FROM evaluation_rating "
            f"WHERE id = {other_row.pk}"
        )
    with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
        execute_sql("UPDATE OR REPLACE evaluation_rating SET id = %s WHERE id = %s", published_row.pk, other_row.pk)
    execute_sql("PRAGMA recursive_triggers = ON")

    assert Rating.objects.filter(
        pk=published_row.pk, level=published_row.level, assessment=published_row.assessment
    ).exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("model", [*LOCKED_MODELS, *HISTORIES], ids=lambda model: model.__name__)
def test_truncate_is_refused(published, model):
    execute_sql("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="epi: not emptied"):
        execute_sql(f"TRUNCATE {model._meta.db_table} CASCADE")


# ---- transitions, decisions and results only in their stage


@pytest.mark.parametrize(
    "fields",
    [
        {"verb": "start_rating", "from_stage": "declare", "to_stage": "rate"},
        {"verb": "start_moderation", "from_stage": "rate", "to_stage": "moderate"},
        {"verb": "publish", "from_stage": "rate", "to_stage": "published"},
    ],
)
@pytest.mark.stage("rate")
def test_move_must_start_from_the_current_stage(case, fields):
    with pytest.raises(IntegrityError, match="epi: a transition starts"), transaction.atomic():
        StageTransition.objects.create(evaluation=case.evaluation, **fields)


def test_decisions_cannot_be_added_after_publication(published):
    review = CommitteeReview.objects.first()

    with pytest.raises(IntegrityError, match="epi: decided while it is reviewed"):
        insert_copy(review, cycle=2)
    with pytest.raises(IntegrityError, match="epi: decided while it is reviewed"), transaction.atomic():
        DimensionReview.objects.create(review=review, dimension=published.dimension(), decision="approve")


def test_result_cannot_be_added_before_publication(reviewed):
    with pytest.raises(IntegrityError, match="epi: a result comes with its publication"), transaction.atomic():
        EvaluationResult.objects.create(evaluation=reviewed.evaluation, snapshot="{}", sha256="0" * 64)


# ---- reports


@pytest.fixture
def ready():
    report = queued()
    build_report(report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.READY
    return report


@pytest.mark.parametrize(
    "change",
    ["state = 'queued'", "state = 'failed'", "engine = 'other'", "template_version = 'x'", "ready_at = '2020-01-01'"],
)
def test_ready_report_cannot_be_changed(ready, change):
    with pytest.raises(IntegrityError, match="epi: the report is ready"):
        execute_sql(f"UPDATE evaluation_report SET {change} WHERE id = %s", ready.pk)


@pytest.mark.parametrize("state", ["queued", "ready"])
def test_report_files_are_added_only_while_the_report_is_built(ready, state):
    report = ready if state == "ready" else queued("lublin")
    file = ReportFile.objects.first()

    with pytest.raises(IntegrityError, match="epi: files come while the report is built"), transaction.atomic():
        ReportFile.objects.create(
            report=report, name="more.pdf", content_type="application/pdf", content=b"x", size=1, sha256=file.sha256
        )
