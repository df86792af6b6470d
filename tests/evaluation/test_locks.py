"""Rows of a published evaluation and of a report that is ready cannot be changed in any way."""

import pytest
from django.db import IntegrityError, connection, transaction

from core import triggers
from evaluation.models import (
    Assessment,
    Citation,
    CommitteeReview,
    Consensus,
    DimensionReview,
    Evaluation,
    EvaluationResult,
    Rating,
    StageMove,
)
from evaluation.selectors.tasks import alphas_of
from reports.enums import ReportState
from reports.models import ReportFile
from reports.tasks import build_report
from tests.factories import AssessmentFactory, EvaluationFactory, EventFactory
from tests.reports.test_report_tasks import queued

pytestmark = pytest.mark.django_db
LOCKED_MODELS = [Evaluation, Assessment, Rating, Citation, Consensus]
HISTORIES = [model.history.model for model in (Evaluation, Assessment, Rating, Consensus)]


def sql(statement, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def forge(row, **changes):
    """Insert a copy of a stored row with some columns changed, by SQL."""
    given = {field.column: getattr(row, field.attname) for field in row._meta.fields if not field.primary_key}
    columns = given | changes
    marks = ", ".join(["%s"] * len(columns))
    sql(f"INSERT INTO {row._meta.db_table} ({', '.join(columns)}) VALUES ({marks})", *columns.values())


def _review(case):
    """All that a result is made of, a citation too."""
    case.to("review")
    Citation.objects.create(rating=Rating.objects.first(), kind="event", event=EventFactory())


def _publish(case):
    _review(case)
    case.to("published")


PREPARED = {"published": _publish, "reviewed": _review}


@pytest.fixture
def reviewed(case):
    return case


@pytest.fixture
def published(case):
    return case


def touched(model):
    table, column = model._meta.db_table, model._meta.fields[-1].column
    return f"UPDATE {table} SET {column} = {column}"


# ---- published


@pytest.mark.parametrize("model", LOCKED_MODELS, ids=lambda model: model.__name__)
def test_before_publication_it_may_be_changed(reviewed, model):
    sql(touched(model))


@pytest.mark.parametrize("model", LOCKED_MODELS, ids=lambda model: model.__name__)
def test_nothing_of_a_published_evaluation_changes_or_goes(published, model):
    assert model.objects.exists()

    for statement in (touched(model), f"DELETE FROM {model._meta.db_table}"):
        with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
            sql(statement)


@pytest.mark.parametrize("model", HISTORIES, ids=lambda model: model.__name__)
@pytest.mark.stage("moderate")
def test_histories_are_not_rewritten(case, model):
    case.agree()

    for statement in (touched(model), f"DELETE FROM {model._meta.db_table}"):
        with pytest.raises(IntegrityError, match="epi: frozen"):
            sql(statement)


@pytest.mark.parametrize("model", HISTORIES[1:], ids=lambda model: model.__name__)
def test_nothing_is_added_to_the_history_of_what_is_published(published, model):
    with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
        forge(model.objects.first())


def test_nothing_is_added_to_a_published_evaluation(published):
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
def test_published_stays_published(published, change):
    with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
        sql(f"UPDATE evaluation_evaluation SET {change}")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own statements")
def test_rating_does_not_give_way_to_one_of_another_evaluation(published):
    """INSERT OR REPLACE and UPDATE OR REPLACE delete the old row without firing delete triggers in other programs."""
    victim = Rating.objects.first()
    other = AssessmentFactory(evaluation=EvaluationFactory(round=published.round))
    free = Rating.objects.create(assessment=other, dimension=victim.dimension, level=1, reasons="Mine.")
    columns = ", ".join(field.column for field in Rating._meta.fields[2:])
    sql("PRAGMA recursive_triggers = OFF")

    with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
        sql(
            f"INSERT OR REPLACE INTO evaluation_rating (id, assessment_id, {columns.removeprefix('assessment_id, ')}) "
            f"SELECT {victim.pk}, {other.pk}, {columns.removeprefix('assessment_id, ')} FROM evaluation_rating "
            f"WHERE id = {free.pk}"
        )
    with pytest.raises(IntegrityError, match="epi: the evaluation is published"):
        sql("UPDATE OR REPLACE evaluation_rating SET id = %s WHERE id = %s", victim.pk, free.pk)
    sql("PRAGMA recursive_triggers = ON")

    assert Rating.objects.filter(pk=victim.pk, level=victim.level, assessment=victim.assessment).exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("model", [*LOCKED_MODELS, *HISTORIES], ids=lambda model: model.__name__)
def test_truncate_is_refused(published, model):
    sql("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="epi: not emptied"):
        sql(f"TRUNCATE {model._meta.db_table} CASCADE")


def test_alpha_is_told_from_what_was_sealed(published):
    before = [(row.words, row.alpha) for row in alphas_of(published.round)]
    assert before[0][1].n == 2
    with triggers.triggers_dropped():
        sql("UPDATE evaluation_rating SET level = NULL, not_assessed_reason = 'Gone.'")

    assert [(row.words, row.alpha) for row in alphas_of(published.round)] == before


# ---- moves, decisions and results only in their stage


@pytest.mark.parametrize(
    "fields",
    [
        {"verb": "start_rating", "from_stage": "declare", "to_stage": "rate"},
        {"verb": "start_moderation", "from_stage": "rate", "to_stage": "moderate"},
        {"verb": "publish", "from_stage": "rate", "to_stage": "published"},
    ],
)
@pytest.mark.stage("rate")
def test_move_leads_on_from_the_stage_that_lasts(case, fields):
    with pytest.raises(IntegrityError, match="epi: a move leads on"), transaction.atomic():
        StageMove.objects.create(evaluation=case.evaluation, **fields)


def test_decisions_and_results_are_not_written_afterwards(published):
    review = CommitteeReview.objects.first()

    with pytest.raises(IntegrityError, match="epi: decided while it is reviewed"):
        forge(review, cycle=2)
    with pytest.raises(IntegrityError, match="epi: decided while it is reviewed"), transaction.atomic():
        DimensionReview.objects.create(review=review, dimension=published.dimension(), decision="approve")


def test_no_result_before_the_publication(reviewed):
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
def test_ready_report_stays_as_it_is(ready, change):
    with pytest.raises(IntegrityError, match="epi: the report is ready"):
        sql(f"UPDATE evaluation_report SET {change} WHERE id = %s", ready.pk)


@pytest.mark.parametrize("state", ["queued", "ready"])
def test_files_come_only_while_the_report_is_built(ready, state):
    report = ready if state == "ready" else queued("lublin")
    file = ReportFile.objects.first()

    with pytest.raises(IntegrityError, match="epi: files come while the report is built"), transaction.atomic():
        ReportFile.objects.create(
            report=report, name="more.pdf", content_type="application/pdf", content=b"x", size=1, sha256=file.sha256
        )
