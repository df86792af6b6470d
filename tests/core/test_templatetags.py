"""Test the output of the template tags in English and Swedish, and that input is escaped."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django import forms
from django.core.paginator import Paginator
from django.db import models
from django.template import Context, Template
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import override

from core import form_rendering, locales
from core.badges import BADGES, SHAPES, badge_for
from core.templatetags import epi

NBSP, NARROW = "\xa0", "\u202f"


class Health(models.TextChoices):
    LATE = "late", "Too late"


def render(source, **context):
    return Template(source).render(Context(context))


# ---- state badges, bars and levels


@pytest.mark.parametrize("state", BADGES)
def test_state_mark_has_shape_word_and_colour(state):
    html = render("{% state_mark state %}", state=state)

    assert f"is-{BADGES[state].tone}" in html
    assert SHAPES[BADGES[state].shape] in html
    assert str(BADGES[state].word) in html


def test_state_mark_of_enum_member_shows_its_label():
    assert "Too late" in render("{% state_mark state %}", state=Health.LATE)


def test_state_mark_word_can_be_visually_hidden():
    assert '<span class="visually-hidden">Late</span>' in render('{% state_mark "late" hide_word=True %}')


def test_state_mark_without_state_is_empty():
    assert render("{% state_mark state %}", state=None) == ""


def test_unknown_state_shows_escaped_name():
    assert badge_for("half_way").word == "Half way"
    assert "&lt;b&gt;" in render("{% state_mark state %}", state="<b>")


def test_state_bar_has_widths_and_text_label():
    html = render("{% state_bar counts %}", counts=[("on_track", 3), ("late", 1), ("stale", 0)])

    assert 'aria-label="On track 3, Late 1"' in html
    assert html.count("<rect") == 2
    assert 'x="75.00"' in html


def test_state_bar_without_counts_is_empty():
    assert render("{% state_bar counts %}", counts=[("late", 0)]) == ""


@pytest.mark.parametrize(
    "value, total, expected",
    [(12, 15, 'value="12" max="15"'), (20, 15, 'value="15" max="15"'), (None, 0, 'value="0" max="1"')],
)
def test_meter_stays_within_its_bounds(value, total, expected):
    assert expected in render("{% meter value total %}", value=value, total=total)


def test_meter_has_aria_label():
    assert 'aria-label="12 of 15 reported"' in render('{% meter 12 15 label="12 of 15 reported" %}')
    assert 'aria-label="12 of 15"' in render("{% meter 12 15 %}")


@pytest.mark.parametrize(
    "level, classes, shown",
    [
        (3, 'class="epi-level l3"', "<b>3</b>"),
        ("2-3", 'class="epi-level l2 up3"', "<b>2–3</b>"),
        ("2–3", 'class="epi-level l2 up3"', "<b>2–3</b>"),
        (None, 'class="epi-level is-none"', "not assessed"),
    ],
)
def test_level_cell_has_classes_and_text(level, classes, shown):
    html = render('{% level_cell level note="4 raters" %}', level=level)

    assert classes in html
    assert shown in html
    assert "<small>4 raters</small>" in html


@pytest.mark.parametrize(
    "kind, title, shown",
    [("kick-off", "Kick-off of the strategy", ""), ("meeting", "Expert group, Q3", "meeting"), ("", "Anything", "")],
)
def test_kind_is_hidden_when_title_contains_it(kind, title, shown):
    assert render("{{ kind|unless_contained_in:title }}", kind=kind, title=title) == shown


def test_level_where_raters_differ_is_marked():
    assert "is-split" in render("{% level_cell 2 split=levels %}", levels={2, 4})
    assert "is-split" not in render("{% level_cell 3 split=levels %}", levels={2, 4})


@pytest.mark.parametrize("name", epi.ICONS)
def test_icons_are_hidden_from_screen_readers(name):
    assert 'aria-hidden="true"' in render("{% icon name %}", name=name)


# ---- numbers and dates


@pytest.mark.parametrize(
    "source, english, swedish",
    [
        ("{{ n|number }}", "1,234.5", f"1{NBSP}234,5"),
        ("{{ n|number:0 }}", "1,234", f"1{NBSP}234"),
        ("{{ 61|percent }}", "61%", f"61{NBSP}%"),
        ("{{ 61.25|percent:1 }}", "61.3%", f"61,3{NBSP}%"),
        ('{{ n|money:"EUR" }}', "€1,234.50", f"1{NBSP}234,50{NBSP}€"),
        ('{{ 1200|money:"SEK" }}', f"SEK{NBSP}1,200", f"1{NBSP}200{NBSP}kr"),
        ("{{ 840000|money_short }}", "€840K", f"840{NBSP}tn{NBSP}€"),
        ("{{ 1520000|money_short }}", "€1.52M", f"1,52{NBSP}mn{NBSP}€"),
        ('{{ 1760000|money_short:"SEK" }}', f"SEK{NBSP}1.76M", f"1,76{NBSP}mn{NBSP}kr"),
        ("{{ 940|money_short }}", "€940", f"940{NBSP}€"),
        ("{{ d|day }}", "2 September 2026", "2 september 2026"),
        ("{{ d|days:e }}", "2–4 Sept 2026", "2–4 sep. 2026"),
        ("{{ d|day_short }}", "2 Sept 2026", "2 sep. 2026"),
        ('{{ t|moment:"Europe/Riga" }}', "3 September 2026, 01:30", "3 september 2026, 01:30"),
        ("{{ t|day }}", "3 September 2026", "3 september 2026"),
    ],
)
def test_numbers_and_dates_follow_language(source, english, swedish):
    context = {
        "n": Decimal("1234.50"),
        "d": date(2026, 9, 2),
        "e": date(2026, 9, 4),
        "t": datetime(2026, 9, 2, 22, 30, tzinfo=UTC),
    }

    assert render(source, **context) == english
    with override("sv"):
        assert render(source, **context) == swedish


def test_iso_moment_ends_with_the_second_and_the_time_zone():
    moment = datetime(2026, 9, 2, 22, 30, 5, 123456, tzinfo=UTC)

    with timezone.override("Europe/Riga"):
        assert render("{{ t|iso_moment }}", t=moment) == "2026-09-03T01:30:05+03:00"


@pytest.mark.parametrize("name", ["number", "percent", "money", "money_short", "day", "day_short", "moment"])
def test_none_is_shown_as_dash(name):
    assert render(f"{{{{ value|{name} }}}}", value=None) == locales.NOTHING


@pytest.mark.parametrize(
    "name, expected",
    [("Ingrid Lindqvist", "IL"), ("Anna Maria de Vries", "AV"), ("ana", "A"), ("ana.popa@example.org", "AP"), ("", "")],
)
def test_initials_of_name(name, expected):
    assert epi.initials(name) == expected


# ---- forms, lists and page frame


class SampleForm(forms.Form):
    text = forms.CharField()
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    note = forms.CharField(required=False)


def test_field_anchor_is_field_or_first_choice():
    assert [epi.field_anchor(field) for field in SampleForm()] == ["id_text", "id_kind_0", "id_note"]


def test_requirement_marks_the_smaller_group():
    form = SampleForm()

    assert [strip_tags(form_rendering.requirement(field)).strip() for field in form] == ["", "", "optional"]
    form.fields["kind"].required = False
    assert [strip_tags(form_rendering.requirement(field)).strip() for field in form] == ["required", "", ""]
    form.fields["text"].required = False
    assert [strip_tags(form_rendering.requirement(field)).strip() for field in form] == ["", "", ""]


def test_has_errors_accepts_several_forms():
    assert epi.has_errors([SampleForm(), SampleForm({})]) is True
    assert epi.has_errors([SampleForm()]) is False
    assert epi.has_errors(None) is False


def test_page_range_of_many_pages_is_shortened():
    page = Paginator(range(500), 25).page(9)

    assert list(epi.page_range(page)) == [1, Paginator.ELLIPSIS, 8, 9, 10, Paginator.ELLIPSIS, 20]


def test_network_site_is_found_when_site_is_overridden():
    source = "{% network_site as frame %}{{ frame.network_name }}"

    assert Template(source).render(Context({"site": {"network_name": "EPI"}})) == "EPI"
    context = Context({"site": {"network_name": "EPI"}})
    context.push(site="example.org")
    assert Template(source).render(context) == "EPI"
    assert render(source) == ""
