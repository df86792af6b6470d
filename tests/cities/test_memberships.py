from datetime import date, timedelta

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role, Seat
from cities.exceptions import CommitteeSeatRefused, MembershipRefused, OwnRoleRefused, PermissionRefused
from cities.models import Body, Membership, Person
from cities.rules import is_own_official_membership, lead_city_ids
from cities.services import memberships
from cities.signals import handed_over
from core import clock
from tests.factories import BodyFactory, MembershipFactory, PersonFactory, member


@pytest.fixture
def office(city):
    return BodyFactory(kind=BodyKind.CITY_OFFICE, city=city)


@pytest.fixture
def committee(db):
    return BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE, city=None)


@pytest.fixture
def chair(committee):
    return member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)


def membership_of(user, role=None):
    rows = user.person.memberships.all()
    return rows.get(role=role) if role else rows.get()


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
    with pytest.raises(MembershipRefused, match="no such role"):
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

    with pytest.raises(MembershipRefused, match="before it has begun"):
        memberships.end_membership(membership, by=everyone["lead"], on=clock.today() - timedelta(days=1))
    memberships.end_membership(membership, by=everyone["lead"])
    with pytest.raises(MembershipRefused, match="ended already"):
        memberships.end_membership(membership, by=everyone["lead"])


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


# ---- handover


@pytest.fixture
def handovers():
    calls = []

    def record(sender, **kwargs):
        calls.append(kwargs)

    handed_over.connect(record)
    yield calls
    handed_over.disconnect(record)


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

    with pytest.raises(MembershipRefused, match="somebody else"):
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


# ---- pages


def test_hand_over_link_is_shown_with_permission_only(client, everyone, committee, chair):
    chair_row, partner_row = membership_of(chair), membership_of(everyone["partner"])
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("cities:member_list")).content.decode()

    urls = {row: reverse("cities:membership_hand_over", args=[row.pk]) for row in (chair_row, partner_row)}
    assert urls[partner_row] in page
    assert urls[chair_row] not in page
    assert client.get(urls[chair_row]).status_code == 403


def test_body_page_has_links_to_leave_own_role(client, everyone, office):
    colleague = MembershipFactory(body=office, role=Role.OFFICIAL)
    for role, is_allowed in (("official", True), ("viewer", False)):
        client.force_login(everyone[role])
        row = membership_of(everyone[role])
        hand_over = reverse("cities:membership_hand_over", args=[row.pk])

        page = client.get(reverse("cities:body_detail", args=[office.pk])).content.decode()

        assert reverse("cities:membership_end", args=[row.pk]) in page
        assert (hand_over in page) is is_allowed
    client.force_login(everyone["official"])
    offered = client.get(reverse("cities:membership_hand_over", args=[membership_of(everyone["official"]).pk]))
    assert list(offered.context["form"].fields["to"].queryset) == [colleague.person]


@pytest.mark.parametrize("role", ["viewer", "official", "partner", "scientific", "superuser", "former"])
def test_member_list_is_404_for_other_roles(client, everyone, role):
    client.force_login(everyone[role])

    assert client.get(reverse("cities:member_list")).status_code == 404


def test_lead_sees_emails_of_own_members_only(client, everyone):
    client.force_login(everyone["lead"])

    page = client.get(reverse("cities:member_list")).content.decode()

    assert everyone["official"].email in page
    assert everyone["other_official"].email not in page
    assert everyone["coordinator"].email not in page


def test_chair_sees_committee_members_only(client, everyone, chair):
    client.force_login(chair)

    page = client.get(reverse("cities:member_list")).content.decode()

    assert everyone["scientific"].email in page
    assert everyone["official"].email not in page


def test_member_list_filters_by_body_name_and_state(client, everyone, office):
    client.force_login(everyone["coordinator"])
    former = everyone["former"].person

    def found(**query):
        rows = client.get(reverse("cities:member_list"), query).context["object_list"]
        return {row.person for row in rows}

    assert former not in found()
    assert former in found(state="ended")
    assert former in found(state="all", name=former.name)
    assert everyone["expert"].person not in found(body=office.pk)
    assert everyone["lead"].person in found(state="nonsense")


