"""The page *verify* knows every hash that evaluations and periods show, and links only what the reader may see."""

import pytest
from django.apps import apps
from django.urls import reverse

from core.models import HashedSnapshot
from evaluation.models import CommitteeReview, EvaluationResult, RoundResult
from strategies.models import PeriodRevision

pytestmark = pytest.mark.django_db
YES, NO = "Yes, the network has this hash on record", "No, the network has not issued this"


@pytest.fixture
def verify(client):
    return lambda sha256: client.get(reverse("reports:verify"), {"hash": sha256}).content.decode()


@pytest.mark.stage("published")
def test_every_frozen_record_is_known(case, verify):
    models = [model for model in apps.get_models() if issubclass(model, HashedSnapshot)]
    hashes = [sha256 for model in models for sha256 in model.objects.values_list("sha256", flat=True)]

    assert {EvaluationResult, RoundResult, PeriodRevision} <= set(models)
    assert len(hashes) >= 3
    for sha256 in hashes:
        assert YES in verify(sha256)
    assert NO in verify("0" * 64)


@pytest.mark.stage("published")
def test_published_result_is_linked_and_the_round_named(case, verify):
    page = verify(EvaluationResult.objects.get().sha256)

    assert f'href="{case.evaluation.get_absolute_url()}"' in page
    assert "Lublin, Autumn round" in page
    assert f'href="{case.round.get_absolute_url()}"' in verify(RoundResult.objects.get().sha256)


@pytest.mark.stage("review")
def test_decision_is_known_to_those_who_may_see_it(case, verify, client):
    case.decide(case.committee1)
    sha256 = CommitteeReview.objects.get().snapshot_hash
    assert NO in verify(sha256)
    client.force_login(case.committee2)
    assert YES in verify(sha256)
    client.force_login(case.committee3)  # in conflict
    assert NO in verify(sha256)
    client.logout()

    case.decide(case.committee2)

    assert YES in verify(sha256)


@pytest.mark.stage("published")
def test_revision_is_linked_only_for_those_who_may_see_it(case, verify, client):
    revision = case.evaluation.revision
    url = reverse("strategies:revision_detail", args=[revision.city_period_id, revision.number])

    page = verify(revision.sha256)
    assert YES in page
    assert "Lublin" in page
    assert url not in page
    client.force_login(case.lead)
    assert url in verify(revision.sha256)
