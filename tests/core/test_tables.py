"""Tables written in Python: labels, headings of rows, and texts that are escaped."""

from types import SimpleNamespace

import pytest
from django.forms import Select
from django.urls import reverse, set_script_prefix
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from core.columns import Column
from core.links import url_of
from core.row_choices import RowSelect
from core.tables import table_body

COLUMNS = [
    Column("name", gettext_lazy("Name"), cell=lambda row: row.name, is_row_heading=True, cell_class="text-break"),
    Column("email", "Email", is_shown=False),
    Column("count", 'A "count"', cell=lambda row: format_html("<b>{}</b>", row.count), cell_class="epi-num"),
]


def test_body_has_a_labelled_cell_for_each_column_with_one():
    rows = [SimpleNamespace(name="<i>Ann</i>", count=3)]

    assert table_body(COLUMNS, rows) == (
        '<tr><th scope="row" class="text-break">&lt;i&gt;Ann&lt;/i&gt;</th>'
        '<td data-label="A &quot;count&quot;" class="epi-num"><b>3</b></td></tr>'
    )


def test_last_cell_has_no_label():
    rows = [SimpleNamespace(name="Ann"), SimpleNamespace(name="Bo")]

    assert table_body([], rows, last=lambda row: f"{row.name} & co") == (
        "<tr><td>Ann &amp; co</td></tr><tr><td>Bo &amp; co</td></tr>"
    )


def test_drop_down_list_is_the_same_as_django_writes():
    choices = [("", "all"), (1, "Town <1>"), (2, "B & C"), ("A & B", [("3", "Three"), ("4", "Four")])]
    ours, django = (widget({"class": "x"}, choices=choices) for widget in (RowSelect, Select))

    for value in (None, 2, "1", "4", "9"):
        html = django.render("city", value, {"id": "id_city"}).replace("\n", "").replace("  ", "")
        assert ours.render("city", value, {"id": "id_city"}) == html


@pytest.mark.parametrize("prefix", ["/", "/under/"])
def test_url_of_a_row_is_the_one_that_reverse_returns(prefix):
    set_script_prefix(prefix)
    try:
        assert url_of("strategies:action_log", 7) == reverse("strategies:action_log", args=[7])
    finally:
        set_script_prefix("/")
