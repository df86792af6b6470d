"""The list of members, and the pages to end a membership and to hand over a role."""

import pytest
from django.test import Client
from django.urls import reverse

from cities.enums import BodyKind, Role
from cities.models import Body
from cities.services import invitations, memberships
from core import clock
from core.exceptions import PermissionRefused
from tests.factories import MembershipFactory, PersonFactory
from tests.factories.people import PASSWORD

from .membership_data import membership_of


def test_hand_over_link_is_shown_with_permission_only(client, everyone, committee, chair):
    chair_row, partner_row = membership_of(chair), membership_of(everyone["partner"])
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("cities:member_list")).content.decode()

    urls = {row: reverse("cities:membership_hand_over", args=[row.pk]) for row in (chair_row, partner_row)}
    assert urls[partner_row] in page
    assert urls[chair_row] not in page
    assert client.get(urls[chair_row]).status_code == 403


def test_person_without_email_has_no_dash(client, everyone, office):
    MembershipFactory(body=office, role=Role.VIEWER, person=PersonFactory(user=None, name="Mika"))
    client.force_login(everyone["coordinator"])

    page = client.get(reverse("cities:member_list")).content.decode()

    assert 'Mika<br><span class="epi-small">no account</span>' in " ".join(page.split())


def test_open_invitations_to_bodies_of_city_and_network_are_listed(client, everyone, office):
    coordinator = everyone["coordinator"]
    network = membership_of(everyone["partner"]).body
    for body, role, name in ((network, Role.PARTNER, "Ida New"), (office, Role.OFFICIAL, "Ola New")):
        invitations.invite(body=body, role=role, by=coordinator, name=name, email=f"{name[:3]}@example.org".lower())
    client.force_login(coordinator)

    page = client.get(reverse("cities:member_list")).content.decode()

    assert "Ida New" in page
    assert "Ola New" in page


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


def test_filter_offers_bodies_nearby_and_finds_others_by_their_name_and_city(client, everyone, office, other_city):
    far = membership_of(everyone["other_official"])
    client.force_login(everyone["coordinator"])
    url = reverse("cities:member_list")

    def labels(**query):
        return {option.data["label"] for option in client.get(url, query).context["filter"].form["body"].subwidgets}

    def found(text):
        return set(client.get(url, {"name": text}).context["object_list"])

    assert labels() == {"All", *(str(body) for body in Body.objects.filter(city=None))}
    assert labels(body=far.body_id) == labels() | {str(far.body)}
    assert far in found(other_city.name)
    assert found(f"{far.person.name} {other_city.name}") == {far}
    client.force_login(everyone["lead"])
    assert labels() == {"All", *(str(body) for body in Body.objects.filter(city=office.city))}


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

    assert "no other lead official" in page.content.decode()


def test_end_page_shows_error_of_service(client, everyone):
    client.force_login(everyone["lead"])
    row = membership_of(everyone["official"])

    page = client.post(reverse("cities:membership_end", args=[row.pk]), {"on": "2001-01-01"})

    assert "before it has started" in page.content.decode()


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

    assert "cannot join the scientific committee" in page.content.decode()


def test_coordinator_ends_the_delay_after_failed_sign_ins(client, everyone):
    email, row = everyone["viewer"].email, membership_of(everyone["viewer"])
    failing, url = Client(), reverse("cities:member_allow_sign_in", args=[row.pk])
    for _ in range(6):
        failing.post("/account/login/", {"login": email, "password": "wrong"})
    assert failing.post("/account/login/", {"login": email, "password": PASSWORD}).status_code == 200

    seen = {}
    for role in ("lead", "coordinator"):
        client.force_login(everyone[role])
        seen[role] = client.get(reverse("cities:member_list")).content.decode().count("allow-sign-in")
        response = client.post(url)

    assert seen == {"lead": 0, "coordinator": 1}
    assert response.status_code == 302
    assert "allow-sign-in" not in client.get(reverse("cities:member_list")).content.decode()
    assert failing.post("/account/login/", {"login": email, "password": PASSWORD}).status_code == 302


def test_lead_may_not_end_the_delay(client, everyone):
    client.force_login(everyone["lead"])

    assert (
        client.post(reverse("cities:member_allow_sign_in", args=[membership_of(everyone["viewer"]).pk])).status_code
        == 403
    )
    with pytest.raises(PermissionRefused):
        memberships.allow_sign_in(membership_of(everyone["viewer"]), by=everyone["lead"])
