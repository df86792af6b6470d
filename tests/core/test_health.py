import json

import pytest
from django.db import connection
from django.test import RequestFactory

from core import health, installation

CHECKS = {"database", "migrations", "locks", "installation", "cache", "broker", "storage"}


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
    assert [state for name, state in body["parts"].items() if name != part] == ["ok"] * 6


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


def test_check_storage_removes_its_file(tmp_path, settings):
    health.check_storage()

    assert not list(settings.MEDIA_ROOT.glob("readyz*"))


def test_unreachable_broker_is_reported(settings, monkeypatch):
    from celery import Celery

    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setenv("CELERY_BROKER_URL", settings.CELERY_BROKER_URL)  # Celery itself reads the environment first
    monkeypatch.setattr(health, "current_app", Celery(broker=settings.CELERY_BROKER_URL))

    assert health.check_part("broker", health.check_broker) == "no answer"
