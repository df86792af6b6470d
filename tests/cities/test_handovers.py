"""Handover of a role to another person: who may do it, to whom, and the signal that is sent."""

import pytest

from accounts.models import Mail
from cities.enums import Role
from cities.exceptions import CommitteeSeatRefused, MembershipRefused, OwnRoleRefused
from cities.rules import is_own_official_membership
from cities.services import memberships
from cities.signals import membership_handed_over
from core import clock
from core.exceptions import PermissionRefused
from tests.factories import MembershipFactory, PersonFactory

from .membership_data import membership_of


@pytest.fixture
def handovers():
    calls = []

    def record(sender, **kwargs):
        calls.append(kwargs)

    membership_handed_over.connect(record)
    yield calls
    membership_handed_over.disconnect(record)


def test_hand_over_moves_role_and_sends_signal(everyone, office, handovers):
    lead, successor = everyone["lead"], PersonFactory()

    membership = memberships.hand_over(membership_of(lead), to=successor, by=everyone["coordinator"])

    assert (membership.person, membership.role, membership.body) == (successor, Role.LEAD_OFFICIAL, office)
    assert not lead.person.memberships.current().exists()
    (sent,) = handovers
    assert (sent["person"], sent["to"], sent["body"]) == (lead.person, successor, office)
    assert sent["membership"].valid_to == clock.today()


def test_lead_hands_over_own_role(everyone, handovers):
    membership = memberships.hand_over(
        membership_of(everyone["lead"]), to=everyone["official"].person, by=everyone["lead"]
    )

    assert membership.person == everyone["official"].person


def test_hand_over_to_holder_of_role_adds_no_membership(everyone, office, handovers):
    successor = MembershipFactory(body=office, role=Role.LEAD_OFFICIAL)

    membership = memberships.hand_over(membership_of(everyone["lead"]), to=successor.person, by=everyone["coordinator"])

    assert membership == successor


def test_hand_over_to_oneself_is_refused(everyone, handovers):
    with pytest.raises(OwnRoleRefused):
        memberships.hand_over(membership_of(everyone["official"]), to=everyone["lead"].person, by=everyone["lead"])
    assert handovers == []


def test_hand_over_to_same_person_or_by_viewer_is_refused(everyone, handovers):
    row = membership_of(everyone["official"])

    with pytest.raises(MembershipRefused, match="someone else"):
        memberships.hand_over(row, to=row.person, by=everyone["lead"])
    with pytest.raises(PermissionRefused):
        memberships.hand_over(row, to=PersonFactory(), by=everyone["viewer"])
    assert handovers == []


def test_hand_over_of_committee_seat_to_coordinator_is_refused(everyone, chair, handovers):
    with pytest.raises(CommitteeSeatRefused):
        memberships.hand_over(membership_of(chair), to=everyone["coordinator"].person, by=chair)


def test_hand_over_of_committee_seat_by_coordinator_is_refused(everyone, committee, chair, handovers):
    for successor in (PersonFactory(), MembershipFactory(body=committee, role=Role.CHAIR).person):
        with pytest.raises((CommitteeSeatRefused, PermissionRefused)):
            memberships.hand_over(membership_of(chair), to=successor, by=everyone["coordinator"])

    assert membership_of(chair).valid_to is None
    assert handovers == []


@pytest.mark.parametrize(
    "role", ["official", "viewer", "expert", "partner", "trainer", "scientific", "data_protection"]
)
def test_hand_over_of_own_role_to_non_member_is_refused(everyone, handovers, role):
    row, successor = membership_of(everyone[role]), PersonFactory()

    with pytest.raises(PermissionRefused):
        memberships.hand_over(row, to=successor, by=everyone[role])

    assert not successor.memberships.exists()
    assert handovers == []


def test_official_hands_over_own_tasks_to_other_official(everyone, office, handovers):
    row, successor = membership_of(everyone["official"]), MembershipFactory(body=office, role=Role.OFFICIAL)

    memberships.hand_over(row, to=successor.person, by=everyone["official"])

    assert [(sent["person"], sent["to"]) for sent in handovers] == [(row.person, successor.person)]


@pytest.mark.parametrize("role", ["viewer", "expert", "partner"])
def test_hand_over_of_own_role_is_refused_for_other_roles(everyone, handovers, role):
    row = membership_of(everyone[role])
    successor = MembershipFactory(body=row.body, role=row.role)

    with pytest.raises(PermissionRefused):
        memberships.hand_over(row, to=successor.person, by=everyone[role])


def test_hand_over_to_person_without_account_is_refused(everyone, handovers):
    with pytest.raises(MembershipRefused, match="no account"):
        memberships.hand_over(membership_of(everyone["official"]), to=PersonFactory(user=None), by=everyone["lead"])


# ---- email


def test_successor_gets_one_email_about_the_handover(everyone, office):
    successor = MembershipFactory(body=office, role=Role.OFFICIAL).person
    lead = everyone["lead"].person

    memberships.hand_over(membership_of(everyone["lead"]), to=successor, by=everyone["coordinator"])

    mail = Mail.objects.get()
    assert mail.recipient == successor.user.email
    assert lead.name in mail.subject
    assert office.city.get_absolute_url() in mail.body


def test_successor_in_a_body_of_the_network_gets_an_email(everyone, committee, chair):
    successor = MembershipFactory(body=committee, role=Role.MEMBER).person

    memberships.hand_over(membership_of(chair), to=successor, by=None)

    assert Mail.objects.get().recipient == successor.user.email


# ---- permission to hand over


@pytest.mark.parametrize(
    "role, expected", [("official", True), ("lead", True), ("viewer", False), ("superuser", False)]
)
def test_hand_over_permission_on_own_role_is_for_officials(everyone, role, expected):
    user = everyone[role]
    own = membership_of(user) if hasattr(user, "person") else membership_of(everyone["viewer"])

    assert user.has_perm("cities.hand_over_membership", own) is expected


def test_is_own_official_membership_without_membership_depends_on_role(everyone):
    assert [is_own_official_membership(everyone[role], None) for role in ("official", "viewer", "superuser")] == [
        True,
        False,
        False,
    ]


def test_row_that_is_no_membership_is_nobodys_own(everyone, city):
    assert is_own_official_membership(everyone["lead"], city) is False
