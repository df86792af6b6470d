"""Every text that people type has a limit: in its model field, in its form field, and in every save."""

import ast
import time

import pytest
from django import forms
from django.db import models
from django.urls import reverse

from cities.forms import AttendanceForm
from cities.models import Person
from core import text_limits
from core.exceptions import InputRefused
from core.text_limits import LONG_TEXT, MAX_GUEST_GROUPS, MAX_LINKS, PARAGRAPH, TextTooLong
from strategies.services import periods, plans
from tests.factories import (
    ActionFactory,
    BodyFactory,
    CityPeriodFactory,
    EventFactory,
    StrategyFactory,
    SwotItemFactory,
)
from tests.project.first_party import python_files
from tests.project.test_whole import our_models

WRITTEN_BY_THE_SITE = {  # model fields that nobody types into
    "accounts.Mail.body",
    "dashboards.CitySums.sums",
    "evaluation.EvaluationResult.snapshot",
    "evaluation.RoundResult.snapshot",
    "reports.Report.reason",
    "reports.Report.replaced_characters",
    "reports.Report.snapshot",
    "accounts.Mail.reason",
    "pilot.PactSnapshot.snapshot",
    "strategies.PeriodRevision.snapshot",
    "strategies.RevisionAction.contents",
    "strategies.RevisionIndicator.contents",
    "strategies.PeriodTransition.marks",  # each comment in it has a limit: services.periods
    "core.VerificationRun.differences",  # written by the site itself
    "core.RedactionRecord.fields",  # names of fields
    "core.FormInput.fields",  # all fields together have a limit: core.form_inputs
    "core.FormInput.files",  # of the same input, at most as many as a post has
    "core.FormInput.answer",  # an address and messages of this site
}
TEXT_COLUMNS = (models.CharField, models.TextField, models.JSONField)
TEXT_CALLS = {"CharField", "URLField", "RegexField", "JSONField", "CharFilter"}


def test_every_text_of_our_models_has_a_limit():
    fields = {
        f"{model._meta.label}.{field.name}": field
        for model in our_models()
        if not model._meta.proxy
        for field in model._meta.concrete_fields
        if isinstance(field, TEXT_COLUMNS)
    }

    assert {name for name, field in fields.items() if not field.max_length} == WRITTEN_BY_THE_SITE


