"""Emails to responsible people and about comments on a draft."""

from datetime import timedelta

import pytest

from accounts.models import Mail
from cities.enums import BodyKind, Role
from strategies.services import plans
from tests.factories import ActionFactory, ObjectiveFactory, StrategyFactory, UserFactory, member

from .helpers import an_official

pytestmark = pytest.mark.django_db


@pytest.fixture
def official(city):
    return an_official(city)


@pytest.fixture
def expert(city):
    return member(BodyKind.EXPERT_GROUP, Role.MEMBER, city, user=UserFactory(language="en"))


@pytest.fixture
def in_force(city):
    """Return an action of an adopted strategy that nobody is responsible for."""
    strategy = StrategyFactory(city=city, published=True)
    return ActionFactory(objective=ObjectiveFactory(area__strategy=strategy), title="Mentors", responsible=None)


def recipients():
    return sorted(Mail.objects.values_list("recipient", flat=True))


def test_new_responsible_person_is_notified_once(in_force, official, expert):
    for title in ("Mentors", "Mentors for all"):
        plans.save_part(in_force, by=official, fields={"responsible": expert.person, "title": title})

    mail = Mail.objects.get()
    assert (mail.recipient, mail.subject) == (expert.email, "You are responsible for: Mentors")
    assert in_force.get_absolute_url() in mail.body


def test_person_who_becomes_responsible_again_is_notified_again(in_force, official, expert):
    for person in (expert.person, None, expert.person):
        plans.save_part(in_force, by=official, fields={"responsible": person})

    assert recipients() == [expert.email] * 2


def test_official_who_takes_an_action_over_is_not_notified(in_force, official):
    plans.save_part(in_force, by=official, fields={"responsible": official.person})

    assert recipients() == []


def test_responsible_people_of_a_draft_are_notified_when_it_is_adopted(city, official, lead, expert):
    strategy = StrategyFactory(city=city)
    objective = ObjectiveFactory(area__strategy=strategy)
    actions = [ActionFactory(objective=objective, title=f"Action {number}", responsible=None) for number in range(3)]
    for action in actions[:2]:
        plans.save_part(action, by=official, fields={"responsible": expert.person})
    plans.save_part(actions[2], by=official, fields={"responsible": lead.person})
    before = recipients()

    plans.adopt_strategy(strategy, by=lead, on=city.today - timedelta(days=1))

    mail = Mail.objects.get()
    assert (before, mail.recipient, mail.subject) == ([], expert.email, f"Adopted: {strategy.title}")
    assert "responsible for 2 actions in it:\n\n– Action 0\n– Action 1\n\nLog updates on these actions" in mail.body


def test_officials_but_not_the_author_are_notified_of_a_comment_on_a_draft(city, official, lead, expert):
    strategy = StrategyFactory(city=city)

    plans.comment_strategy(strategy, by=expert, text="Housing is missing.")
    by_expert = recipients()
    Mail.objects.all().delete()
    plans.comment_strategy(strategy, by=official, text="It is in area 2.")

    assert (by_expert, recipients()) == (sorted([official.email, lead.email]), [lead.email])
