"""Tasks are sent after the commit, and an unreachable broker raises no error."""

import logging

import pytest
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from core.queue import enqueue

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(monkeypatch):
    heard = []
    monkeypatch.setattr(
        current_app._get_current_object(), "send_task", lambda *args, **named: heard.append((args, named))
    )
    return heard


def test_bell_rings_after_the_commit_with_name_and_key(heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        enqueue("reports.tasks.build_report", 7)
        before = list(heard)

    assert before == []
    assert heard == [(("reports.tasks.build_report", [7]), {"expires": 60})]


def test_bell_stays_silent_when_nothing_was_committed(heard, django_capture_on_commit_callbacks):
    with (
        django_capture_on_commit_callbacks(execute=True) as callbacks,
        transaction.atomic(),
    ):
        enqueue("reports.tasks.build_report", 7)
        transaction.set_rollback(True)

    assert (heard, callbacks) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_dead_broker_breaks_nothing_and_is_logged(monkeypatch, caplog):
    def dead(*_args, **_named):
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", dead)

    with caplog.at_level(logging.ERROR), transaction.atomic():
        enqueue("reports.tasks.build_report", 7)

    assert "no broker" in caplog.text
