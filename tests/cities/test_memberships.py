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


# ---- joining


def test_lead_adds_an_official_from_today_on(everyone, office):
    person = PersonFactory()

    made = memberships.add_member(person=person, body=office, role=Role.OFFICIAL, by=everyone["lead"])

    assert (made.person, made.body, made.role, made.valid_from) == (person, office, "official", clock.today())
    assert made.history.get().history_user == everyone["lead"]


@pytest.mark.parametrize("role", ["lead", "coordinator"])
def test_nobody_grants_oneself_a_role(everyone, office, role):
    user = everyone[role]
    before = Membership.objects.count()

    with pytest.raises(OwnRoleRefused):
        memberships.add_member(person=user.person, body=office, role=Role.VIEWER, by=user)

    assert Membership.objects.count() == before


@pytest.mark.parametrize(
    "role", ["viewer", "expert", "local_committee", "official", "other_official", "partner", "former", "superuser"]
)
def test_others_grant_nothing(everyone, office, role):
    with pytest.raises(PermissionRefused):
        memberships.add_member(person=PersonFactory(), body=office, role=Role.VIEWER, by=everyone[role])


def test_lead_grants_nothing_in_another_city_or_the_network(everyone, other_city):
    elsewhere = BodyFactory(kind=BodyKind.CITY_OFFICE, city=other_city)
    network = Body.objects.get(kind=BodyKind.NETWORK_OFFICE)

    for body, role in ((elsewhere, Role.VIEWER), (network, Role.PARTNER)):
        with pytest.raises(PermissionRefused):
            memberships.add_member(person=PersonFactory(), body=body, role=role, by=everyone["lead"])


def test_body_has_its_own_roles_only(everyone, office):
    with pytest.raises(MembershipRefused, match="no such role"):
        memberships.add_member(person=PersonFactory(), body=office, role=Role.COORDINATOR, by=everyone["coordinator"])


def test_committee_seat_is_not_given_by_a_coordinator(everyone, committee):
    with pytest.raises(CommitteeSeatRefused):
        memberships.add_member(person=PersonFactory(), body=committee, role=Role.MEMBER, by=everyone["coordinator"])


@pytest.mark.parametrize("command", [True, False])
def test_committee_seat_is_not_for_a_coordinator(everyone, committee, chair, command):
    by = None if command else chair

    with pytest.raises(CommitteeSeatRefused):
        memberships.add_member(person=everyone["coordinator"].person, body=committee, role=Role.MEMBER, by=by)


def test_member_of_the_committee_does_not_become_coordinator(everyone):
    network = Body.objects.get(kind=BodyKind.NETWORK_OFFICE)

    with pytest.raises(CommitteeSeatRefused):
        memberships.add_member(
            person=everyone["scientific"].person, body=network, role=Role.COORDINATOR, by=everyone["coordinator"]
        )


def test_chair_seats_the_committee_and_nothing_else(everyone, committee, chair, office):
    made = memberships.add_member(person=PersonFactory(), body=committee, role=Role.MEMBER, by=chair)

    assert made.body == committee
    with pytest.raises(PermissionRefused):
        memberships.add_member(person=PersonFactory(), body=office, role=Role.VIEWER, by=chair)
    with pytest.raises(PermissionRefused):
        memberships.add_member(person=PersonFactory(), body=committee, role=Role.MEMBER, by=everyone["scientific"])


@pytest.mark.parametrize(
    "valid_from,valid_to,begins,refused",
    [
        (date(2024, 1, 1), None, date(2025, 1, 1), True),
        (date(2024, 1, 1), date(2025, 1, 2), date(2025, 1, 1), True),
        (date(2024, 1, 1), date(2025, 1, 1), date(2025, 1, 1), False),
        (date(2026, 1, 1), date(2026, 2, 1), date(2025, 1, 1), True),
    ],
)
def test_overlap_with_present_and_past_is_refused(everyone, office, valid_from, valid_to, begins, refused):
    person = PersonFactory()
    MembershipFactory(person=person, body=office, role=Role.VIEWER, valid_from=valid_from, valid_to=valid_to)
    given = {"person": person, "body": office, "role": Role.VIEWER, "valid_from": begins, "by": everyone["lead"]}

    if refused:
        with pytest.raises(MembershipRefused, match="already"):
            memberships.add_member(**given)
    else:
        assert memberships.add_member(**given).valid_from == begins


def test_overlap_that_only_the_database_sees_is_told_too(everyone, office, monkeypatch):
    person = PersonFactory()
    MembershipFactory(person=person, body=office, role=Role.VIEWER)
    monkeypatch.setattr(memberships, "refuse_overlap", lambda *args: None)

    with pytest.raises(MembershipRefused, match="already"):
        memberships.add_member(person=person, body=office, role=Role.VIEWER, by=everyone["lead"])


