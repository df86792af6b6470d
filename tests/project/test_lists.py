"""Test that every list with pages takes a page number that is none, or too high, in the same way."""

from collections import Counter
from io import BytesIO

import openpyxl
import pytest
from django.core.paginator import Paginator
from django.urls import get_resolver
from django.views.generic.list import MultipleObjectMixin

from core.views import ListPage, PagedListView
from tests.factories import CityFactory

from .routes import routes


def paged_views():
    """Yield the classes of views that set ``paginate_by``."""
    found = [get_resolver()]
    while found:
        entry = found.pop()
        found += getattr(entry, "url_patterns", [])
        view = getattr(getattr(entry, "callback", None), "view_class", None)
        if view and issubclass(view, MultipleObjectMixin) and view.paginate_by:
            yield view


def test_every_list_with_pages_is_forgiving():
    names = {view.__name__ for view in paged_views() if not issubclass(view, PagedListView)}

    assert routes()
    assert len(list(paged_views())) >= 6
    assert names == set()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked, shown", [("abc", 1), ("", 1), ("0", 2), ("-1", 2), ("2", 2), ("999", 2), ("9" * 5000, 1), ("last", 1)]
)
def test_wrong_page_number_shows_first_or_last_page(client, monkeypatch, asked, shown):
    monkeypatch.setattr("cities.views.pages.CityList.paginate_by", 2)
    CityFactory.create_batch(3)

    response = client.get("/cities/", {"page": asked})

    assert (response.status_code, response.context["page_obj"].number) == (200, shown)
    assert Paginator(range(3), 2).get_page(asked).number == shown  # as in lists that are no ListView


def sorted_lists():
    return [view for view in paged_views() if issubclass(view, ListPage)]


def test_lists_name_their_columns_once():
    names = {view.__name__: Counter(column.name for column in view.columns) for view in sorted_lists()}

    assert len(names) >= 6
    assert {view for view, found in names.items() if max(found.values()) > 1} == set()


@pytest.mark.django_db
def test_list_is_sorted_by_the_column_of_a_link_and_back(client):
    for name, population in (("Aarhus", 3), ("Bergen", 1), ("Cork", 2)):
        CityFactory(name=name, population=population)

    def page(sort):
        response = client.get("/cities/", {"sort": sort})
        headings = {heading.sort.lstrip("-"): heading for heading in response.context["headings"]}
        return [city.name for city in response.context["object_list"]], headings

    up, headings = page("population")
    assert (up, headings["population"].order) == (["Bergen", "Cork", "Aarhus"], "ascending")
    down, headings = page(headings["population"].sort)
    assert (down, headings["population"].order) == (up[::-1], "descending")
    assert headings["city"].order == ""
    other, headings = page("; drop table")
    assert (other, headings["city"].order) == (["Aarhus", "Bergen", "Cork"], "ascending")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_has_all_pages_in_the_order_of_the_page(client, monkeypatch, kind):
    monkeypatch.setattr("cities.views.pages.CityList.paginate_by", 1)
    for name in ("Cork", "Aarhus", "Bergen"):
        CityFactory(name=name)

    response = client.get("/cities/", {"sort": "-city", "export": kind})

    assert response["Content-Disposition"] == f'attachment; filename="cities.{kind}"'
    if kind == "csv":
        names = [line.split(",")[0] for line in response.content.decode("utf-8-sig").splitlines()]
    else:
        names = [row[0] for row in openpyxl.load_workbook(BytesIO(response.content)).active.values]
    assert names == ["City", "Cork", "Bergen", "Aarhus"]


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("view", sorted_lists(), ids=lambda view: view.__name__)
def test_every_list_can_be_sorted_by_each_of_its_columns_and_exported(rf, view, world):
    for sort in [sign + column.name for column in view.columns if column.is_sortable for sign in ("", "-")]:
        for kind in ("csv", "xlsx"):
            request = rf.get("/", {"sort": sort, "export": kind})
            request.user = world.roles["coordinator"]
            response = view.as_view()(request, slug=world.strategy.ref)

            assert response.status_code == 200, (sort, kind)
