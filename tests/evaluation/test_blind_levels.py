"""Blind levels: kept when the blind stage ends, never changed, and the only levels that agreement is computed from."""

import importlib
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from core import triggers
from core.snapshots import canonical, sha256_hex
from evaluation.models import BlindLevel, EvaluationResult, Rating
from evaluation.selectors.comparison import comparison_of
from evaluation.selectors.decision_snapshot import decision_contents
from evaluation.selectors.published import contents_of
from evaluation.selectors.results import result_summary
from evaluation.selectors.review_queue import queue_facts, with_gap
from evaluation.services import ratings
from reports.selectors.city import evaluation_facts
from tests.evaluation.conftest import CODES

pytestmark = pytest.mark.django_db


def execute_sql(statement, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def revise(case, user, level, code="impact"):
    """Change a rating in the discussion."""
    version = Rating.objects.get(assessment__rater=user.person, dimension__code=code).version
    return ratings.save_rating(
        case.evaluation, case.dimension(code), by=user, level=level, reasons="They convinced me.", version=version
    )


def _prepare_revised(case):
    """Impact was rated 1 and 4; in the discussion, the first rater moves to 4, so that the revised levels agree."""
    case.to("discuss")
    revise(case, case.rater1, 4)


PREPARED = {"revised": _prepare_revised}


@pytest.fixture
def revised(case):
    return case


def side_of(case, user, code="impact"):
    return next(side for side in comparison_of(case.evaluation, user).sides if side.dimension.code == code)


# ---- keeping them


@pytest.mark.stage("rate")
def test_blind_levels_are_kept_when_the_discussion_begins(case):
    case.rate(case.rater1, {"impact": 1})
    ratings.save_rating(case.evaluation, case.dimension(), by=case.rater2, level=4, reasons="Not submitted.")
    assert not BlindLevel.objects.exists()

    case.move("start_discussion")

    kept = BlindLevel.objects.values_list("rating__assessment__rater", "rating__dimension__code", "level")
    assert set(kept) == {(case.rater1.person.pk, code, 1 if code == "impact" else 3) for code in CODES}


@pytest.mark.slow
@pytest.mark.stage("rate")
def test_blind_level_of_a_dimension_that_was_not_assessed_is_empty(case):
    case.rate(case.rater1)
    case.rate(case.rater2)
    with triggers.triggers_dropped():
        Rating.objects.filter(dimension__code="impact").update(level=None, not_assessed_reason="Too early.")
    case.move("start_discussion")

    side = side_of(case, case.moderator)
    assert (side.spread.n, side.spread.not_assessed, side.spread.unknown_levels) == (0, 2, 0)


def test_revised_level_stands_beside_the_blind_level(revised):
    rating = Rating.objects.select_related("blind").get(
        assessment__rater=revised.rater1.person, dimension__code="impact"
    )

    assert (rating.level, rating.blind_level, rating.is_revised) == (4, 1, True)


def test_blind_level_never_changes(revised):
    row = BlindLevel.objects.first()
    for statement in (
        "UPDATE evaluation_blindlevel SET level = 2",
        "DELETE FROM evaluation_blindlevel",
        f"INSERT INTO evaluation_blindlevel (rating_id, level, kept_at) VALUES ({row.rating_id}, 2, '2026-01-01')",
    ):
        with pytest.raises(IntegrityError):
            execute_sql(statement)
    with transaction.atomic(), triggers.triggers_dropped():
        execute_sql("DELETE FROM evaluation_blindlevel")
    revised.to("moderate")

    with pytest.raises(IntegrityError, match="epi: blind levels are kept before the moderation"):
        execute_sql(
            "INSERT INTO evaluation_blindlevel (rating_id, level, kept_at) VALUES (%s, 2, '2026-01-01')", row.rating_id
        )


# ---- agreement everywhere


def test_comparison_takes_median_range_and_gap_from_blind_levels(revised):
    side = side_of(revised, revised.moderator)

    assert (side.spread.median, side.spread.range, side.gap_text) == ("1-4", "1–4", "3 levels apart")
    assert side.extremes == {1, 4}


def test_queue_and_its_order_take_the_gap_from_blind_levels(revised):
    revised.to("review")

    facts = queue_facts([revised.evaluation], revised.committee1)[revised.pk]
    assert (facts.dimension.code, facts.spread.median, facts.spread.gap) == ("impact", "1-4", 3)
    assert with_gap(type(revised.evaluation).objects.filter(pk=revised.pk)).get().largest_gap == 3


def test_decision_and_result_hold_both_levels_and_blind_agreement(revised):
    revised.to("review")
    contents = decision_contents(revised.evaluation)
    impact = next(row for row in contents["dimensions"] if row["code"] == "impact")

    assert (impact["agreement"]["median"], impact["agreement"]["gap"]) == ("1-4", 3)
    levels = [(row["blind_level"], row["level"]) for row in impact["ratings"] if row["capacity"] == "peer"]
    assert sorted(levels) == [(1, 4), (4, 4)]
    revised.to("published")
    result = EvaluationResult.objects.get()
    row = next(row for row in result_summary(revised.evaluation).rows if row.code == "impact")
    printed = next(row for row in evaluation_facts(result)["dimensions"] if row["code"] == "impact")
    assert (row.median, row.range) == ("1–4", "1–4")
    assert printed["independent"] == {"n": 2, "median": "1-4", "range": "1-4", "gap": 3}
    assert result.schema_version == 2


@pytest.mark.parametrize(
    "stage, user, page",
    [
        ("discuss", "rater2", "evaluation:discuss"),
        ("moderate", "moderator", "evaluation:moderate"),
        ("review", "committee1", "admin:evaluation_review"),
    ],
)
def test_pages_show_the_blind_level_and_the_revised_one(revised, client, stage, user, page):
    revised.to(stage)
    client.force_login(getattr(revised, user))

    text = client.get(reverse(page, args=[revised.pk])).content.decode()

    assert text.count("revised to level 4") == 2  # in the table and in the list of ratings
    assert "initial level not available" not in text


# ---- evaluations of before


def migrated(name):
    module = importlib.import_module("evaluation.migrations.0007_blind_levels_from_history")
    getattr(module, name)(apps, SimpleNamespace(connection=connection))


def forget_blind_levels():
    with triggers.triggers_dropped():
        execute_sql("DELETE FROM evaluation_blindlevel")


def test_migration_takes_blind_levels_from_the_history(revised):
    forget_blind_levels()
    without_history = Rating.objects.get(assessment__rater=revised.rater2.person, dimension__code="impact")
    with triggers.triggers_dropped():
        Rating.history.filter(id=without_history.pk).delete()
        later = revised.evaluation.transitions.get(verb="start_discussion").at + timedelta(days=1)
        Rating.history.filter(history_type="~").update(history_date=later)

    migrated("keep_blind_levels")

    kept = dict(BlindLevel.objects.filter(rating__dimension__code="impact").values_list("rating", "level"))
    own = Rating.objects.get(assessment__rater=revised.rater1.person, dimension__code="impact")
    assert kept[own.pk] == 1
    assert without_history.pk not in kept
    side = side_of(revised, revised.moderator)
    assert (side.spread.n, side.spread.median, side.spread.unknown_levels) == (1, "1", 1)


def test_pages_say_that_the_initial_level_is_not_kept(revised, client):
    forget_blind_levels()
    client.force_login(revised.moderator)

    text = client.get(reverse("evaluation:discuss", args=[revised.pk])).content.decode()

    assert "initial level not available; now level 4" in text


@pytest.mark.slow
def test_migration_lets_members_decide_again_in_evaluations_under_review(revised):
    revised.to("review")
    revised.decide(revised.committee1)

    migrated("start_new_cycles")

    assert revised.evaluation.cycle == 2
    revised.decide(revised.committee1)
    revised.decide(revised.committee2)
    assert revised.evaluation.stage == "published"


def make_schema_1(result):
    """Store the result as version 0.1.0 did: agreement of the revised levels, nothing about blind ones."""
    contents = result.contents
    for dimension in contents["dimensions"]:
        for spread in (dimension["agreement"], *dimension["by_capacity"].values()):
            del spread["unknown_levels"]
        for rating in dimension["ratings"]:
            for key in ("blind_level", "is_blind_level_kept", "is_submitted_late"):
                del rating[key]
        if dimension["code"] == "impact":
            dimension["agreement"] |= {"median": "4", "low": 4, "high": 4, "gap": 0}
    snapshot = canonical(contents)
    with triggers.triggers_dropped():
        execute_sql(
            "UPDATE evaluation_evaluationresult SET snapshot = %s, sha256 = %s, schema_version = 1",
            snapshot,
            sha256_hex(snapshot),
        )
    return EvaluationResult.objects.get(pk=result.pk)


@pytest.mark.slow
def test_earlier_result_is_shown_with_blind_agreement_and_stays_as_it_is(revised, client):
    revised.to("published")
    result = make_schema_1(EvaluationResult.objects.get())
    before = result.snapshot

    impact = next(row for row in contents_of(result)["dimensions"] if row["code"] == "impact")
    assert (impact["agreement"]["median"], impact["agreement"]["gap"]) == ("1-4", 3)
    page = client.get(revised.evaluation.get_absolute_url()).content.decode()
    assert "The locked result used the ratings as revised" in page
    printed = next(row for row in evaluation_facts(result)["dimensions"] if row["code"] == "impact")
    assert printed["independent"]["median"] == "1-4"
    assert EvaluationResult.objects.get().snapshot == before


@pytest.mark.slow
def test_earlier_result_without_kept_levels_says_so(revised, client):
    revised.to("published")
    result = make_schema_1(EvaluationResult.objects.get())
    forget_blind_levels()

    impact = next(row for row in contents_of(result)["dimensions"] if row["code"] == "impact")

    assert (impact["agreement"]["n"], impact["agreement"]["unknown_levels"]) == (0, 2)
    assert "initial level not available" in client.get(revised.evaluation.get_absolute_url()).content.decode()
