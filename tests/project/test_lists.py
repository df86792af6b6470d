"""Test that every list with pages takes a page number that is none, or too high, in the same way."""

import pytest
from django.core.paginator import Paginator
from django.urls import get_resolver
from django.views.generic.list import MultipleObjectMixin

from core.views import PagedListView
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
