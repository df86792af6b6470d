"""Memberships: who may add and end them, and who sees them."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError

from cities.enums import BodyKind, Role, Seat
from cities.exceptions import CommitteeSeatRefused, MembershipRefused, OwnRoleRefused
from cities.models import Body, Membership, Person
from cities.rules import lead_city_ids
from cities.services import memberships
from core import clock
from core.exceptions import PermissionRefused
from tests.factories import BodyFactory, MembershipFactory, PersonFactory

from .membership_data import membership_of

# ---- adding


def test_lead_adds_official_from_today(everyone, office):
    person = PersonFactory()

    membership = memberships.add_member(person=person, body=office, role=Role.OFFICIAL, by=everyone["lead"])

    assert (membership.person, membership.body, membership.role, membership.valid_from) == (
        person,
        office,
        "official",
        clock.today(),
    )
    assert membership.history.get().history_user == everyone["lead"]


@pytest.mark.parametrize("role", ["lead", "coordinator"])
def test_add_member_refuses_own_role(everyone, office, role):
    user = everyone[role]
    before = Membership.objects.count()

    with pytest.raises(OwnRoleRefused):
        memberships.add_member(person=user.person, body=office, role=Role.VIEWER, by=user)

    assert Membership.objects.count() == before


@pytest.mark.parametrize(
    "role", ["viewer", "expert", "local_committee", "official", "other_official", "partner", "former", "superuser"]
)
def test_add_member_refuses_other_roles(everyone, office, role):
    with pytest.raises(PermissionRefused):
        memberships.add_member(person=PersonFactory(), body=office, role=Role.VIEWER, by=everyone[role])


def test_lead_cannot_add_member_outside_own_city(everyone, other_city):
    other_office = BodyFactory(kind=BodyKind.CITY_OFFICE, city=other_city)
    network = Body.objects.get(kind=BodyKind.NETWORK_OFFICE)

    for body, role in ((other_office, Role.VIEWER), (network, Role.PARTNER)):
        with pytest.raises(PermissionRefused):
            memberships.add_member(person=PersonFactory(), body=body, role=role, by=everyone["lead"])


def test_role_of_other_body_kind_is_refused(everyone, office):
    with pytest.raises(MembershipRefused, match="does not have that role"):
        memberships.add_member(person=PersonFactory(), body=office, role=Role.COORDINATOR, by=everyone["coordinator"])


def test_coordinator_cannot_add_committee_member(everyone, committee):
    with pytest.raises(CommitteeSeatRefused):
        memberships.add_member(person=PersonFactory(), body=committee, role=Role.MEMBER, by=everyone["coordinator"])


@pytest.mark.parametrize("by_command", [True, False])
def test_coordinator_cannot_become_committee_member(everyone, committee, chair, by_command):
    by = None if by_command else chair

    with pytest.raises(CommitteeSeatRefused):
        memberships.add_member(person=everyone["coordinator"].person, body=committee, role=Role.MEMBER, by=by)


def test_committee_member_cannot_become_coordinator(everyone):
    network = Body.objects.get(kind=BodyKind.NETWORK_OFFICE)

    with pytest.raises(CommitteeSeatRefused):
        memberships.add_member(
            person=everyone["scientific"].person, body=network, role=Role.COORDINATOR, by=everyone["coordinator"]
        )


def test_chair_adds_committee_members_only(everyone, committee, chair, office):
    membership = memberships.add_member(person=PersonFactory(), body=committee, role=Role.MEMBER, by=chair)

    assert membership.body == committee
    with pytest.raises(PermissionRefused):
        memberships.add_member(person=PersonFactory(), body=office, role=Role.VIEWER, by=chair)
    with pytest.raises(PermissionRefused):
        memberships.add_member(person=PersonFactory(), body=committee, role=Role.MEMBER, by=everyone["scientific"])


@pytest.mark.parametrize(
    "valid_from,valid_to,starts,is_refused",
    [
        (date(2024, 1, 1), None, date(2025, 1, 1), True),
        (date(2024, 1, 1), date(2025, 1, 2), date(2025, 1, 1), True),
        (date(2024, 1, 1), date(2025, 1, 1), date(2025, 1, 1), False),
        (date(2026, 1, 1), date(2026, 2, 1), date(2025, 1, 1), True),
    ],
)
def test_overlapping_membership_is_refused(everyone, office, valid_from, valid_to, starts, is_refused):
    person = PersonFactory()
    MembershipFactory(person=person, body=office, role=Role.VIEWER, valid_from=valid_from, valid_to=valid_to)
    given = {"person": person, "body": office, "role": Role.VIEWER, "valid_from": starts, "by": everyone["lead"]}

    if is_refused:
        with pytest.raises(MembershipRefused, match="already"):
            memberships.add_member(**given)
    else:
        assert memberships.add_member(**given).valid_from == starts


def test_overlap_found_by_database_is_refused(everyone, office, monkeypatch):
    person = PersonFactory()
    MembershipFactory(person=person, body=office, role=Role.VIEWER)
    monkeypatch.setattr(memberships, "refuse_overlap", lambda *args: None)

    with pytest.raises(MembershipRefused, match="already"):
        memberships.add_member(person=person, body=office, role=Role.VIEWER, by=everyone["lead"])


def test_add_member_stores_seat(everyone, city):
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)

    membership = memberships.add_member(
        person=PersonFactory(), body=group, role=Role.MEMBER, seat=Seat.TECHNICAL_PARTNER, by=everyone["lead"]
    )

    assert membership.seat == "technical_partner"


# ---- ending


def test_ended_role_has_no_permissions(everyone, city):
    lead = everyone["lead"]
    assert lead_city_ids(lead) == {city.pk}

    ended = memberships.end_membership(membership_of(lead), by=everyone["coordinator"])

    assert ended.valid_to == clock.today()
    fresh = type(lead).objects.get(pk=lead.pk)
    assert lead_city_ids(fresh) == set()


def test_membership_of_today_ends_today(everyone, office):
    membership = memberships.add_member(person=PersonFactory(), body=office, role=Role.VIEWER, by=everyone["lead"])

    ended = memberships.end_membership(membership, by=everyone["lead"])

    assert ended.valid_from == ended.valid_to == clock.today()
    assert not Membership.objects.current().filter(pk=membership.pk).exists()


def test_membership_ends_on_a_later_day(everyone):
    day = clock.today() + timedelta(days=10)
    row = membership_of(everyone["official"])

    memberships.end_membership(row, by=everyone["lead"], on=day)

    assert Membership.objects.current(day - timedelta(days=1)).filter(pk=row.pk).exists()
    assert not Membership.objects.current(day).filter(pk=row.pk).exists()


def test_membership_does_not_end_before_it_began_nor_twice(everyone, office):
    membership = memberships.add_member(person=PersonFactory(), body=office, role=Role.VIEWER, by=everyone["lead"])

    with pytest.raises(MembershipRefused, match="before it has started"):
        memberships.end_membership(membership, by=everyone["lead"], on=clock.today() - timedelta(days=1))
    memberships.end_membership(membership, by=everyone["lead"])
    with pytest.raises(MembershipRefused, match="already ended"):
        memberships.end_membership(membership, by=everyone["lead"])


def test_role_is_not_extended_into_the_next_term_of_the_same_person(everyone, office):
    person, today, day = PersonFactory(), clock.today(), timedelta(days=1)
    first = MembershipFactory(person=person, body=office, role="viewer", valid_to=today + 10 * day)
    MembershipFactory(person=person, body=office, role="viewer", valid_from=today + 20 * day)

    memberships.end_membership(first, by=everyone["lead"], on=today + 20 * day)
    with pytest.raises(MembershipRefused, match="already has this role"):
        memberships.end_membership(first, by=everyone["lead"], on=today + 21 * day)


def test_nobody_moves_the_end_of_their_own_role_to_a_later_day(everyone):
    official, row = everyone["official"], membership_of(everyone["official"])
    first = clock.today() + timedelta(days=10)
    memberships.end_membership(row, by=everyone["lead"], on=first)

    with pytest.raises(OwnRoleRefused):
        memberships.end_membership(row, by=official, on=first + timedelta(days=1))
    memberships.end_membership(row, by=everyone["lead"], on=first + timedelta(days=1))
    memberships.end_membership(row, by=official, on=first)

    row.refresh_from_db()
    assert row.valid_to == first


def test_coordinator_does_not_move_the_end_of_a_seat_in_the_committee_to_a_later_day(everyone, chair):
    seat = membership_of(everyone["scientific"])
    first = clock.today() + timedelta(days=10)
    memberships.end_membership(seat, by=everyone["coordinator"], on=first)

    with pytest.raises(CommitteeSeatRefused):
        memberships.end_membership(seat, by=everyone["coordinator"], on=first + timedelta(days=1))

    assert memberships.end_membership(seat, by=chair, on=first + timedelta(days=1)).valid_to > first


def test_viewer_ends_own_membership_only(everyone):
    viewer, official = everyone["viewer"], everyone["official"]

    with pytest.raises(PermissionRefused):
        memberships.end_membership(membership_of(official), by=viewer)
    memberships.end_membership(membership_of(viewer), by=viewer)

    assert not viewer.person.memberships.current().exists()


def test_chair_ends_committee_membership(everyone, chair):
    seat = membership_of(everyone["scientific"])

    assert memberships.end_membership(seat, by=chair).valid_to == clock.today()


def test_leaves_without_lead_is_true_for_last_lead(everyone, office):
    row = membership_of(everyone["lead"])
    assert memberships.leaves_without_lead(row)
    assert not memberships.leaves_without_lead(membership_of(everyone["official"]))

    MembershipFactory(body=office, role=Role.LEAD_OFFICIAL)

    assert not memberships.leaves_without_lead(row)


# ---- visibility


@pytest.mark.parametrize("role", list(range(16)))
def test_visible_to_and_view_permission_agree(everyone, role):
    user = list(everyone.values())[role]
    for model, name in ((Membership, "membership"), (Person, "person")):
        listed = set(model.objects.visible_to(user))
        allowed = {
            row for row in model.objects.all() if user.is_authenticated and user.has_perm(f"cities.view_{name}", row)
        }

        assert listed == allowed


def test_only_a_doubled_membership_is_called_one(everyone, office, monkeypatch):
    """An error of the database for another reason is not explained by a sentence about doubled roles."""
    monkeypatch.setattr(memberships, "is_unique_violation", lambda error: False)
    row = membership_of(everyone["official"])

    with pytest.raises(IntegrityError):
        memberships._save(Membership(body=row.body, person=row.person, role=row.role), everyone["lead"], row.person)


def test_sign_in_of_a_person_without_account_has_nothing_to_allow(everyone, office):
    row = Membership.objects.create(body=office, person=PersonFactory(user=None), role=Role.VIEWER)

    memberships.allow_sign_in(row, by=everyone["coordinator"])

    assert row.person.user is None
