"""Test that ``manage.py verify`` lists differences and sets its exit code."""

import os
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction

from cities.models import StoredFile
from core import stored_files, triggers
from core.models import FormInput
from evaluation.models import Evaluation, EvaluationResult, StageTransition
from reports.models import ReportFile
from strategies.models import CityPeriod, PeriodRevision, PeriodTransition, RevisionAction

from .copies import overwrite_file, working_in

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def _verify() -> tuple[str, str]:
    """Return the output of the command and its error message."""
    out = StringIO()
    try:
        call_command("verify", stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def _differences(out: str, *, has_triggers: bool = True) -> set[str]:
    lines = {line.strip() for line in out.splitlines() if line.startswith("  ")}
    return lines if has_triggers else {line for line in lines if not line.startswith("trigger ")}


def test_restored_site_has_no_differences(restored):
    with working_in(restored.site):
        out, error = _verify()

    assert error == ""
    assert _differences(out) == set()
    assert "stored files: 0 checked" not in out


def test_different_files_are_reported(original, copies):
    with working_in(copies.with_files_of(original)):
        missing, other, short = StoredFile.objects.order_by("pk")[:3]
        default_storage.delete(missing.path)
        overwrite_file(other.path, b"x" * other.size)
        overwrite_file(short.path)
        unknown, young = Path(default_storage.path("ab-unknown")), Path(default_storage.path("ab-young"))
        for file in (unknown, young):
            file.write_text("no row")
        os.utime(unknown, (0, 0))
        out, error = _verify()

    assert _differences(out) == {
        f"cities.storedfile {missing.pk}, {missing.path}: cannot be read (No such file or directory)",
        f"cities.storedfile {other.pk}, {other.path}: does not match its SHA-256",
        f"cities.storedfile {short.pk}, {short.path}: has 11 bytes instead of {short.size}",
        "ab-unknown: no row knows this file",
    }
    assert error.startswith("Differences found: 3.")


@pytest.fixture
def without_triggers(original):
    """Drop the triggers of the original; changes by the test are rolled back."""
    with working_in(original), transaction.atomic():
        triggers.drop_all()
        yield
        transaction.set_rollback(True)


def test_changed_frozen_rows_are_reported(without_triggers):
    revision = PeriodRevision.objects.earliest("pk")
    other = PeriodRevision.objects.latest("pk")
    file = ReportFile.objects.get()
    result = EvaluationResult.objects.get()
    PeriodRevision._base_manager.filter(pk=revision.pk).update(snapshot=revision.snapshot + " ")
    RevisionAction._base_manager.filter(revision=other).delete()
    ReportFile._base_manager.update(content=b"other bytes")
    Evaluation.objects.filter(pk=result.evaluation_id).update(revision=_another(result))
    out, _error = _verify()

    assert _differences(out, has_triggers=False) == {
        f"strategies.periodrevision {revision.pk}: snapshot does not match its SHA-256",
        f"strategies.periodrevision {revision.pk}: its frozen rows or its snapshot were changed",
        f"strategies.periodrevision {other.pk}: its frozen actions are not those of its snapshot",
        f"reports.reportfile {file.pk}: content does not match its SHA-256",
        f"evaluation.evaluationresult {result.pk}: its revision has another hash",
    }


def _another(result):
    return PeriodRevision.objects.exclude(pk=result.evaluation.revision_id).first()


def test_wrong_moves_are_reported(without_triggers):
    moved = CityPeriod.objects.filter(state="published").first()
    gap = CityPeriod.objects.filter(state="accepted").first()
    without = CityPeriod.objects.filter(state="open").first()
    evaluation = Evaluation.objects.get(stage="moderate")
    CityPeriod.objects.filter(pk=moved.pk).update(state="submitted")
    PeriodTransition._base_manager.filter(city_period=gap, number=1).delete()
    PeriodTransition._base_manager.filter(city_period=without).delete()
    StageTransition._base_manager.filter(evaluation=evaluation, to_stage="discuss").delete()
    out, _error = _verify()

    assert _differences(out, has_triggers=False) == {
        f"strategies.cityperiod {moved.pk}: is submitted, and its last transition led to published",
        f"strategies.cityperiod {gap.pk}: its transitions are not numbered from 1 to {gap.transition_count}",
        f"strategies.cityperiod {without.pk}: its transitions are missing",
        f"evaluation.evaluation {evaluation.pk}: its transitions do not lead to the stage moderate",
    }


def test_missing_trigger_is_reported(original):
    name = "epi_strategies_actionupdate_upd"
    with working_in(original), transaction.atomic():
        on_table = " ON strategies_actionupdate" if connection.vendor == "postgresql" else ""
        connection.cursor().execute(f"DROP TRIGGER {name}{on_table}")
        out, error = _verify()
        transaction.set_rollback(True)

    assert _differences(out) == {f"trigger {name} is missing"}
    assert error.startswith("Differences found: 1.")


def test_every_model_with_a_file_is_verified():
    fields = {field.model for model in apps.get_models() for field in model._meta.fields if _is_file(field)}

    assert fields <= set(stored_files._models), "Call stored_files.register: backups would leave its files out."


def _is_file(field) -> bool:
    return isinstance(field, models.FileField) or (field.name == "path" and field.model is not FormInput)