# ---- leaving


def test_role_is_gone_at_once(everyone, city):
    lead = everyone["lead"]
    assert lead_city_ids(lead) == {city.pk}

    ended = memberships.end_membership(membership_of(lead), by=everyone["coordinator"])

    assert ended.valid_to == clock.today()
    fresh = type(lead).objects.get(pk=lead.pk)
    assert lead_city_ids(fresh) == set()


def test_membership_of_today_ends_today(everyone, office):
    made = memberships.add_member(person=PersonFactory(), body=office, role=Role.VIEWER, by=everyone["lead"])

    ended = memberships.end_membership(made, by=everyone["lead"])

    assert ended.valid_from == ended.valid_to == clock.today()
    assert not Membership.objects.current().filter(pk=made.pk).exists()


def test_membership_ends_on_a_later_day(everyone):
    day = clock.today() + timedelta(days=10)
    row = membership_of(everyone["official"])

    memberships.end_membership(row, by=everyone["lead"], on=day)

    assert Membership.objects.current(day - timedelta(days=1)).filter(pk=row.pk).exists()
    assert not Membership.objects.current(day).filter(pk=row.pk).exists()


def test_membership_does_not_end_before_it_began_nor_twice(everyone, office):
    made = memberships.add_member(person=PersonFactory(), body=office, role=Role.VIEWER, by=everyone["lead"])

    with pytest.raises(MembershipRefused, match="before it has begun"):
        memberships.end_membership(made, by=everyone["lead"], on=clock.today() - timedelta(days=1))
    memberships.end_membership(made, by=everyone["lead"])
    with pytest.raises(MembershipRefused, match="ended already"):
        memberships.end_membership(made, by=everyone["lead"])


def test_people_leave_by_themselves_and_end_nobody_else(everyone):
    viewer, official = everyone["viewer"], everyone["official"]

    with pytest.raises(PermissionRefused):
        memberships.end_membership(membership_of(official), by=viewer)
    memberships.end_membership(membership_of(viewer), by=viewer)

    assert not viewer.person.memberships.current().exists()


def test_chair_ends_a_seat_in_the_committee(everyone, chair):
    seat = membership_of(everyone["scientific"])

    assert memberships.end_membership(seat, by=chair).valid_to == clock.today()


def test_last_lead_is_known(everyone, office):
    row = membership_of(everyone["lead"])
    assert memberships.leaves_without_lead(row)
    assert not memberships.leaves_without_lead(membership_of(everyone["official"]))

    MembershipFactory(body=office, role=Role.LEAD_OFFICIAL)

    assert not memberships.leaves_without_lead(row)


# ---- handing over


@pytest.fixture
def heard():
    calls = []

    def listen(sender, **kwargs):
        calls.append(kwargs)

    handed_over.connect(listen)
    yield calls
    handed_over.disconnect(listen)


def test_hand_over_moves_the_role_and_tells_apps_above(everyone, office, heard):
    lead, heir = everyone["lead"], PersonFactory()

    made = memberships.hand_over(membership_of(lead), to=heir, by=everyone["coordinator"])

    assert (made.person, made.role, made.body) == (heir, Role.LEAD_OFFICIAL, office)
    assert not lead.person.memberships.current().exists()
    (told,) = heard
    assert (told["person"], told["to"], told["body"]) == (lead.person, heir, office)
    assert told["membership"].valid_to == clock.today()


def test_lead_hands_her_own_role_to_a_colleague(everyone, heard):
    made = memberships.hand_over(membership_of(everyone["lead"]), to=everyone["official"].person, by=everyone["lead"])

    assert made.person == everyone["official"].person


def test_hand_over_to_somebody_who_holds_the_role_makes_no_second_one(everyone, office, heard):
    heir = MembershipFactory(body=office, role=Role.LEAD_OFFICIAL)

    made = memberships.hand_over(membership_of(everyone["lead"]), to=heir.person, by=everyone["coordinator"])

    assert made == heir


def test_hand_over_is_no_way_to_grant_oneself_a_role(everyone, heard):
    with pytest.raises(OwnRoleRefused):
        memberships.hand_over(membership_of(everyone["official"]), to=everyone["lead"].person, by=everyone["lead"])
    assert heard == []


def test_hand_over_to_the_same_person_or_by_a_stranger_is_refused(everyone, heard):
    row = membership_of(everyone["official"])

    with pytest.raises(MembershipRefused, match="somebody else"):
        memberships.hand_over(row, to=row.person, by=everyone["lead"])
    with pytest.raises(PermissionRefused):
        memberships.hand_over(row, to=PersonFactory(), by=everyone["viewer"])
    assert heard == []


