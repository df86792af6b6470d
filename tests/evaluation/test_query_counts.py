"""Pages of evaluations ask the database as often for many rows as for few.

Each page is asked twice: the first answer fills what this process keeps of its user.
"""

import pytest
from django.urls import reverse

from cities.rules import clear_role_cache
from evaluation.models import (
    RaterAssignment,
    Rating,
)
from evaluation.services import discussion, rounds
from tests.factories import (
    EvaluationFactory,
    EvaluationRoundFactory,
    PersonFactory,
    ReportingPeriodFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def create_evaluations(case, count):
    for n in range(count):
        period = ReportingPeriodFactory(ahead=n + 1)
        round_ = EvaluationRoundFactory(framework=case.framework, period=period)
        evaluation = EvaluationFactory(round=round_, strategy=case.evaluation.strategy)
        rounds.assign_rater(evaluation, case.rater1.person, "peer", by=case.coordinator)
        rounds.set_moderator(evaluation, case.moderator.person, by=case.coordinator)


@pytest.mark.parametrize("role", ["coordinator", "rater1", "lead", "committee1"])
def test_evaluation_list_query_count_is_constant(case, client, role, django_assert_max_num_queries):
    user = getattr(case, role)
    counts = []
    for more in (0, 4):
        create_evaluations(case, more)
        client.force_login(user)
        clear_role_cache(user)
        client.get(reverse("evaluation:round_list"))
        with django_assert_max_num_queries(15) as captured:
            client.get(reverse("evaluation:round_list"))
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_round_page_query_count_is_constant(case, client, django_assert_max_num_queries):
    counts = []
    client.force_login(case.coordinator)
    for more in (0, 4):
        for _n in range(more):
            EvaluationFactory(round=case.round)
        client.get(case.round.get_absolute_url())
        with django_assert_max_num_queries(15) as captured:
            client.get(case.round.get_absolute_url())
        counts.append(len(captured))

    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "shared_case",
    ["declare", "rate", "discuss", "moderate", "review", "published"],
    indirect=True,
    scope="package",
)
@pytest.mark.parametrize("role", ["rater1", "moderator", "committee1", "coordinator", "lead"])
def test_evaluation_page_has_a_query_limit(case, client, role, django_assert_max_num_queries):
    client.force_login(getattr(case, role))

    with django_assert_max_num_queries(20):
        response = client.get(reverse("evaluation:evaluation_detail", args=[case.pk]))

    assert response.status_code == 200


@pytest.mark.stage("discuss")
def test_discussion_page_query_count_is_constant(case, client, django_assert_max_num_queries):
    counts = []
    client.force_login(case.moderator)
    for more in (0, 3):
        _add_raters(case, more)
        client.get(reverse("evaluation:discuss", args=[case.pk]))
        with django_assert_max_num_queries(20) as captured:
            client.get(reverse("evaluation:discuss", args=[case.pk]))
        counts.append(len(captured))

    assert counts[0] == counts[1]


def _add_raters(case, count):
    from evaluation.models import Assessment

    for _n in range(count):
        person = PersonFactory()
        RaterAssignment.objects.create(
            evaluation=case.evaluation, person=person, capacity="peer", assigned_by=case.coordinator
        )
        assessment = Assessment.objects.create(
            evaluation=case.evaluation, rater=person, capacity="peer", submitted_at=case.evaluation.revision.created_at
        )
        for dimension in case.framework.dimensions.all():
            Rating.objects.create(assessment=assessment, dimension=dimension, level=2, reasons="Because.")
        discussion.add_note(case.evaluation, dimension, by=case.rater1, text=f"Note {person.pk}.")
