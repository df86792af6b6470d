"""Lists of the administration are ordered as their reader expects it."""

import pytest
from django.contrib import admin

from cities.enums import BodyKind
from cities.models import Body, Organisation
from tests.factories import (
    BodyFactory,
    CityFactory,
    OrganisationFactory,
)


@pytest.fixture
def names_of_list(client, everyone):
    """Return a function that returns the names in an admin list, as a coordinator with a language reads it."""

    def names_of_list(language, path="organisation", query=""):
        everyone["coordinator"].language = language
        everyone["coordinator"].save()
        client.force_login(everyone["coordinator"])
        changelist = client.get(f"/admin/cities/{path}/?{query}").context["cl"]
        return [str(row) for row in changelist.result_list]

    return names_of_list


@pytest.mark.parametrize(
    "language, names",
    [
        ("en", ["Åkers", "Łódzki", "Market", "orange", "Zebra"]),
        ("sv", ["Łódzki", "Market", "orange", "Zebra", "Åkers"]),
    ],
)
def test_list_is_in_the_order_of_the_readers_language(names_of_list, monkeypatch, language, names):
    for name in ["Zebra", "Åkers", "orange", "Market", "Łódzki"]:
        OrganisationFactory(name=name)

    found = [name for name in names_of_list(language) if name in names]
    assert found == names
    assert [name for name in names_of_list(language, query="o=-0") if name in names] == names[::-1]
    monkeypatch.setattr(type(admin.site.get_model_admin(Organisation)), "list_per_page", 2)
    last = (Organisation.objects.count() + 1) // 2
    pages = [names_of_list(language, query=f"p={number}") for number in range(1, last + 1)]
    assert [name for page in pages for name in page if name in names] == names
    assert {len(page) for page in pages[:2]} == {2}


def test_choices_in_a_list_have_their_own_order(names_of_list):
    kinds = {"A": "university", "B": "municipality", "C": "civil_society"}
    for name, kind in kinds.items():
        OrganisationFactory(name=name, kind=kind)

    assert [name for name in names_of_list("en", query="o=1") if name in kinds] == ["B", "A", "C"]


def test_list_of_bodies_is_ordered_by_city_then_kind(names_of_list):
    cities = {name: CityFactory(name=name) for name in ("Ånge", "Zagreb")}
    Body.objects.filter(city__in=cities.values()).delete()
    kinds = [
        kind for kind in BodyKind if kind in {BodyKind.CITY_OFFICE, BodyKind.EXPERT_GROUP, BodyKind.LOCAL_COMMITTEE}
    ]
    for name, city in cities.items():
        for kind in reversed(kinds):
            BodyFactory(city=city, kind=kind, name=f"{kind} of {name}")

    found = [name for name in names_of_list("sv", "body") if name.endswith((" of Ånge", " of Zagreb"))]

    assert found == [f"{kind} of {name}" for name in ("Zagreb", "Ånge") for kind in kinds]
