"""The page on which people are appointed: few are offered, everybody whom a form accepts can be found and chosen."""

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from cities.models import Person
from core.html_forms import Page
from evaluation.selectors.eligibility import people_near
from tests.factories import (
    CityFactory,
    FormInputFactory,
    OrganisationFactory,
    PersonFactory,
    RaterAssignmentFactory,
    SubstituteAppointmentFactory,
    member,
)
from tests.page_forms import values_on

pytestmark = pytest.mark.django_db

FIELDS = ["rater-person", "moderator-person", "substitute-person", "conflict-person"]


@pytest.fixture
def far(case):
    """A person who has nothing to do with the city."""
    return PersonFactory(name="Zoë Åkerlund", organisation=OrganisationFactory(name="Université d’Évora"))


@pytest.fixture
def url(case, client):
    client.force_login(case.coordinator)
    return reverse("evaluation:assign", args=[case.pk])


def offered(response, field) -> list[str]:
    """Return the values that the page offers for the field."""
    form = Page(response.content.decode()).find(page="", path="", names={field})
    return [option.value for control in form.controls if control.name == field for option in control.options]


def test_people_of_the_city_and_the_network_and_participants_are_near(case, far):
    evaluation = case.evaluation
    rater, substitute, moderator = PersonFactory(), PersonFactory(), PersonFactory()
    RaterAssignmentFactory(evaluation=evaluation, person=rater)
    SubstituteAppointmentFactory(evaluation=evaluation, person=substitute)
    evaluation.moderator = moderator
    elsewhere = member(BodyKind.EXPERT_GROUP, Role.MEMBER, CityFactory())

    near = set(Person.objects.filter(pk__in=people_near(evaluation)))

    assert near >= {case.expert.person, case.committee1.person, case.partner.person, rater, substitute, moderator}
    assert not near & {far, elsewhere.person}


def test_nobody_is_near_for_the_lack_of_a_moderator(case, far):
    evaluation = case.evaluation
    evaluation.moderator = None

    assert not people_near(evaluation) & {far.pk, None}


def test_page_offers_people_nearby_only(case, client, url, far):
    response = client.get(url)

    assert far.name not in response.content.decode()
    assert str(case.expert.person.pk) in offered(response, "rater-person")
    assert str(case.partner.person.pk) in offered(response, "moderator-person")


@pytest.mark.parametrize("field", FIELDS)
def test_script_finds_people_by_name_or_organisation(client, url, far, field):
    rows = [{"value": str(far.pk), "label": "Zoë Åkerlund, Université d’Évora"}]

    for text in ("akerlund", "evora zoe"):
        answer = client.get(url, {"find": field, f"find-{field}": text}).json()
        assert answer == {"text": "1 match is in the list.", "rows": rows}


def test_people_whom_the_form_does_not_accept_are_not_found(case, client, url):
    person = case.rater1.person
    query = {"find": "rater-person", "find-rater-person": person.name}

    assert str(person.pk) not in {row["value"] for row in client.get(url, query).json()["rows"]}


@pytest.mark.parametrize("name", ["person", "rater-capacity", "extend-until", "nothing"])
def test_only_people_are_searched(client, url, name):
    assert client.get(url, {"find": name}).status_code == 404
    assert client.post(url, {"find": name}).status_code == 404


def test_search_is_for_those_who_appoint(case, client, url):
    client.force_login(case.rater1)

    assert client.get(url, {"find": "rater-person", "find-rater-person": "a"}).status_code == 403
    assert client.post(url, {"find": "rater-person", "find-rater-person": "a"}).status_code == 403


def test_search_button_keeps_what_is_typed_and_person_is_appointed(case, client, url, far):
    typed = values_on(client.get(url), "rater-person") | {"conflict-reason": "Advised the city.", "act": []}

    found = client.post(url, typed | {"find": "rater-person", "find-rater-person": "évora"})
    chosen = values_on(found, "rater-person") | {"rater-person": str(far.pk), "rater-capacity": "peer", "act": "rater"}
    client.post(url, chosen | {"conflict-reason": ""})

    assert chosen["conflict-reason"] == ["Advised the city."]
    assert str(far.pk) in offered(found, "rater-person")
    assert str(far.pk) not in offered(found, "moderator-person")
    assert case.evaluation.assignments.active().filter(person=far).exists()


def test_search_in_folded_part_opens_it(client, url, far):
    query = {"find": "conflict-person", "find-conflict-person": "évora"}

    assert '<details class="epi-more" open>' in client.post(url, query).content.decode()


def test_person_who_was_chosen_stays_so_after_an_error(client, url, far):
    response = client.post(url, {"act": "conflict", "conflict-person": far.pk, "conflict-reason": ""})

    assert values_on(response, "conflict-person")["conflict-person"] == [str(far.pk)]


def test_page_that_could_not_be_saved_is_filled_with_who_was_found(case, client, url, far):
    fields = {"moderator-person": [str(far.pk)], "conflict-reason": ["Kept"]}
    row = FormInputFactory(user=case.coordinator, path=url, page=url, state="held", fields=fields)

    typed = values_on(client.get(f"{url}?typed={row.pk}"), "moderator-person")

    assert (typed["moderator-person"], typed["conflict-reason"]) == ([str(far.pk)], ["Kept"])


def test_enter_key_saves_nothing(client, url):
    """The first button of the page is the one that shows it again; a search adds none before or after it."""
    page = Page(client.get(url).content.decode())
    form = page.find(page="", path="", names={"rater-person"})
    unnamed = [control for control in form.controls if control.type == "submit" and not control.name]

    assert unnamed == []