@pytest.mark.parametrize("count", [1, 5])
def test_member_list_costs_the_same_for_one_row_or_five(client, everyone, office, count, django_assert_max_num_queries):
    for _ in range(count):
        MembershipFactory(body=office, role=Role.VIEWER)
    client.force_login(everyone["lead"])

    with django_assert_max_num_queries(15) as queries:
        client.get(reverse("cities:member_list"))

    COSTS.add(len(queries))
    assert len(COSTS) == 1


COSTS: set[int] = set()


def test_lead_ends_membership_on_page(client, everyone):
    client.force_login(everyone["lead"])
    row = membership_of(everyone["official"])
    url = reverse("cities:membership_end", args=[row.pk])

    assert client.get(url).status_code == 200
    row.refresh_from_db()
    assert row.valid_to is None
    client.post(url)

    row.refresh_from_db()
    assert row.valid_to == clock.today()


def test_end_page_of_last_lead_has_warning(client, everyone):
    client.force_login(everyone["lead"])

    page = client.get(reverse("cities:membership_end", args=[membership_of(everyone["lead"]).pk]))

    assert "Nobody else leads this city" in page.content.decode()


def test_end_page_shows_error_of_service(client, everyone):
    client.force_login(everyone["lead"])
    row = membership_of(everyone["official"])

    page = client.post(reverse("cities:membership_end", args=[row.pk]), {"on": "2001-01-01"})

    assert "before it has begun" in page.content.decode()


def test_membership_of_other_city_is_404(client, everyone):
    client.force_login(everyone["lead"])
    row = membership_of(everyone["other_official"])

    for name in ("membership_end", "membership_hand_over"):
        assert client.get(reverse(f"cities:{name}", args=[row.pk])).status_code == 404
        assert client.post(reverse(f"cities:{name}", args=[row.pk])).status_code == 404
    row.refresh_from_db()
    assert row.valid_to is None


def test_data_protection_role_cannot_end_membership(client, everyone):
    client.force_login(everyone["data_protection"])
    row = membership_of(everyone["official"])

    assert client.get(reverse("cities:member_list")).status_code == 200
    assert client.post(reverse("cities:membership_end", args=[row.pk])).status_code == 403


def test_viewer_ends_own_membership_on_page(client, everyone):
    client.force_login(everyone["viewer"])
    row = membership_of(everyone["viewer"])

    response = client.post(reverse("cities:membership_end", args=[row.pk]))

    assert response["Location"] == reverse("accounts:preferences")
    row.refresh_from_db()
    assert row.valid_to == clock.today()


def test_hand_over_page_offers_colleagues_only(client, everyone):
    client.force_login(everyone["lead"])
    row = membership_of(everyone["official"])
    url = reverse("cities:membership_hand_over", args=[row.pk])

    offered = set(client.get(url).context["form"].fields["to"].queryset)
    response = client.post(url, {"to": everyone["lead"].person.pk})
    client.post(url, {"to": everyone["viewer"].person.pk})

    assert everyone["viewer"].person in offered
    assert not offered & {everyone["lead"].person, everyone["official"].person, everyone["other_official"].person}
    assert response.status_code == 200
    assert everyone["viewer"].person.memberships.current().filter(role=Role.OFFICIAL).exists()


def test_hand_over_page_shows_error_of_service(client, everyone, chair):
    client.force_login(chair)
    row = membership_of(everyone["scientific"])
    other = MembershipFactory(body=row.body, role=Role.MEMBER)
    MembershipFactory(person=other.person, body=Body.objects.get(kind=BodyKind.NETWORK_OFFICE), role=Role.COORDINATOR)

    page = client.post(reverse("cities:membership_hand_over", args=[row.pk]), {"to": other.person.pk})

    assert "neither for a coordinator" in page.content.decode()


@pytest.mark.parametrize("role", list(range(16)))
def test_visible_to_and_view_permission_agree(everyone, role):
    user = list(everyone.values())[role]
    for model, name in ((Membership, "membership"), (Person, "person")):
        listed = set(model.objects.visible_to(user))
        allowed = {
            row for row in model.objects.all() if user.is_authenticated and user.has_perm(f"cities.view_{name}", row)
        }

        assert listed == allowed


def test_add_member_stores_seat(everyone, city):
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)

    membership = memberships.add_member(
        person=PersonFactory(), body=group, role=Role.MEMBER, seat=Seat.TECHNICAL_PARTNER, by=everyone["lead"]
    )

    assert membership.seat == "technical_partner"


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
