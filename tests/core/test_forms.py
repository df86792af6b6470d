"""Test the common form layout and the forms that detect edit conflicts."""

from datetime import date
from types import SimpleNamespace

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.http import QueryDict
from django.template import Context, Template
from django.test import SimpleTestCase
from django.utils import translation
from django.utils.datastructures import MultiValueDict

from accounts.models import User
from core.forms import (
    DateInput,
    DateTimeLocalInput,
    FieldDifference,
    FilteredCheckboxes,
    LongTextarea,
    NumberInput,
    VersionedForm,
    form_helper,
)


class Plain(forms.Form):
    text = forms.CharField(label="What has happened?", help_text="One sentence is enough.", widget=LongTextarea())
    kind = forms.ChoiceField(label="Status", choices=[("a", "Ongoing"), ("b", "Paused")], widget=forms.RadioSelect)
    day = forms.DateField(label="Day", widget=DateInput(), required=False)
    spent = forms.DecimalField(label="Spent", widget=NumberInput(), required=False)
    file = forms.FileField(label="Evidence", help_text="Up to 20 MB.", required=False)
    sure = forms.BooleanField(label="Nothing new", help_text="Counts as an update.", required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        buttons = (("save_next", "Save and next"),)
        self.helper = form_helper(save="Save", buttons=buttons, cancel="/back/")


def render(form):
    return Template("{% load crispy_forms_tags %}{% crispy form %}").render(Context({"form": form}))


def in_order(html, *parts):
    """Return whether all parts are in the HTML, in the given order."""
    positions = [html.find(part) for part in parts]
    return -1 not in positions and positions == sorted(positions)


def test_field_order_is_label_help_error_input():
    html = render(Plain({"kind": "a"}))

    assert in_order(html, 'for="id_text"', "One sentence is enough.", 'id="id_text_error"', "<textarea")
    assert 'aria-describedby="id_text_helptext id_text_error"' in html


def test_error_summary_links_to_each_field():
    html = render(Plain({}))

    assert 'role="alert"' in html
    assert '<a href="#id_text">Fill in “What has happened?”.</a>' in html
    assert '<a href="#id_kind_0">Choose an option for “Status”.</a>' in html
    assert "epi-errors" not in render(Plain())


def test_error_summary_shows_label_before_other_errors():
    html = render(Plain({"text": "A word", "kind": "a", "day": "soon"}))

    assert '<a href="#id_day">Day</a>: Enter a valid date.' in html


@pytest.mark.parametrize("language, message", [("en", "Fill in “Title”."), ("sv", "Fyll i ”Title”.")])
def test_required_error_names_the_field(language, message):
    class Named(forms.Form):
        title = forms.CharField(label="Title")

    with translation.override(language):
        errors = Named({})["title"].errors

        assert list(errors) == [message]
        assert errors.field_id == "id_title"


def test_own_required_message_is_kept():
    class Own(forms.Form):
        title = forms.CharField(error_messages={"required": "Write one sentence."})

    assert list(Own({})["title"].errors) == ["Write one sentence."]
    assert not Own({})["title"].is_left_empty


def test_save_bar_has_buttons_and_cancel():
    html = render(Plain())

    assert in_order(html, 'name="save"', 'name="save_next"', 'href="/back/"')
    assert "style=" not in html


def test_radio_choices_are_fieldset_with_legend():
    assert in_order(render(Plain()), "<fieldset", "<legend", "Status", 'type="radio"', "</fieldset>")


def test_filtered_checkboxes_have_filter_input():
    class Many(forms.Form):
        partners = forms.MultipleChoiceField(
            choices=[(str(n), f"Partner {n}") for n in range(30)], widget=FilteredCheckboxes
        )

    html = render(Many({"partners": ["3", "4"]}))

    assert 'class="epi-choices epi-choices-many" data-filter="Search the list"' in " ".join(html.split())
    assert html.count('type="checkbox"') == 30
    assert html.count("checked") == 2
    assert "data-filter" not in render(Plain())


def test_form_helper_without_save_has_no_bar_and_no_form_tag():
    form = Plain()
    form.helper = form_helper("text", save="", method="get", tag=False)

    html = render(form)

    assert "id_text" in html
    assert "id_kind" not in html
    assert "epi-save" not in html
    assert "<form" not in html


def test_select_is_rendered_as_by_the_templates_of_django():
    class Choices(forms.Form):
        plain = forms.ChoiceField(choices=[("", "all"), (1, "<One>"), ("t&o", 2)], required=False, disabled=True)
        groups = forms.ChoiceField(choices=[("", "none"), ("A & B", [("a", "A"), ("b", "B")])], initial="b")
        many = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], initial=["a", "b"])

    ours, djangos = Choices(), Choices(renderer=DjangoTemplates())

    for name in Choices.base_fields:
        SimpleTestCase().assertHTMLEqual(str(ours[name]), str(djangos[name]))
        assert "\n" not in str(ours[name])


