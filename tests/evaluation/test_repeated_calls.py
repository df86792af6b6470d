"""Services that are called again with what is stored already, and by people who may not call them."""

import pytest

from cities.models import Person
from evaluation.exceptions import PermissionRefused
from evaluation.models import ConflictOfInterest, EvaluationResult
from evaluation.services import conflicts, ratings, rounds
from tests.evaluation.conftest import CODES
from tests.factories import EventFactory, PersonFactory


def test_conflict_of_somebody_else_is_declared_by_coordinators_only(case):
    person = PersonFactory()

    with pytest.raises(PermissionRefused):
        conflicts.declare_conflict(case.evaluation, person, by=case.partner, reason="Advised the city.")
    assert not ConflictOfInterest.objects.filter(person=person).exists()


def test_conflict_declared_again_by_a_coordinator_is_stored_once(case):
    person = PersonFactory()
    first = conflicts.declare_conflict(case.evaluation, person, by=case.coordinator, reason="Advised the city.")

    again = conflicts.declare_conflict(case.evaluation, person, by=case.coordinator, reason="Once more.")

    assert (again, again.reason) == (first, "Advised the city.")


def test_moderator_named_again_stays_and_is_not_notified_again(case):
    again = rounds.set_moderator(case.evaluation, case.moderator.person, by=case.coordinator)

    assert again.moderator == Person.objects.get(user=case.moderator)


@pytest.mark.stage("rate")
def test_citation_saved_again_is_stored_once(case):
    event = EventFactory(city=case.city, published_at=case.evaluation.revision.created_at)
    fields = {"by": case.rater1, "level": 3, "reasons": "x", "citations": [f"event:{event.pk}"]}
    first = ratings.save_rating(case.evaluation, case.dimension(), **fields)

    second = ratings.save_rating(case.evaluation, case.dimension(), version=first.version, **fields)

    assert [citation.source for citation in second.citations.all()] == [("event", event.pk)]


@pytest.mark.stage("review")
def test_published_comments_leave_out_dimensions_without_one(case):
    verdicts = {code: ("approve", "Well argued." if code == "impact" else "") for code in CODES}
    case.decide(case.committee1, dimensions=verdicts)

    case.decide(case.committee2)

    contents = EvaluationResult.objects.get(evaluation=case.evaluation).contents
    assert [row["code"] for row in contents["dimensions"] if row["committee"]] == ["impact"]
