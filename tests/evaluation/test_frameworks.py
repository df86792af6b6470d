"""Versions of the framework: loaded, adopted, superseded; framework and round in the admin."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse

from core.exceptions import PermissionRefused
from evaluation.models import Dimension, EvaluationRound, Framework
from evaluation.services import frameworks

pytestmark = pytest.mark.django_db
SOURCE = Path(frameworks.DEFAULT)


def test_framework_is_loaded_once_with_two_dimensions_named_effektivitet(db):
    first = frameworks.load_framework()
    call_command("load_framework", stdout=StringIO())

    codes = list(first.dimensions.values_list("code", "source_label"))
    assert Framework.objects.count() == 1
    assert codes == [
        ("relevance", "RELEVANS"),
        ("effectiveness", "EFFEKTIVITET (first)"),
        ("coherence", "SAMHÄLLE"),
        ("sustainability", "HÅLLBARHET"),
        ("efficiency", "EFFEKTIVITET (second)"),
        ("impact", "GENOMSLAG"),
    ]
    assert first.dimensions.get(code="efficiency").names["sv"] == "Resurseffektivitet"
    assert json.loads(SOURCE.read_text())["version"] == first.version


def test_framework_in_use_cannot_change_but_gets_a_next_version(case):
    dimension = case.dimension()
    dimension.questions = {"en": "Really?"}
    with pytest.raises(ValidationError):
        dimension.full_clean()
    framework = case.framework
    framework.name = "Another"
    with pytest.raises(ValidationError):
        framework.full_clean()

    framework.refresh_from_db()
    next_version = frameworks.create_next_version(framework, by=case.coordinator)
    changed = next_version.dimensions.get(code="impact")
    changed.questions = {"en": "Really?"}
    changed.full_clean()

    assert (next_version.version, next_version.dimensions.count()) == (2, 6)
    with pytest.raises(PermissionRefused):
        frameworks.create_next_version(framework, by=case.partner)


def test_framework_is_adopted_once_by_the_committee(case):
    with pytest.raises(PermissionRefused):
        frameworks.adopt_framework(case.framework, by=case.coordinator)

    first = frameworks.adopt_framework(case.framework, by=case.committee1)
    again = frameworks.adopt_framework(case.framework, by=case.committee2, on=datetime(2020, 1, 1, tzinfo=UTC).date())

    assert again.adopted_on == first.adopted_on is not None


def test_admin_shows_frameworks_in_use_as_read_only(case, client):
    client.force_login(case.committee1)
    page = client.get(reverse("admin:evaluation_framework_changelist")).content.decode()
    assert "EPI 2021" in page
    client.post(
        reverse("admin:evaluation_framework_changelist"), {"action": "adopt", "_selected_action": [case.framework.pk]}
    )
    assert Framework.objects.get().adopted_on is not None

    client.force_login(case.coordinator)
    dimension = client.get(reverse("admin:evaluation_dimension_change", args=[case.dimension().pk])).content.decode()
    client.post(
        reverse("admin:evaluation_framework_changelist"),
        {"action": "create_next_version", "_selected_action": [case.framework.pk]},
    )

    assert 'name="rubric"' not in dimension
    editable = Dimension.objects.get(framework__version=2, code="impact")
    assert (
        'name="rubric"' in client.get(reverse("admin:evaluation_dimension_change", args=[editable.pk])).content.decode()
    )
    assert client.get(reverse("admin:evaluation_dimension_change", args=[9999])).status_code == 404
    client.force_login(case.partner)
    assert client.get(reverse("admin:evaluation_framework_changelist")).status_code == 404


@pytest.mark.parametrize(
    "role, action, service",
    [("coordinator", "create_next_version", "create_next_version"), ("committee1", "adopt", "adopt_framework")],
)
def test_admin_action_shows_an_error_and_no_success(case, client, monkeypatch, role, action, service):
    def refuse(framework, *, by):
        raise PermissionRefused

    monkeypatch.setattr(frameworks, service, refuse)
    client.force_login(getattr(case, role))
    url = reverse("admin:evaluation_framework_changelist")

    page = client.post(url, {"action": action, "_selected_action": [case.framework.pk]}, follow=True)

    assert [message.level_tag for message in page.context["messages"]] == ["error"]


@pytest.mark.parametrize("given", [["x"], ["²", ""], ["x", "own"]])
def test_admin_action_leaves_out_what_is_no_id(case, client, given):
    client.force_login(case.committee1)
    chosen = [case.framework.pk if value == "own" else value for value in given]

    page = client.post(
        reverse("admin:evaluation_framework_changelist"), {"action": "adopt", "_selected_action": chosen}, follow=True
    )

    level = "success" if "own" in given else "warning"
    assert [message.level_tag for message in page.context["messages"]] == [level]


def test_admin_lets_coordinators_change_round_dates(case, client):
    client.force_login(case.coordinator)
    url = reverse("admin:evaluation_evaluationround_change", args=[case.round.pk])
    page = client.get(url).content.decode()

    assert case.round.name in page
    assert 'name="framework"' not in page  # a framework in use cannot change
    client.force_login(case.committee1)
    assert client.post(url, {"name": "Other"}).status_code == 403
    assert not EvaluationRound.objects.filter(name="Other").exists()
