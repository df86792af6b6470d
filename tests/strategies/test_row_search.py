"""The search for organisations in the form of an action: few are offered, all can be found and chosen."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from cities.enums import BodyKind, Role
from core import form_inputs
from core.row_search import MAX_FOUND
from core.views import row_search
from strategies.models import Action
from tests.factories import ActionFactory, FormInputFactory, OrganisationFactory, member
from tests.page_forms import values_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def far(db):
    """An organisation that has nothing to do with the city."""
    return OrganisationFactory(name="Université d’Évora")


@pytest.fixture
def url(action, official):
    return reverse("strategies:action_edit", args=[action.pk])


def options(response, name="owner"):
    return [str(label) for value, label in _pairs(response, name) if value]


def _pairs(response, name):
    groups = response.context["form"][name].subwidgets
    return [(str(part.data["value"]), part.data["label"]) for part in groups]


def in_page(response, organisation):
    return organisation.name in response.content.decode().replace("&#x27;", "'")


def find(client, url, name, text, **typed):
    form = {key: values for key, values in values_on(client.get(url), "title").items() if key != "save"}
    return client.post(url, form | {"find": name, f"find-{name}": text} | typed)


def test_form_offers_organisations_of_the_city_and_its_actions_only(client, city, action, official, url, far):
    owner, partner = OrganisationFactory(name="Owner of another action"), OrganisationFactory(name="Partner")
    ActionFactory(city=city, owner=owner).partners.add(partner)
    employer, _local = OrganisationFactory(name="Employer"), OrganisationFactory(name="Local", location=city.name)
    member(BodyKind.EXPERT_GROUP, Role.MEMBER, city, organisation=employer)

    response = client.get(url)

    assert set(options(response)) >= {"Owner of another action", "Partner", "Employer", "Local", city.municipality.name}
    assert options(response) == options(response, "partners")
    assert not in_page(response, far)


def test_form_takes_one_query_for_the_organisations_of_both_fields(client, url, django_assert_max_num_queries):
    client.get(url)

    with django_assert_max_num_queries(100) as asked:
        client.get(url)

    assert sum('"location" IN (SELECT' in query["sql"] for query in asked.captured_queries) == 1


@pytest.mark.parametrize("role", ["owner", "partners"])
def test_organisations_that_are_chosen_are_offered(client, url, action, far, role):
    if role == "owner":
        action.owner = far
        action.save()
    else:
        action.partners.add(far)

    assert far.name in options(client.get(url), role)


def test_search_button_adds_matches_and_keeps_what_is_typed(client, url, action, far):
    response = find(client, url, "owner", "evora", title="New title", starts_on="")

    typed = values_on(response, "title")
    assert (typed["title"], typed["starts_on"], typed["find-owner"]) == (["New title"], [""], ["evora"])
    assert far.name in options(response)
    assert far.name not in options(response, "partners")
    assert "1 match is in the list." in response.content.decode()
    assert not response.context["form"].is_bound
    assert Action.objects.get().title == action.title


@pytest.mark.parametrize("field", ["owner", "partners", "objective", "responsible", "deputies", "target_groups"])
def test_search_button_keeps_wrong_choices_from_errors(client, url, far, field):
    response = find(client, url, "owner", "evora", **{field: "no choice"})

    assert response.status_code == 200
    assert far.name in options(response)


def test_organisation_that_was_found_is_saved(client, url, action, far):
    form = {key: values for key, values in values_on(client.get(url), "title").items() if key != "save"}

    response = client.post(url, form | {"owner": far.pk, "partners": [far.pk]})

    assert response.status_code == 302
    action.refresh_from_db()
    assert (action.owner, list(action.partners.all())) == (far, [far])


def test_form_with_an_error_still_offers_what_was_chosen(client, url, far):
    form = values_on(client.get(url), "title")

    response = client.post(url, form | {"title": "", "owner": far.pk, "partners": [far.pk]})

    assert response.context["form"].errors.keys() == {"title"}
    assert (far.name in options(response), far.name in options(response, "partners")) == (True, True)


def test_new_action_is_searched_and_added_in_the_same_form(client, city, action, official, far):
    url = reverse("strategies:action_add", args=[action.objective_id])

    response = find(client, url, "partners", "évora", code="9", title="New")
    typed = values_on(response, "title") | {"starts_on": "2026-01-01", "ends_on": "2026-12-01", "partners": [far.pk]}
    typed = {key: values for key, values in typed.items() if key != "find"}
    answer = client.post(url, typed)

    assert answer.status_code == 302
    assert list(Action.objects.get(title="New").partners.all()) == [far]


def test_script_gets_names_and_ids(client, url, far):
    response = client.get(url, {"find": "partners", "find-partners": "EVORA"})

    assert response.json() == {
        "text": "1 match is in the list.",
        "rows": [{"value": str(far.pk), "label": far.name}],
    }


def test_search_returns_at_most_twenty(client, url):
    OrganisationFactory.create_batch(MAX_FOUND + 5, kind="ngo")

    answer = client.get(url, {"find": "owner", "find-owner": "organisation"}).json()

    assert len(answer["rows"]) == MAX_FOUND
    assert answer["text"].startswith("The first 20 of ")


@pytest.mark.parametrize(
    "text, said", [("qqqq", "Nothing matches. Try a different word."), ("  ", "Enter part of the name.")]
)
def test_search_without_matches_says_so(client, url, text, said):
    assert client.get(url, {"find": "owner", "find-owner": text}).json() == {"text": said, "rows": []}


def test_only_fields_with_a_search_are_searched(client, url):
    asked = [client.get(url, {"find": name}) for name in ("responsible", "title", "nothing")]

    assert [response.status_code for response in asked] == [404, 404, 404]


def test_search_is_for_those_who_may_edit_the_action(client, everyone, url, far):
    query = {"find": "owner", "find-owner": "evora"}
    client.force_login(everyone["viewer"])
    refused = [client.get(url, query), client.post(url, query)]
    client.logout()

    assert [response.status_code for response in refused] == [403, 403]
    assert client.get(url, query).status_code == 302


def test_searches_of_one_person_are_limited(client, url, far, monkeypatch):
    cache.clear()
    monkeypatch.setattr(row_search, "SEARCHES", 1)
    query = {"find": "owner", "find-owner": "evora"}

    first, second = client.get(url, query).json(), client.get(url, query).json()

    assert len(first["rows"]) == 1
    assert second == {"text": "Too many searches. Wait a minute, then search again.", "rows": []}


def test_form_that_could_not_be_saved_is_filled_with_what_was_found(client, official, url, far):
    row = FormInputFactory(
        user=official, path=url, page=url, state="held", fields={"title": ["Kept"], "owner": [str(far.pk)]}
    )

    typed = values_on(client.get(f"{url}?typed={row.pk}"), "title")

    assert (typed["title"], typed["owner"]) == (["Kept"], [str(far.pk)])


def test_form_that_is_too_old_is_shown_with_what_was_found(official, url, far):
    client = Client(enforce_csrf_checks=True, headers={"origin": "http://testserver"})
    client.force_login(official)
    client.get(url)

    response = client.post(url, {"title": "Kept", "owner": str(far.pk), "csrfmiddlewaretoken": "x" * 64})

    assert "This page was open for too long" in response.content.decode()
    typed = values_on(response, "title")
    assert (typed["title"], typed["owner"]) == (["Kept"], [str(far.pk)])


def test_edit_conflict_names_organisations_that_were_found(client, url, action, far):
    form = values_on(client.get(url), "title")
    action.owner = OrganisationFactory(name="Theirs")
    action.version += 1
    action.save()

    response = client.post(url, form | {"owner": [str(far.pk)]})

    assert response.status_code == 409
    differences = {row.label: (row.theirs, row.yours) for row in response.context["form"].differences}
    assert differences["Owner"] == ("Theirs", far.name)


def test_text_of_a_search_is_not_kept_as_typed():
    assert form_inputs.is_technical("find-owner")
    assert form_inputs.is_technical("find")
    assert not form_inputs.is_technical("finding")


def test_person_in_another_city_is_not_near(client, url):
    member(BodyKind.NETWORK_OFFICE, Role.PARTNER, organisation=OrganisationFactory(name="Office"))

    assert "Office" not in options(client.get(url))
