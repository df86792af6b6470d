"""Test ``manage.py restore``: the copy equals the original, sends no email again, and is complete or absent."""

import json
import shutil
from io import StringIO
from types import SimpleNamespace
from uuid import uuid4

import pyrage
import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts import services as mails
from accounts.models import Mail, User
from cities.models import Invitation, Organisation, Theme
from core import installation
from core.backup import loading, media
from core.backup.rows import carried_models
from core.form_tokens import FormToken
from core.models import FormInput
from core.snapshots import canonical, sha256_hex
from evaluation.services import recommendation_reminders
from evaluation.services import reminders as stage_reminders
from reports.models import Report
from strategies.models import ActionUpdate, PeriodTransition
from strategies.services import reminders
from tests.page_forms import values_on

from .copies import Copy, files_in, rows_in, working_in
from .writers import log

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CHANGED = {  # changed at the end of a restore
    "accounts.Mail",  # held
    "reports.Report",  # stopped
    "strategies.Reminder",
    "strategies.ReminderDay",
}


def _restore(folder, **options) -> str:
    out = StringIO()
    call_command("restore", folder, stdout=out, **options)
    return out.getvalue()


def _assert_equal(original, restored):
    before, after = rows_in(original), rows_in(restored)
    for label in before.keys() - CHANGED:
        assert after[label] == before[label], label
    assert [row["id"] for row in after["accounts.Mail"]][: len(before["accounts.Mail"])] == [
        row["id"] for row in before["accounts.Mail"]
    ]
    assert files_in(restored) == files_in(original)


def _is_empty(site) -> bool:
    with working_in(site):
        created_by_migrate = loading.MADE_BY_MIGRATE
        rows = [model for model in carried_models() if model._meta.label_lower not in created_by_migrate]
        return not files_in(site) and not any(model._base_manager.exists() for model in rows)


# ---- restored copy


def test_copy_equals_original(original, restored):
    _assert_equal(original, restored.site)


def test_copy_has_one_id_of_its_own(original, restored):
    """With the id of the original, the copy's database could be used beside the original's files."""
    with working_in(original):
        of_original = installation.id_of_folder()
    with working_in(restored.site):
        assert installation.problem() == ""
        assert installation.id_of_folder() not in {of_original, None}


def test_update_is_logged_in_copy(restored):
    with working_in(restored.site), transaction.atomic():
        before = ActionUpdate.objects.get(text="MARKER-open-fact", author__person__memberships__role="official")
        new = log(before.action, by=before.author, form_uuid=uuid4())
        transaction.set_rollback(True)

    assert new.pk > before.pk


def test_triggers_are_active_in_copy(restored):
    with working_in(restored.site), pytest.raises(IntegrityError, match="epi:"), transaction.atomic():
        PeriodTransition._base_manager.update(text="changed")


def test_ids_of_deleted_rows_are_not_reused(original, restored):
    with working_in(restored.site), transaction.atomic():
        new = Theme.objects.create(code="new", name="New")
        transaction.set_rollback(True)
    with working_in(original), transaction.atomic():
        expected = Theme.objects.create(code="new", name="New")
        transaction.set_rollback(True)

    assert new.pk == expected.pk


def test_sessions_are_not_restored(original, restored):
    with working_in(original):
        assert Session.objects.exists()
    with working_in(restored.site):
        assert not Session.objects.exists()


# ---- emails and reports


def test_emails_are_not_sent_again(original, restored):
    with working_in(original):
        unsent = set(Mail.objects.filter(state__in=["queued", "sending"]).values_list("pk", flat=True))
    with working_in(restored.site):
        for pk in Mail.objects.values_list("pk", flat=True):
            mails.send_mail(pk)
        reminders.send_due_reminders()
        stage_reminders.send_due_reminders()
        recommendation_reminders.send_due_reminders()

        held = Mail.objects.filter(pk__in=unsent)
        assert mails.mails_to_requeue() == []
        assert {row.state for row in held} == {"unknown"}
        assert all("Restored from the backup of" in row.reason for row in held)
    assert unsent
    assert mail.outbox == []
    assert "emails are held" in restored.output