def test_committee_seat_is_not_handed_to_a_coordinator(everyone, chair, heard):
    with pytest.raises(CommitteeSeatRefused):
        memberships.hand_over(membership_of(chair), to=everyone["coordinator"].person, by=chair)


def test_coordinator_hands_over_no_seat_of_the_committee(everyone, committee, chair, heard):
    for heir in (PersonFactory(), MembershipFactory(body=committee, role=Role.CHAIR).person):
        with pytest.raises((CommitteeSeatRefused, PermissionRefused)):
            memberships.hand_over(membership_of(chair), to=heir, by=everyone["coordinator"])

    assert membership_of(chair).valid_to is None
    assert heard == []


@pytest.mark.parametrize(
    "role", ["official", "viewer", "expert", "partner", "trainer", "scientific", "data_protection"]
)
def test_who_leaves_grants_nobody_the_own_role(everyone, heard, role):
    row, heir = membership_of(everyone[role]), PersonFactory()

    with pytest.raises(PermissionRefused):
        memberships.hand_over(row, to=heir, by=everyone[role])

    assert not heir.memberships.exists()
    assert heard == []


def test_official_who_leaves_passes_tasks_to_another_official(everyone, office, heard):
    row, heir = membership_of(everyone["official"]), MembershipFactory(body=office, role=Role.OFFICIAL)

    memberships.hand_over(row, to=heir.person, by=everyone["official"])

    assert [(told["person"], told["to"]) for told in heard] == [(row.person, heir.person)]


@pytest.mark.parametrize("role", ["viewer", "expert", "partner"])
def test_others_who_leave_pass_no_tasks_on(everyone, heard, role):
    row = membership_of(everyone[role])
    heir = MembershipFactory(body=row.body, role=row.role)

    with pytest.raises(PermissionRefused):
        memberships.hand_over(row, to=heir.person, by=everyone[role])


def test_role_of_an_office_is_for_somebody_with_an_account(everyone, heard):
    with pytest.raises(MembershipRefused, match="no account"):
        memberships.hand_over(membership_of(everyone["official"]), to=PersonFactory(user=None), by=everyone["lead"])


# ---- pages


def test_hand_over_is_offered_to_those_who_may(client, everyone, committee, chair):
    others_seat, ours = membership_of(chair), membership_of(everyone["partner"])
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("cities:member_list")).content.decode()

    addresses = {row: reverse("cities:membership_hand_over", args=[row.pk]) for row in (others_seat, ours)}
    assert addresses[ours] in page
    assert addresses[others_seat] not in page
    assert client.get(addresses[others_seat]).status_code == 403


def test_own_role_is_left_from_the_page_of_the_body(client, everyone, office):
    colleague = MembershipFactory(body=office, role=Role.OFFICIAL)
    for role, may in (("official", True), ("viewer", False)):
        client.force_login(everyone[role])
        row = membership_of(everyone[role])
        hand_over = reverse("cities:membership_hand_over", args=[row.pk])

        page = client.get(reverse("cities:body_detail", args=[office.pk])).content.decode()

        assert reverse("cities:membership_end", args=[row.pk]) in page
        assert (hand_over in page) is may
    client.force_login(everyone["official"])
    offered = client.get(reverse("cities:membership_hand_over", args=[membership_of(everyone["official"]).pk]))
    assert list(offered.context["form"].fields["to"].queryset) == [colleague.person]


@pytest.mark.parametrize("role", ["viewer", "official", "partner", "scientific", "superuser", "former"])
def test_members_page_is_not_there_for_others(client, everyone, role):
    client.force_login(everyone[role])

    assert client.get(reverse("cities:member_list")).status_code == 404


def test_lead_sees_own_members_with_mail_and_nobody_elses(client, everyone):
    client.force_login(everyone["lead"])

    page = client.get(reverse("cities:member_list")).content.decode()

    assert everyone["official"].email in page
    assert everyone["other_official"].email not in page
    assert everyone["coordinator"].email not in page


def test_chair_sees_the_committee(client, everyone, chair):
    client.force_login(chair)

    page = client.get(reverse("cities:member_list")).content.decode()

    assert everyone["scientific"].email in page
    assert everyone["official"].email not in page


def test_members_are_found_by_body_name_and_state(client, everyone, office):
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
def test_members_page_costs_the_same_for_one_row_or_five(
    client, everyone, office, count, django_assert_max_num_queries
):
    for _ in range(count):
        MembershipFactory(body=office, role=Role.VIEWER)
    client.force_login(everyone["lead"])

    with django_assert_max_num_queries(15) as queries:
        client.get(reverse("cities:member_list"))

    COSTS.add(len(queries))
    assert len(COSTS) == 1


