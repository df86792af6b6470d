"""The form of an invitation: few bodies are offered, all that a coordinator may invite to can be found and chosen."""

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from cities.models import Body, Invitation
from core.views import may
from tests.factories import BodyFactory, member
from tests.page_forms import values_on

pytestmark = pytest.mark.django_db

URL = "/members/invite/"
PERSON = {"name": ["Anna"], "email": ["anna@town.example"]}


@pytest.fixture
def far(other_city):
    return BodyFactory(kind=BodyKind.EXPERT_GROUP, city=other_city, name="Grupa ekspertów")


@pytest.fixture
def coordinator(client, everyone):
    client.force_login(everyone["coordinator"])
    return everyone["coordinator"]


def places(response) -> dict[str, list[str]]:
    """Return the values that can be chosen, by the name of their body."""
    bound = response.context["form"]["place"]
    widget = bound.field.widget
    choices = widget.optgroups("place", widget.format_value(bound.value()))
    return {name: [option["value"] for option in options] for name, options, _index in choices if name}


@pytest.mark.parametrize("has_chair", [False, True])
def test_bodies_that_can_be_searched_are_those_that_the_rule_allows(everyone, city, far, has_chair):
    BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE, city=None)
    users = dict(everyone)
    if has_chair:
        users["chair"] = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)

    for role, user in users.items():
        allowed = {body.pk for body in Body.objects.all() if may(user, "cities.invite", body)}
        assert {body.pk for body in Body.objects.invited_to_by(user)} == allowed, role


def test_coordinator_is_offered_bodies_of_the_network_only(client, coordinator, city, far):
    response = client.get(URL)

    assert places(response).keys() == {str(body) for body in Body.objects.filter(city=None)}
    assert "Search all bodies" in response.content.decode()


def test_coordinator_is_offered_bodies_of_own_city(client, coordinator, city, far):
    own = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    member(BodyKind.EXPERT_GROUP, Role.MEMBER, city, user=coordinator)

    assert str(own) in " ".join(places(client.get(URL)))


@pytest.mark.parametrize("query, chosen", [({}, ""), ({"role": "chair"}, "chair")])
def test_body_of_the_link_is_offered(client, coordinator, far, query, chosen):
    response = client.get(URL, {"body": far.pk} | query)

    assert f"{far.pk}:member" in places(response)[f"{far}, {far.city.name}"]
    assert values_on(response, "place")["place"] == [f"{far.pk}:{chosen}" if chosen else ""]


def test_queries_do_not_grow_with_the_bodies(client, coordinator, city, django_assert_max_num_queries):
    client.get(URL)
    with django_assert_max_num_queries(30) as few:
        client.get(URL)
    for kind in (BodyKind.EXPERT_GROUP, BodyKind.LOCAL_COMMITTEE):
        BodyFactory(kind=kind, city=city)

    with django_assert_max_num_queries(len(few)):
        client.get(URL)


def test_script_gets_the_roles_of_each_body_that_is_found(client, coordinator, far):
    answer = client.get(URL, {"find": "place", "find-place": "ekspertow"}).json()

    assert answer["text"] == "1 match is in the list."
    assert answer["rows"][0] == {"value": f"{far.pk}:chair", "label": "chair", "group": f"{far}, {far.city.name}"}
    assert {row["value"].partition(":")[2] for row in answer["rows"]} == {"chair", "member", "secretary"}


def test_body_is_found_by_its_city_without_a_script_and_chosen(client, coordinator, far):
    typed = values_on(client.get(URL), "place") | PERSON
    found = client.post(URL, typed | {"find": "place", "find-place": far.city.name})
    chosen = values_on(found, "place") | {"place": [f"{far.pk}:member"]}

    with_error = client.post(URL, chosen | {"email": [""]})
    saved = client.post(URL, chosen)

    assert f"{far.pk}:chair" in places(found)[f"{far}, {far.city.name}"]
    assert values_on(with_error, "place")["place"] == [f"{far.pk}:member"]
    assert with_error.context["form"].errors.keys() == {"email"}
    assert saved.status_code == 302
    invitation = Invitation.objects.get()
    assert (invitation.name, invitation.body.pk, invitation.role) == ("Anna", far.pk, Role.MEMBER)


@pytest.mark.parametrize("place", ["{}:official", "{}:", "{}", "x:member", "²:member", "0:member", "\0", "9" * 30])
def test_role_that_the_body_does_not_have_is_an_error_of_the_field(client, coordinator, far, place):
    response = client.post(URL, {"name": "Anna", "email": "anna@town.example", "place": place.format(far.pk)})

    assert response.context["form"].errors.keys() == {"place"}
    assert not Invitation.objects.exists()


def test_lead_of_a_city_is_offered_all_its_bodies_and_no_search(client, everyone, city, far):
    BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    client.force_login(everyone["lead"])

    response = client.get(URL)

    assert len(places(response)) == city.bodies.count()
    assert "find-place" not in response.content.decode()
    assert client.get(URL, {"find": "place", "find-place": "ekspertow"}).json()["rows"] == []


def test_page_of_a_body_links_to_its_invitation(client, coordinator, far):
    page = client.get(reverse("cities:body_detail", args=[far.pk])).content.decode()

    assert f"{URL}?body={far.pk}" in page