def test_held_email_is_sent_by_coordinator(restored):
    with working_in(restored.site), transaction.atomic():
        row = Mail.objects.filter(state="unknown").exclude(body="").first()
        coordinator = User.objects.get(person__memberships__role="coordinator")
        again = mails.resend_mail(row, by=coordinator)
        transaction.set_rollback(True)

    assert again.state == "queued"


def test_draft_is_opened_in_copy_with_its_file(restored):
    with working_in(restored.site), transaction.atomic():
        draft = FormInput.objects.get(state="draft", fields__text=["MARKER-own-draft"])
        page = _client_of(draft.user).get(draft.url)
        values = values_on(page, "text")
        transaction.set_rollback(True)

    assert (values["text"], len(values["kept_file"])) == (["MARKER-own-draft"], 1)


def test_form_that_was_sent_before_the_backup_is_not_saved_again_in_copy(restored):
    with working_in(restored.site), transaction.atomic():
        sent = FormInput.objects.get(state="sent", fields__email=["invited-once@town.example"])
        token = FormToken(sent.user_id, sent.nonce, sent.page).signed()
        before = Invitation.objects.count(), Mail.objects.count()
        answer = _client_of(sent.user).post(sent.path, sent.fields | {"form_token": token})
        after = Invitation.objects.count(), Mail.objects.count()
        transaction.set_rollback(True)

    assert (answer.get("Location"), after) == (sent.answer["url"], before)


def _client_of(user):
    client = Client()
    client.force_login(user)
    return client


def test_reports_that_were_not_ready_are_stopped(original, restored):
    with working_in(original):
        assert Report.objects.filter(state__in=["queued", "building"]).exists()
    with working_in(restored.site):
        assert set(Report.objects.values_list("state", flat=True)) == {"ready", "failed"}
    assert "reports that were not ready are stopped" in restored.output


def test_open_invitations_are_reported(restored):
    assert "invitations are open" in restored.output


# ---- refusals


def test_database_with_rows_is_refused(original, backup):
    before = files_in(original)
    with working_in(original), pytest.raises(CommandError, match="The database is not empty"):
        _restore(backup)

    assert files_in(original) == before


def test_folder_with_files_is_refused(empty, backup, tmp_path):
    site = Copy(empty.database, tmp_path)
    (site.media / "file").write_text("of somebody")

    with working_in(site), pytest.raises(CommandError, match=r"The folder of files .* is not empty"):
        _restore(backup)

    assert files_in(site) == {"file": b"of somebody"}


