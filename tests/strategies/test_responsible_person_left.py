"""An action whose responsible person has left the city: as without one, with a warning before and a task afterwards."""

from datetime import timedelta

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from cities.services.memberships import end_membership
from core import clock
from strategies.enums import Health
from strategies.models import Action
from strategies.models.health import health_reason
from strategies.selectors.completeness import completeness
from strategies.selectors.work import my_work
from strategies.services import periods
from strategies.services.reminders import due_by_person
from tests.factories import ActionFactory, CityPeriodFactory, MembershipFactory, PersonFactory, member

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def leaver(city):
    return member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city).person


@pytest.fixture
def own_action(city, leaver):
    """Return an action that is on track as long as somebody is responsible for it."""
    today = city.today
    return ActionFactory(
        city=city, title="Language café", responsible=leaver, starts_on=today - DAY, ends_on=today + 300 * DAY
    )


def leave(person, by=None, on=None):
    for membership in person.memberships.current():
        end_membership(membership, by=by, on=on)


def stored(action, **given):
    return Action.objects.with_health(**given).get(pk=action.pk)


def test_action_is_at_risk_once_the_responsible_person_has_left(own_action, leaver):
    assert stored(own_action).health == Health.ON_TRACK

    leave(leaver)

    assert (stored(own_action).health, stored(own_action).has_responsible) == (Health.AT_RISK, False)
    assert health_reason(stored(own_action)).startswith("No responsible person")


def test_person_stays_responsible_until_the_last_membership_ends(city, own_action, leaver):
    group = MembershipFactory(person=leaver, body__kind=BodyKind.EXPERT_GROUP, body__city=city, role=Role.MEMBER)
    end_membership(leaver.memberships.exclude(pk=group.pk).get(), by=None, on=city.today)
    end_membership(group, by=None, on=city.today + 5 * DAY)

    assert stored(own_action).health == Health.ON_TRACK
    assert stored(own_action, today=city.today + 5 * DAY).health == Health.AT_RISK


def test_membership_of_another_city_does_not_count(own_action, leaver, other_city):
    leave(leaver)
    MembershipFactory(person=leaver, body__kind=BodyKind.CITY_OFFICE, body__city=other_city)

    assert stored(own_action).health == Health.AT_RISK


def test_person_who_never_was_a_member_stays_responsible(city, own_action):
    own_action.responsible = PersonFactory()
    own_action.save()

    assert stored(own_action).health == Health.ON_TRACK


def test_completeness_and_revision_name_it_as_missing(city, own_action, leaver, lead):
    row = CityPeriodFactory(city=city)
    assert "owner" not in [gap.kind for gap in completeness(row).missing]

    leave(leaver)

    gap = next(gap for gap in completeness(row).missing if gap.kind == "owner")
    assert (gap.pk, gap.text) == (own_action.pk, f"{leaver}, who was responsible, has left.")
    revision = periods.submit_period(row, by=lead)
    assert [entry["has_accountable"] for entry in revision.contents["actions"]] == [False]


def test_lead_official_gets_a_task(client, own_action, leaver, lead):
    def tasks():
        return [row.title for row in my_work(lead).due if "Choose who" in row.title]

    assert tasks() == []

    leave(leaver)

    assert tasks() == ["Choose who is responsible for Language café"]
    client.force_login(lead)
    assert reverse("strategies:action_edit", args=[own_action.pk]) in client.get("/my-work/").content.decode()


def test_reminders_go_to_the_lead_official(city, own_action, leaver, lead):
    with clock.at(clock.now() + 100 * DAY):
        before = set(due_by_person(city))
        leave(leaver)
        after = set(due_by_person(city))

    assert (before, after) == ({leaver}, {lead.person})


@pytest.mark.parametrize("is_last", [True, False])
def test_page_that_ends_the_membership_lists_what_is_left(client, city, own_action, leaver, lead, is_last):
    row = leaver.memberships.get()
    ActionFactory(city=city, title="Withdrawn", responsible=leaver, withdrawn_at=clock.now(), withdrawn_reason="x")
    if not is_last:
        MembershipFactory(person=leaver, body__kind=BodyKind.EXPERT_GROUP, body__city=city, role=Role.MEMBER)
    client.force_login(lead)

    page = client.get(reverse("cities:membership_end", args=[row.pk])).content.decode()

    assert ("Language café" in page) is is_last
    assert (reverse("cities:membership_hand_over", args=[row.pk]) in page) is is_last
    assert "Withdrawn" not in page


def test_page_of_action_says_that_the_person_has_left(client, own_action, leaver, lead):
    client.force_login(lead)
    url = own_action.get_absolute_url()
    assert "has left" not in client.get(url).content.decode()

    leave(leaver)

    assert "has left" in client.get(url).content.decode()


def test_office_of_the_network_leaves_no_actions(client, everyone):
    client.force_login(everyone["coordinator"])
    row = everyone["partner"].person.memberships.get()

    assert client.get(reverse("cities:membership_end", args=[row.pk])).context["duties"] == []
