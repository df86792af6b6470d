import json

import pytest
from django.db import connection
from django.test import RequestFactory

from core import health

CHECKS = {"database", "migrations", "locks", "cache", "broker", "storage"}


@pytest.fixture
def ask():
    def ask(view):
        response = view(RequestFactory().get("/"))
        return response.status_code, json.loads(response.content)

    return ask


def test_process_answers_without_a_database():
    response = health.healthz(RequestFactory().get("/healthz"))

    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_ready_where_every_part_answers(ask):
    assert ask(health.readyz) == (200, {"ready": True, "parts": dict.fromkeys(CHECKS, "ok")})


@pytest.mark.django_db
@pytest.mark.parametrize("part", sorted(CHECKS))
def test_not_ready_where_one_part_fails_and_no_secret_is_told(ask, monkeypatch, part):
    def fail():
        raise ConnectionError("redis://:hush@host")

    monkeypatch.setitem(health.CHECKS, part, fail)

    status, told = ask(health.readyz)

    assert (status, told["ready"], told["parts"][part]) == (503, False, "no answer")
    assert "hush" not in json.dumps(told)
    assert [state for name, state in told["parts"].items() if name != part] == ["ok"] * 5


@pytest.mark.django_db
def test_waiting_migrations_are_told(ask, monkeypatch):
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: ["one", "two"])

    status, told = ask(health.readyz)

    assert (status, told["parts"]["migrations"]) == (503, "2 migrations wait: run manage.py migrate")


@pytest.mark.django_db
def test_a_lock_that_was_dropped_is_told(ask):
    table = "strategies_periodrevision"
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER epi_strategies_periodrevision_frozen_upd{on}")

    status, told = ask(health.readyz)

    assert (status, told["parts"]["locks"]) == (503, "1 locks are missing in the database: run manage.py migrate")


def test_storage_is_left_as_it_was(tmp_path, settings):
    health.check_storage()

    assert not list(settings.MEDIA_ROOT.glob("readyz*"))


def test_dead_broker_is_noticed_soon(settings, monkeypatch):
    from celery import Celery

    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setenv("CELERY_BROKER_URL", settings.CELERY_BROKER_URL)  # Celery itself reads the environment first
    monkeypatch.setattr(health, "current_app", Celery(broker=settings.CELERY_BROKER_URL))

    assert health.check_part("broker", health.check_broker) == "no answer"
