"""Duties in evaluations are cached per person object and reset when an assignment changes."""

import pytest

from cities.models import Person
from evaluation.models import Evaluation
from evaluation.rules import duties_of
from evaluation.services import rounds
from strategies.models import CityPeriod, PeriodRevision
from tests.factories import PersonFactory, SubstituteAppointmentFactory

pytestmark = pytest.mark.django_db


def test_duties_are_queried_once_per_person_object(case, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert [duties_of(case.rater1.person) for _ in range(3)] == [(True, False, False)] * 3
    with django_assert_num_queries(2):
        assert duties_of(Person.objects.get(pk=case.moderator.person.pk)) == (False, True, False)


def test_duties_change_with_assignments(case):
    person, rows = PersonFactory(), Evaluation.objects
    states = []

    def current_state():
        return tuple(duties_of(person)), rows.visible_to(person.user).exists()

    states.append(current_state())
    assignment = rounds.assign_rater(case.evaluation, person, "peer", by=case.coordinator)
    states.append(current_state())
    rounds.withdraw_rater(assignment, by=case.coordinator)
    states.append(current_state())
    rounds.set_moderator(case.evaluation, person, by=case.coordinator)
    states.append(current_state())
    rounds.set_moderator(case.evaluation, case.moderator.person, by=case.coordinator)
    states.append(current_state())
    SubstituteAppointmentFactory(evaluation=case.evaluation, person=person)
    states.append(current_state())

    none, rates, moderates, substitutes = [tuple(index == n for n in range(3)) for index in (None, 0, 1, 2)]
    assert states == [
        (none, False),
        (rates, True),
        (none, False),
        (moderates, True),
        (none, False),
        (substitutes, True),
    ]


def test_conflicts_are_not_queried_for_people_without_duties(case, everyone):
    for role in ("public", "viewer", "lead", "other_official", "partner", "coordinator", "former", "superuser"):
        user = everyone[role]
        rows = [Evaluation.objects, CityPeriod.objects, PeriodRevision.objects]
        assert "conflictofinterest" not in "".join(str(row.visible_to(user).query) for row in rows), role
        assert PeriodRevision.objects.granted_to(user).query.is_empty(), role
    for user in (case.rater1, case.moderator, case.committee1):
        assert "conflictofinterest" in str(PeriodRevision.objects.granted_to(user).query)
