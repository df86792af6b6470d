"""Services that are called again with what is stored already, and by people who may not call them."""

import pytest
from django.urls import reverse

from cities.models import Person
from core.available import available_actions
from core.exceptions import PermissionRefused
from evaluation.exceptions import ConflictRecordedByOthers, ConflictStored
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

    again = conflicts.declare_conflict(case.evaluation, person, by=case.coordinator, reason="Advised the city.")

    assert again == first
    with pytest.raises(ConflictStored, match=r"“Advised the city.”.*“Her sister works there.”"):
        conflicts.declare_conflict(case.evaluation, person, by=case.coordinator, reason="Her sister works there.")


def test_reason_that_a_coordinator_stored_is_not_shown_to_the_person(case):
    conflicts.declare_conflict(case.evaluation, case.official.person, by=case.coordinator, reason="Secret.")

    with pytest.raises(ConflictRecordedByOthers) as refused:
        conflicts.declare_conflict(case.evaluation, by=case.official, reason="It is my city.")

    assert "It is my city." in str(refused.value)
    assert "Secret." not in str(refused.value)


def test_person_whose_conflict_is_stored_is_not_offered_to_declare_it(case):
    conflicts.declare_conflict(case.evaluation, case.lead.person, by=case.coordinator, reason="Secret.")

    found = available_actions(case.evaluation, case.lead, is_found=True)["declare_conflict"]

    assert isinstance(found.reason, ConflictRecordedByOthers)
    assert "Secret." not in str(found.reason)


def test_own_conflict_posted_again_gets_the_same_answer_and_another_one_both_reasons(case, client):
    client.force_login(case.committee1)
    url = reverse("evaluation:conflict_declare", args=[case.pk])

    pages = [client.post(url, {"reason": reason}, follow=True) for reason in ("I advised.", "I advised.", "My sister.")]

    assert ["Thank you." in page.content.decode() for page in pages] == [True, True, False]
    assert "“I advised.”. Not saved: “My sister.”" in pages[2].content.decode()
    assert client.get(url).status_code == 404
    assert [row.reason for row in case.evaluation.conflicts.all()] == ["I advised."]


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