def _text_calls(tree):
    """Yield the calls of ``forms.CharField`` and its like, and of ``django_filters.CharFilter``."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in TEXT_CALLS and ast.unparse(node.func.value) in {"forms", "django_filters"}:
            yield node


@pytest.mark.slow
def test_every_text_of_our_forms_has_a_limit():
    calls = [(file, call) for file in python_files() for call in _text_calls(ast.parse(file.read_text("utf-8")))]
    unlimited = [
        f"{file}:{call.lineno}" for file, call in calls if "max_length" not in {word.arg for word in call.keywords}
    ]

    assert len(calls) > 15
    assert unlimited == []


def test_changing_a_limit_needs_no_migration():
    for field in (text_limits.LimitedTextField(max_length=10), text_limits.LimitedJSONField(max_length=10)):
        _name, path, _args, options = field.deconstruct()

        assert path.startswith("django.db.models.")
        assert "max_length" not in options


# ---- forms


class Comment(forms.Form):
    text = forms.CharField(max_length=2_000, widget=text_limits.LimitedTextField().formfield().widget)


def test_form_states_the_limit_and_what_the_counter_says():
    html = str(Comment()["text"])

    assert "At most 2,000 characters." in html
    assert 'data-limit="2000"' in html
    assert 'data-left="{count} of 2,000 characters left"' in html
    assert 'aria-describedby="id_text_limit"' in html
    assert " maxlength=" not in html, "the browser would cut what is pasted"


def test_text_over_the_limit_is_kept_and_the_error_says_the_limit():
    form = Comment({"text": "x" * 2_001})

    assert list(form["text"].errors) == ["The text has 2,001 characters. Shorten it to at most 2,000."]
    assert "x" * 2_001 in str(form["text"])


def test_a_line_break_counts_as_one_character():
    form = Comment({"text": "line\r\n" * 400})

    assert form.is_valid()
    assert form.cleaned_data["text"].count("\r") == 0


@pytest.mark.django_db
def test_page_keeps_a_narrative_over_the_limit(client, everyone, city):
    period = CityPeriodFactory(city=city)
    client.force_login(everyone["official"])
    typed = "x" * (LONG_TEXT + 1)

    page = client.post(
        reverse("strategies:narrative_edit", args=[period.pk]), {"text": typed, "language": "sv", "version": "0"}
    ).content.decode()

    assert typed in page
    assert "The text has 20,001 characters. Shorten it to at most 20,000." in page
    assert not hasattr(period, "narrative")


# ---- services, without a form


@pytest.mark.django_db
def test_service_refuses_a_long_plan_text(everyone, city):
    strategy = StrategyFactory(city=city)

    with pytest.raises(InputRefused) as refused:
        plans.save_part(strategy, by=everyone["official"], fields={"vision": "x" * (LONG_TEXT + 1)})

    assert refused.value.errors == {"vision": "The text has 20,001 characters. Shorten it to at most 20,000."}


@pytest.mark.django_db
def test_service_refuses_a_long_comment(everyone, city):
    period = CityPeriodFactory(city=city)

    with pytest.raises(TextTooLong, match=r"4,001 characters\. Shorten it to at most 4,000"):
        periods.comment_period(period, by=everyone["expert"], text="x" * (PARAGRAPH + 1))

    assert period.comments.count() == 0


@pytest.mark.django_db
def test_longer_stored_text_can_be_shortened_and_does_not_stop_other_changes(everyone, city):
    strategy = StrategyFactory(city=city)
    type(strategy).objects.filter(pk=strategy.pk).update(vision="x" * 30_000)

    saved = plans.save_part(strategy, by=everyone["official"], fields={"title": "Together"})
    assert (saved.title, len(saved.vision)) == ("Together", 30_000)
    saved = plans.save_part(strategy, by=everyone["official"], fields={"vision": "x" * 25_000})
    assert len(saved.vision) == 25_000
    with pytest.raises(InputRefused, match=r"25,001 characters\. Shorten it to at most 25,000"):
        plans.save_part(strategy, by=everyone["official"], fields={"vision": "x" * 25_001})


@pytest.mark.django_db
def test_form_of_a_longer_stored_text_offers_its_length(client, everyone, city):
    action = ActionFactory(city=city)
    type(action).objects.filter(pk=action.pk).update(description="x" * 30_000)
    client.force_login(everyone["official"])

    page = client.get(reverse("strategies:action_edit", args=[action.pk])).content.decode()

    assert "x" * 30_000 in page
    assert "At most 30,000 characters." in page


@pytest.mark.django_db
def test_short_line_over_its_column_is_refused_by_save():
    item = SwotItemFactory()
    body = BodyFactory()
    body.name = "x" * 201

    with pytest.raises(TextTooLong):
        body.save()

    item.save()


# ---- lists


def _guests(text):
    form = AttendanceForm({"guests": text, "version": 1}, instance=EventFactory(), persons=Person.objects.none())
    return form, form.is_valid()


@pytest.mark.django_db
@pytest.mark.parametrize("text", [" " * 19_000, "a" + " " * 19_000, "a " * 9_000, "1 " * 9_000 + "x"])
def test_hostile_guests_take_no_time(text):
    started = time.perf_counter()

    _guests(text)

    assert time.perf_counter() - started < 1


@pytest.mark.django_db
def test_number_of_guest_groups_has_a_limit():
    lines = "\n".join(f"Group {number}, 3" for number in range(MAX_GUEST_GROUPS + 1))

    form, is_valid = _guests(lines)

    assert not is_valid
    assert list(form["guests"].errors) == ["Enter at most 100 groups."]
    assert _guests(lines.rpartition("\n")[0])[1]


@pytest.mark.django_db
def test_number_of_links_has_a_limit(client, everyone, city):
    action = ActionFactory(city=city)
    client.force_login(everyone["official"])
    links = "\n".join(f"https://example.org/{number}" for number in range(MAX_LINKS + 1))

    page = client.post(
        reverse("strategies:action_log", args=[action.pk]), {"text": "Held.", "stage": "ongoing", "links": links}
    ).content.decode()

    assert "Add at most 20 links to an update." in page
    assert links.partition("\n")[0] in page
