"""An evaluation added by mistake is removed from its round while nobody has rated it."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Mail
from core.exceptions import PermissionRefused, ReasonMissing
from evaluation.exceptions import AlreadyRated
from evaluation.models import Evaluation, RoundResult, StageTransition
from evaluation.selectors.tasks import tasks_of
from evaluation.services import ratings, removal, rounds, stages
from tests.factories import EvaluationFactory

pytestmark = pytest.mark.django_db
REASON = "Added to the wrong round."


def remove(case, by=None, reason=REASON):
    return removal.remove_evaluation(case.evaluation, by=by or case.coordinator, reason=reason)


@pytest.mark.parametrize("shared_case", ["declare", "rate"], indirect=True, scope="package")
def test_coordinator_removes_an_unrated_evaluation_with_a_reason(case, client):
    client.force_login(case.coordinator)
    url = reverse("evaluation:assign", args=[case.pk])
    assert "Remove from the round" in client.get(url).content.decode()
    assert "Fill in" in client.post(url, {"act": "remove", "remove-reason": ""}).content.decode()

    response = client.post(url, {"act": "remove", "remove-reason": REASON})

    assert response.url == case.round.get_absolute_url()
    transition = StageTransition.objects.get(evaluation=case.pk, verb="remove")
    assert (transition.by, transition.reason) == (case.coordinator, REASON)
    assert REASON in client.get(response.url).content.decode()
    assert case.evaluation.history.first().stage == "removed"
    assert not case.evaluation.assignments.active().exists()
    mails = Mail.objects.filter(key__startswith=f"evaluation-move/{transition.pk}")
    assert {mail.recipient for mail in mails} == {
        user.email for user in (case.rater1, case.rater2, case.official, case.moderator)
    }


def test_removed_evaluation_is_seen_by_nobody_and_asks_nobody(case, client):
    remove(case)

    for role in ("coordinator", "rater1", "moderator", "committee1", "official", "lead", "partner"):
        user = getattr(case, role)
        client.force_login(user)
        assert client.get(case.evaluation.get_absolute_url()).status_code == 404
        assert not Evaluation.objects.visible_to(user).filter(pk=case.pk).exists()
        assert tasks_of(user) == []
    assert stages.move_due_stages() == []
    client.logout()
    assert REASON not in client.get(case.round.get_absolute_url()).content.decode()


def test_strategy_can_be_added_again(case):
    remove(case)

    again = rounds.add_evaluation(case.round, case.evaluation.strategy, by=case.coordinator)

    assert (again.round, again.stage) == (case.round, "declare")
    with pytest.raises(PermissionRefused):
        remove(case)


@pytest.mark.stage("rate")
def test_rated_evaluation_stays(case, client):
    ratings.save_rating(case.evaluation, case.dimension(), by=case.rater1, reasons="Begun.")

    with pytest.raises(AlreadyRated):
        remove(case)
    client.force_login(case.coordinator)
    assert "Remove from the round" not in client.get(reverse("evaluation:assign", args=[case.pk])).content.decode()


def test_removal_needs_a_reason_and_a_coordinator(case):
    with pytest.raises(ReasonMissing):
        remove(case, reason=" ")
    for user in (case.moderator, case.lead, case.committee1):
        with pytest.raises(PermissionRefused):
            remove(case, by=user)
    with pytest.raises(IntegrityError), transaction.atomic():
        StageTransition.objects.create(
            evaluation=case.evaluation, verb="remove", from_stage="declare", to_stage="removed"
        )


@pytest.mark.stage("review")
def test_removing_the_last_unfinished_evaluation_closes_the_round(case):
    other = EvaluationFactory(round=case.round)
    case.to("published")
    assert not RoundResult.objects.exists()

    removal.remove_evaluation(other, by=case.coordinator, reason=REASON)

    contents = RoundResult.objects.get().contents
    assert (len(contents["evaluations"]), contents["unpublished"]) == (1, 0)


def test_removing_the_only_evaluation_leaves_the_round_open(case):
    remove(case)

    assert not RoundResult.objects.exists()
