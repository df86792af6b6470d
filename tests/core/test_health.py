import json
import os
import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import RequestFactory

from core import clock, health, installation, periodic

CHECKS = {"database", "migrations", "locks", "installation", "cache", "broker", "storage", "background"}


@pytest.fixture(autouse=True)
def _own_storage(own_storage):
    """A storage without files of other tests, which this database does not know."""


@pytest.fixture
def get_health():
    def get_health(view):
        response = view(RequestFactory().get("/"))
        return response.status_code, json.loads(response.content)

    return get_health


def test_healthz_needs_no_database():
    response = health.healthz(RequestFactory().get("/healthz"))

    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_readyz_reports_data_folder_of_another_database(get_health):
    installation.id_file().write_text("00000000-0000-4000-8000-000000000000")

    status, body = get_health(health.readyz)

    assert (status, body["parts"]["installation"]) == (
        503,
        "database and data folder do not belong together: run manage.py check --database default",
    )


@pytest.mark.django_db
def test_readyz_is_ok_when_every_part_answers(get_health):
    assert get_health(health.readyz) == (200, {"ready": True, "parts": dict.fromkeys(CHECKS, "ok")})


@pytest.mark.django_db
@pytest.mark.parametrize("part", sorted(CHECKS))
def test_readyz_is_503_without_secrets_when_one_part_fails(get_health, monkeypatch, part):
    def fail():
        raise ConnectionError("redis://:hush@host")

    monkeypatch.setitem(health.CHECKS, part, fail)

    status, body = get_health(health.readyz)

    assert (status, body["ready"], body["parts"][part]) == (503, False, "no answer")
    assert "hush" not in json.dumps(body)
    assert [state for name, state in body["parts"].items() if name != part] == ["ok"] * (len(CHECKS) - 1)


@pytest.mark.django_db
def test_readyz_reports_unapplied_migrations(get_health, monkeypatch):
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: ["one", "two"])

    status, body = get_health(health.readyz)

    assert (status, body["parts"]["migrations"]) == (503, "2 migrations wait: run manage.py migrate")


@pytest.mark.django_db
def test_readyz_reports_missing_trigger(get_health):
    table = "strategies_periodrevision"
    on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER epi_strategies_periodrevision_frozen_upd{on_table}")

    status, body = get_health(health.readyz)

    assert (status, body["parts"]["locks"]) == (503, "1 locks are missing in the database: run manage.py migrate")


# ---- storage


@pytest.mark.django_db
def test_readyz_writes_nothing(get_health, settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path / "files"
    monkeypatch.setattr("django.core.files.storage.FileSystemStorage.save", lambda *_: pytest.fail("written"))
    before = sorted(tmp_path.rglob("*"))

    status, _body = get_health(health.readyz)

    assert (status, sorted(tmp_path.rglob("*"))) == (200, before)


@pytest.mark.django_db
def test_readyz_reports_folder_that_cannot_be_written(get_health, monkeypatch):
    monkeypatch.setattr(os, "access", lambda folder, mode: not mode & os.W_OK)

    status, body = get_health(health.readyz)

    assert (status, body["parts"]["storage"]) == (503, "the folder of files cannot be written")


@pytest.mark.django_db
def test_readyz_reports_full_disk(get_health, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=1024))

    status, body = get_health(health.readyz)

    assert (status, body["parts"]["storage"]) == (503, "the disk has no room for another file")


# ---- background work


def run_all_tasks(settings, *, but=""):
    for name in settings.CELERY_BEAT_SCHEDULE:
        if name != but:
            periodic.record_run(name)


def minutes_later(minutes):
    return clock.at(clock.now() + timedelta(minutes=minutes))


@pytest.mark.django_db
def test_readyz_is_503_when_no_periodic_task_has_ended(get_health, settings):
    run_all_tasks(settings)

    with minutes_later(6):
        soon = get_health(health.readyz)[0]
    with minutes_later(9):
        status, body = get_health(health.readyz)

    assert (soon, status) == (200, 503)
    assert body["parts"]["background"] == "no periodic task has ended for 9 minutes: worker or beat has stopped"


@pytest.mark.django_db
def test_readyz_names_the_periodic_task_that_has_stopped(get_health, settings):
    with minutes_later(9):
        run_all_tasks(settings, but="accounts.tasks.requeue_mails")
        status, body = get_health(health.readyz)

    assert (status, body["parts"]["background"]) == (503, "not ended for 9 minutes: accounts.tasks.requeue_mails")


@pytest.mark.django_db
def test_readyz_is_503_when_worker_has_never_run(get_health):
    with minutes_later(9):
        assert get_health(health.readyz)[0] == 503


@pytest.mark.django_db
def test_run_before_a_long_stop_of_the_site_is_not_overdue(settings, monkeypatch):
    run_all_tasks(settings)

    with minutes_later(600):
        monkeypatch.setattr(periodic, "STARTED", clock.now())
        assert periodic.overdue_tasks() == {}


# ---- broker


def test_unreachable_broker_is_reported(settings, monkeypatch):
    from celery import Celery

    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setenv("CELERY_BROKER_URL", settings.CELERY_BROKER_URL)  # Celery itself reads the environment first
    elsewhere = Celery(broker=settings.CELERY_BROKER_URL, set_as_current=False)  # other tests read the tasks of ours
    monkeypatch.setattr(health, "current_app", elsewhere)

    assert health.check_part("broker", health.check_broker) == "no answer"
