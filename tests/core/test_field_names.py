"""Labels of fields whose model gives no name are translated."""

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.utils import translation

from cities.enums import BodyKind, Role
from cities.models import City, Event
from strategies.models import Action, PriorityArea
from tests.factories import member

SAME = {"moderator", "organisation", "person", "status", "text", "version"}  # in both languages


@pytest.mark.parametrize(
    "model, name, english, swedish",
    [
        pytest.param(PriorityArea, "theme", "theme", "tema", id="as the attribute"),
        pytest.param(Action, "objective", "objective", "mål", id="relation"),
        pytest.param(City, "slug", "short name", "kortnamn", id="another word"),
        pytest.param(Event, "published_at", "published on", "publicerad den", id="inherited"),
        pytest.param(Event.history.model, "published_at", "published on", "publicerad den", id="history"),
    ],
)
def test_name_that_django_derived_is_translated(model, name, english, swedish):
    field = model._meta.get_field(name)

    with translation.override("sv"):
        in_swedish = str(field.verbose_name)

    assert (str(field.verbose_name), in_swedish) == (english, swedish)
    assert "verbose_name" not in field.deconstruct()[3]


@pytest.mark.django_db
@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model.__name__)
def test_columns_and_fields_of_the_administration_are_translated(rf, model):
    page, request = admin.site._registry[model], rf.get("/admin/")
    request.user = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)

    def labels():
        columns = [str(label_for_field(name, model, page)) for name in page.get_list_display(request)]
        return {*columns, *(str(field.label) for field in page.get_form(request)().fields.values())}

    english = labels()
    with translation.override("sv"):
        swedish = labels()

    assert {label for label in english & swedish if label.lower() not in SAME} == set()