def test_inputs_are_rendered_as_by_the_templates_of_django():
    class Inputs(forms.Form):
        text = forms.CharField(initial='<"A" & B>', max_length=9, help_text="Help")
        empty = forms.CharField(required=False)
        zero = forms.IntegerField(initial=0, min_value=0)
        email = forms.EmailField(disabled=True)
        link = forms.URLField(initial="https://town.example/?a&b", assume_scheme="https")
        day = forms.DateField(initial=date(2026, 2, 3), widget=DateInput)
        secret = forms.CharField(widget=forms.PasswordInput, initial="never shown")
        hidden = forms.CharField(widget=forms.HiddenInput, initial="1")
        ticked = forms.BooleanField(initial=True)
        long = forms.CharField(widget=forms.Textarea, initial="\n<b>\n")
        blank = forms.CharField(widget=forms.Textarea)

    ours, djangos = Inputs(), Inputs(renderer=DjangoTemplates())

    for name in Inputs.base_fields:
        assert str(ours[name]).strip() == str(djangos[name]).strip()


def test_widgets_set_input_mode_and_type():
    assert 'inputmode="decimal"' in NumberInput().render("x", 1)
    assert 'inputmode="numeric"' in NumberInput(decimals=False).render("x", 1)
    assert 'type="date"' in DateInput().render("x", None)
    assert 'type="datetime-local"' in DateTimeLocalInput().render("x", None)


# ---- edit conflicts


class Edit(VersionedForm):
    class Meta:
        model = User
        fields = ["first_name", "language"]


@pytest.fixture
def form():
    data = MultiValueDict({"first_name": ["Ana"], "language": ["sv"], "version": ["1"]})
    return Edit(data, instance=User(first_name="Eva"))


def test_version_field_has_version_of_instance():
    user = User()
    user.version, user._state.adding = 4, False

    assert Edit(instance=user)["version"].value() == 4
    assert Edit(instance=User())["version"].value() == 0


def test_show_conflict_lists_differences_and_keeps_input(form):
    current = User(first_name="Ieva", language="en")
    current.version = 2

    form.show_conflict(current)

    assert form.differences == [
        FieldDifference("First name", "Ieva", "Ana"),
        FieldDifference("Language", "English", "Swedish"),
    ]
    assert form.data["version"] == "2"
    assert form.data["first_name"] == "Ana"


def test_display_value_for_empty_text_and_grouped_choices(form):
    form.fields["group"] = forms.MultipleChoiceField(choices=[("All", [("a", "Ana"), ("b", "Bo")]), ("c", "Cy")])

    assert form.display_value("first_name", None) == ""
    assert form.display_value("first_name", "Ana") == "Ana"
    assert form.display_value("group", ["b", "c"]) == "Bo, Cy"


def test_conflict_template_shows_both_versions(form):
    form.differences = [FieldDifference("Name", "Ieva", "<b>")]
    source = '{% include "_parts/edit_conflict.html" %}'

    html = Template(source).render(Context({"form": form}))

    assert "Ieva" in html
    assert "&lt;b&gt;" in html
    assert Template(source).render(Context({"form": SimpleNamespace(differences=[])})).strip() == ""


def test_form_opened_before_a_field_was_renamed_keeps_its_value():
    class Renamed(VersionedForm):
        old_names = {"forename": "first_name"}

        class Meta:
            model = User
            fields = ["first_name"]

    form = Renamed(QueryDict("forename=Ana&version=1"), instance=User())

    assert form.is_valid()
    assert form.cleaned_data["first_name"] == "Ana"