@pytest.mark.parametrize("damaged", ["manifest.json", "tables/cities_city.jsonl", "files"])
def test_damaged_file_is_reported(empty, backup, tmp_path, damaged):
    folder = tmp_path / "backup"
    shutil.copytree(backup, folder)
    file = folder / damaged if damaged != "files" else next((folder / "files").iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    with working_in(empty), pytest.raises(CommandError, match=rf"{file.name} is damaged"):
        _restore(folder)

    assert _is_empty(empty)


def test_missing_file_is_reported(empty, backup, tmp_path):
    folder = tmp_path / "backup"
    shutil.copytree(backup, folder)
    (folder / "tables" / "cities_city.jsonl").unlink()

    with working_in(empty), pytest.raises(CommandError, match=r"tables/cities_city.jsonl cannot be read"):
        _restore(folder)


def test_folder_without_backup_is_refused(tmp_path):
    with pytest.raises(CommandError, match="is not a backup"):
        _restore(tmp_path)


def _with_manifest(backup, folder, **changes):
    """Return a copy of the backup with a changed manifest and a valid hash."""
    shutil.copytree(backup, folder)
    manifest = json.loads((folder / "manifest.json").read_text()) | changes
    manifest.pop("sha256")
    manifest["sha256"] = sha256_hex(canonical(manifest))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_backup_of_other_version_is_refused(empty, backup, tmp_path):
    newer = _with_manifest(backup, tmp_path / "newer", migrations=["cities.0999_later"], version="9.9")
    other = _with_manifest(backup, tmp_path / "other", format=99)

    with working_in(empty):
        with pytest.raises(CommandError, match=r"version 9.9, which has migrations .* cities.0999_later"):
            _restore(newer)
        with pytest.raises(CommandError, match="format 99"):
            _restore(other)


def test_path_outside_folder_is_refused(empty, backup, tmp_path):
    manifest = json.loads((backup / "manifest.json").read_text())
    files = [manifest["files"][0] | {"path": "../outside"}]

    with working_in(empty), pytest.raises(CommandError, match="is outside the folder"):
        _restore(_with_manifest(backup, tmp_path / "backup", files=files))

    assert not (empty.media.parent / "outside").exists()


def test_encrypted_backup_needs_its_key(original, copies, tmp_path):
    mine, other = (pyrage.x25519.Identity.generate() for _ in range(2))
    for name, key in (("mine", mine), ("other", other)):
        (tmp_path / name).write_text(f"# made for a test\n{key}\n")
    (tmp_path / "none").write_text("# no key\n")
    with working_in(original):
        call_command("backup", tmp_path / "backup", recipient=[str(mine.to_public())], stdout=StringIO())
    site = copies.of() if connection.vendor == "postgresql" else copies.new_sqlite()  # without tables
    (site.media / media.STAGE / "ab").mkdir(parents=True)
    (site.media / media.STAGE / "ab" / "half").write_text("left by a restore that was killed")

    with working_in(site):
        with pytest.raises(CommandError, match="This backup is encrypted"):
            _restore(tmp_path / "backup")
        with pytest.raises(CommandError, match="cannot be decrypted"):
            _restore(tmp_path / "backup", identity=tmp_path / "other")
        with pytest.raises(CommandError, match="contains no key"):
            _restore(tmp_path / "backup", identity=tmp_path / "none")
        _restore(tmp_path / "backup", identity=tmp_path / "mine")
    _assert_equal(original, site)


# ---- interruption


def _interrupt(*args):
    raise KeyboardInterrupt


def _move_and_interrupt(self, move=media.StagedFiles.put_into_place):
    move(self)
    raise KeyboardInterrupt


@pytest.mark.parametrize("part", ["database", "files"])
def test_interrupted_restore_leaves_no_rows_or_files(empty, backup, monkeypatch, part):
    if part == "database":
        monkeypatch.setattr(loading, "run_after_restore", _interrupt)
    else:
        monkeypatch.setattr(media.StagedFiles, "put_into_place", _move_and_interrupt)

    with working_in(empty), pytest.raises(KeyboardInterrupt):
        _restore(backup)

    assert _is_empty(empty)
    with working_in(empty):
        assert loading.triggers.missing() == set()


# ---- from PostgreSQL to SQLite and back

needs_both = pytest.mark.skipif(connection.vendor != "postgresql", reason="DATABASE_URL names no PostgreSQL.")


@pytest.fixture(scope="session")
def moved(copies, backup, django_db_blocker, tmp_path_factory):
    """Restore the PostgreSQL backup into a new SQLite database; return that site and a backup of it."""
    site, folder = copies.new_sqlite(), tmp_path_factory.mktemp("moved") / "backup"
    with django_db_blocker.unblock(), working_in(site):
        _restore(backup)
        call_command("backup", folder, plain=True, stdout=StringIO())
    return SimpleNamespace(site=site, backup=folder)


@needs_both
def test_postgresql_moves_to_sqlite_and_back(original, moved, copies):
    back = copies.of()
    with working_in(back):
        _restore(moved.backup)

    _assert_equal(original, moved.site)
    _assert_equal(original, back)


@needs_both
def test_values_invalid_in_postgresql_are_reported(moved, empty, tmp_path):
    with working_in(moved.site), transaction.atomic():
        long = Organisation.objects.create(name="x", kind="ngo")
        Organisation.objects.filter(pk=long.pk).update(name="x" * 250)  # as stored before saving had a limit
        nul = Organisation.objects.create(name="with a \x00", kind="ngo")
    with working_in(moved.site):
        call_command("backup", tmp_path / "backup", plain=True, stdout=StringIO())
        Organisation.objects.filter(pk__in=[long.pk, nul.pk]).delete()

    with working_in(empty), pytest.raises(CommandError, match="PostgreSQL does not accept these values") as error:
        _restore(tmp_path / "backup")

    assert f"cities.organisation {long.pk}, name: 250 characters, and its column takes 200" in str(error.value)
    assert f"cities.organisation {nul.pk}, name: a NUL character" in str(error.value)
    assert _is_empty(empty)