COSTS: set[int] = set()


def test_lead_ends_a_membership_on_the_page(client, everyone):
    client.force_login(everyone["lead"])
    row = membership_of(everyone["official"])
    address = reverse("cities:membership_end", args=[row.pk])

    assert client.get(address).status_code == 200
    row.refresh_from_db()
    assert row.valid_to is None
    client.post(address)

    row.refresh_from_db()
    assert row.valid_to == clock.today()


def test_page_warns_that_nobody_would_lead(client, everyone):
    client.force_login(everyone["lead"])

    page = client.get(reverse("cities:membership_end", args=[membership_of(everyone["lead"]).pk]))

    assert "Nobody else leads this city" in page.content.decode()


def test_page_tells_what_the_service_refuses(client, everyone):
    client.force_login(everyone["lead"])
    row = membership_of(everyone["official"])

    page = client.post(reverse("cities:membership_end", args=[row.pk]), {"on": "2001-01-01"})

    assert "before it has begun" in page.content.decode()


def test_membership_of_another_city_is_not_there(client, everyone):
    client.force_login(everyone["lead"])
    row = membership_of(everyone["other_official"])

    for name in ("membership_end", "membership_hand_over"):
        assert client.get(reverse(f"cities:{name}", args=[row.pk])).status_code == 404
        assert client.post(reverse(f"cities:{name}", args=[row.pk])).status_code == 404
    row.refresh_from_db()
    assert row.valid_to is None


def test_data_protection_sees_members_and_ends_none(client, everyone):
    client.force_login(everyone["data_protection"])
    row = membership_of(everyone["official"])

    assert client.get(reverse("cities:member_list")).status_code == 200
    assert client.post(reverse("cities:membership_end", args=[row.pk])).status_code == 403


def test_viewer_leaves_on_the_page(client, everyone):
    client.force_login(everyone["viewer"])
    row = membership_of(everyone["viewer"])

    response = client.post(reverse("cities:membership_end", args=[row.pk]))

    assert response["Location"] == reverse("accounts:preferences")
    row.refresh_from_db()
    assert row.valid_to == clock.today()


def test_hand_over_on_the_page_offers_colleagues_and_not_oneself(client, everyone):
    client.force_login(everyone["lead"])
    row = membership_of(everyone["official"])
    address = reverse("cities:membership_hand_over", args=[row.pk])

    offered = set(client.get(address).context["form"].fields["to"].queryset)
    refused = client.post(address, {"to": everyone["lead"].person.pk})
    client.post(address, {"to": everyone["viewer"].person.pk})

    assert everyone["viewer"].person in offered
    assert not offered & {everyone["lead"].person, everyone["official"].person, everyone["other_official"].person}
    assert refused.status_code == 200
    assert everyone["viewer"].person.memberships.current().filter(role=Role.OFFICIAL).exists()


def test_hand_over_page_tells_what_the_service_refuses(client, everyone, chair):
    client.force_login(chair)
    row = membership_of(everyone["scientific"])
    other = MembershipFactory(body=row.body, role=Role.MEMBER)
    MembershipFactory(person=other.person, body=Body.objects.get(kind=BodyKind.NETWORK_OFFICE), role=Role.COORDINATOR)

    page = client.post(reverse("cities:membership_hand_over", args=[row.pk]), {"to": other.person.pk})

    assert "neither for a coordinator" in page.content.decode()


@pytest.mark.parametrize("role", list(range(16)))
def test_list_and_rule_agree_on_who_sees_which_members(everyone, role):
    user = list(everyone.values())[role]
    for model, name in ((Membership, "membership"), (Person, "person")):
        listed = set(model.objects.visible_to(user))
        allowed = {
            row for row in model.objects.all() if user.is_authenticated and user.has_perm(f"cities.view_{name}", row)
        }

        assert listed == allowed


def test_seat_is_kept(everyone, city):
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)

    made = memberships.add_member(
        person=PersonFactory(), body=group, role=Role.MEMBER, seat=Seat.TECHNICAL_PARTNER, by=everyone["lead"]
    )

    assert made.seat == "technical_partner"


# ---- handing over


@pytest.mark.parametrize(
    "role, expected", [("official", True), ("lead", True), ("viewer", False), ("superuser", False)]
)
def test_officials_hand_over_their_own_role(everyone, role, expected):
    user = everyone[role]
    own = membership_of(user) if hasattr(user, "person") else membership_of(everyone["viewer"])

    assert user.has_perm("cities.hand_over_membership", own) is expected


def test_own_role_is_asked_for_before_there_is_a_membership(everyone):
    assert [is_own_official_membership(everyone[role], None) for role in ("official", "viewer", "superuser")] == [
        True,
        False,
        False,
    ]
