"""Rows of a published evaluation and of a report that is ready cannot be changed in any way."""

import pytest
from django.db import IntegrityError, connection, transaction

from core import clock
from evaluation.models import (
    Assessment,
    Citation,
    CommitteeReview,
    ConflictOfInterest,
    Consensus,
    DimensionReview,
    Evaluation,
    EvaluationResult,
    RaterAssignment,
    Rating,
    StageTransition,
    SubstituteAppointment,
)
from reports.enums import ReportState
from reports.models import Report, ReportFile
from reports.tasks import build_report
from tests.factories import (
    AssessmentFactory,
    ConflictOfInterestFactory,
    EvaluationFactory,
    EventFactory,
    StrategyFactory,
    SubstituteAppointmentFactory,
)
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


@pytest.mark.parametrize("stage", ["discuss", "moderate", "declare"])
@pytest.mark.stage("rate")
def test_stage_cannot_change_without_its_transition(case, stage):
    with pytest.raises(IntegrityError, match="epi: a stage changes by a transition only"):
        execute_sql("UPDATE evaluation_evaluation SET stage = %s WHERE id = %s", stage, case.pk)

    assert case.evaluation.stage == "rate"


@pytest.mark.stage("rate")
def test_stage_changes_only_to_the_target_of_its_transition(case):
    transition = {"verb": "start_discussion", "from_stage": "rate", "to_stage": "discuss"}
    StageTransition.objects.create(evaluation=case.evaluation, **transition)

    with pytest.raises(IntegrityError, match="epi: a stage changes by a transition only"):
        execute_sql("UPDATE evaluation_evaluation SET stage = 'moderate' WHERE id = %s", case.pk)
    with pytest.raises(IntegrityError, match="epi: a transition starts from the current stage"), transaction.atomic():
        StageTransition.objects.create(evaluation=case.evaluation, **transition)  # the stage has not followed yet
    execute_sql("UPDATE evaluation_evaluation SET stage = 'discuss' WHERE id = %s", case.pk)
    with pytest.raises(IntegrityError, match="epi: a stage changes by a transition only"):
        execute_sql("UPDATE evaluation_evaluation SET stage = 'rate' WHERE id = %s", case.pk)


@pytest.mark.stage("rate")
def test_transition_cannot_be_put_before_the_newest(case):
    newest = case.evaluation.transitions.latest("pk")
    columns = "id, evaluation_id, verb, from_stage, to_stage, reason, at"

    with pytest.raises(IntegrityError, match="epi: a transition starts from the current stage"):
        execute_sql(
            f"INSERT INTO evaluation_stagetransition ({columns}) SELECT id - 1000, evaluation_id, 'start_discussion', "
            "'rate', 'discuss', reason, at FROM evaluation_stagetransition WHERE id = %s",
            newest.pk,
        )


@pytest.mark.parametrize("fields", [{"stage": "review"}, {"cycle": 2}])
def test_evaluation_begins_with_its_first_stage(case, fields):
    evaluation = EvaluationFactory.build(
        round=case.round, strategy=StrategyFactory(), revision=case.evaluation.revision, **fields
    )

    with pytest.raises(IntegrityError, match="epi: an evaluation begins with its first stage"), transaction.atomic():
        evaluation.save()


@pytest.mark.stage("rate")
def test_cycle_does_not_decrease(case):
    execute_sql("UPDATE evaluation_evaluation SET cycle = 2 WHERE id = %s", case.pk)

    with pytest.raises(IntegrityError, match="epi: a cycle does not come again"):
        execute_sql("UPDATE evaluation_evaluation SET cycle = 1 WHERE id = %s", case.pk)


@pytest.mark.parametrize("model", [ConflictOfInterest, RaterAssignment], ids=lambda model: model.__name__)
@pytest.mark.stage("rate")
def test_conflicts_and_assignments_can_only_be_withdrawn(case, model):
    ConflictOfInterestFactory(evaluation=case.evaluation)
    row, table = model.objects.filter(withdrawn_at=None).first(), model._meta.db_table
    assert row is not None

    with pytest.raises(IntegrityError, match="epi: frozen"):
        execute_sql(f"UPDATE {table} SET person_id = %s WHERE id = %s", case.moderator.person.pk, row.pk)
    with pytest.raises(IntegrityError, match="epi: frozen"):
        execute_sql(f"DELETE FROM {table} WHERE id = %s", row.pk)
    with pytest.raises(IntegrityError, match="epi: there once"):
        insert_copy(row)
    execute_sql(f"UPDATE {table} SET withdrawn_at = %s WHERE id = %s", clock.now(), row.pk)
    with pytest.raises(IntegrityError, match="epi: withdrawn, never changes"):
        execute_sql(f"UPDATE {table} SET withdrawn_at = NULL WHERE id = %s", row.pk)


def test_appointments_of_substitutes_are_frozen(case):
    appointment = SubstituteAppointmentFactory(evaluation=case.evaluation)

    for statement in (no_op_update(SubstituteAppointment), f"DELETE FROM {appointment._meta.db_table}"):
        with pytest.raises(IntegrityError, match="epi: frozen"):
            execute_sql(statement)


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
    [
        "state = 'queued'",
        "state = 'failed'",
        "engine = 'other'",
        "template_version = 'x'",
        "font_set = 'x'",
        "font_set_sha256 = 'x'",
        "ready_at = '2020-01-01'",
    ],
)
def test_ready_report_cannot_be_changed(ready, change):
    with pytest.raises(IntegrityError, match="epi: the report is ready"):
        execute_sql(f"UPDATE evaluation_report SET {change} WHERE id = %s", ready.pk)


def test_report_is_ready_only_with_its_files():
    report = queued()

    with pytest.raises(IntegrityError, match="epi: a report is ready when it has its files"):
        execute_sql("UPDATE evaluation_report SET state = 'ready', ready_at = %s WHERE id = %s", clock.now(), report.pk)
    assert Report.objects.claim(report.pk)
    with pytest.raises(IntegrityError, match="epi: a report is ready when it has its files"):
        execute_sql("UPDATE evaluation_report SET state = 'ready', ready_at = %s WHERE id = %s", clock.now(), report.pk)
    with pytest.raises(IntegrityError, match="epi: a report is ready when it has its files"), transaction.atomic():
        queued("lublin", state=ReportState.READY, ready_at=clock.now())


@pytest.mark.parametrize("state", ["queued", "ready"])
def test_report_files_are_added_only_while_the_report_is_built(ready, state):
    report = ready if state == "ready" else queued("lublin")
    file = ReportFile.objects.first()

    with pytest.raises(IntegrityError, match="epi: files come while the report is built"), transaction.atomic():
        ReportFile.objects.create(
            report=report, name="more.pdf", content_type="application/pdf", content=b"x", size=1, sha256=file.sha256
        )
