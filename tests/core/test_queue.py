"""Test that tasks are sent after the commit and that an unreachable broker raises nothing."""

import logging

import pytest
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from core.queue import enqueue

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    sent = []
    monkeypatch.setattr(
        current_app._get_current_object(), "send_task", lambda *args, **named: sent.append((args, named))
    )
    return sent


def test_task_is_sent_after_commit_with_name_and_pk(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        enqueue("reports.tasks.build_report", 7)
        before = list(sent)

    assert before == []
    assert sent == [(("reports.tasks.build_report", [7]), {"expires": 60})]


def test_task_is_not_sent_after_rollback(sent, django_capture_on_commit_callbacks):
    with (
        django_capture_on_commit_callbacks(execute=True) as callbacks,
        transaction.atomic(),
    ):
        enqueue("reports.tasks.build_report", 7)
        transaction.set_rollback(True)

    assert (sent, callbacks) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_unreachable_broker_is_logged_and_raises_nothing(monkeypatch, caplog):
    def fail(*_args, **_named):
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app._get_current_object(), "send_task", fail)

    with caplog.at_level(logging.ERROR), transaction.atomic():
        enqueue("reports.tasks.build_report", 7)

    assert "no broker" in caplog.text
