"""Whether somebody has duties in evaluations is read once, and anew when one is given or taken."""

import pytest

from cities.models import Person
from evaluation.models import Evaluation
from evaluation.rules import duties_of
from evaluation.services import rounds
from strategies.models import CityPeriod, PeriodRevision
from tests.factories import PersonFactory, SubstituteAppointmentFactory

pytestmark = pytest.mark.django_db


def test_duties_are_read_once_for_each_person_object(case, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert [duties_of(case.rater1.person) for _ in range(3)] == [(True, False, False)] * 3
    with django_assert_num_queries(2):
        assert duties_of(Person.objects.get(pk=case.moderator.person.pk)) == (False, True, False)


def test_duties_follow_what_is_saved_meanwhile(case):
    person, rows = PersonFactory(), Evaluation.objects
    seen = []

    def now():
        return tuple(duties_of(person)), rows.visible_to(person.user).exists()

    seen.append(now())
    assignment = rounds.assign_rater(case.evaluation, person, "peer", by=case.coordinator)
    seen.append(now())
    rounds.withdraw_rater(assignment, by=case.coordinator)
    seen.append(now())
    rounds.set_moderator(case.evaluation, person, by=case.coordinator)
    seen.append(now())
    rounds.set_moderator(case.evaluation, case.moderator.person, by=case.coordinator)
    seen.append(now())
    SubstituteAppointmentFactory(evaluation=case.evaluation, person=person)
    seen.append(now())

    none, rates, moderates, substitutes = [tuple(place == n for n in range(3)) for place in (None, 0, 1, 2)]
    assert seen == [
        (none, False),
        (rates, True),
        (none, False),
        (moderates, True),
        (none, False),
        (substitutes, True),
    ]


def test_nothing_is_asked_about_conflicts_of_people_without_duties(case, everyone):
    for role in ("public", "viewer", "lead", "other_official", "partner", "coordinator", "former", "superuser"):
        user = everyone[role]
        rows = [Evaluation.objects, CityPeriod.objects, PeriodRevision.objects]
        assert "conflictofinterest" not in "".join(str(row.visible_to(user).query) for row in rows), role
        assert PeriodRevision.objects.granted_to(user).query.is_empty(), role
    for user in (case.rater1, case.moderator, case.committee1):
        assert "conflictofinterest" in str(PeriodRevision.objects.granted_to(user).query)
