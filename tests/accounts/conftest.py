"""Fixtures: queued emails, and the tasks that were enqueued for them."""

import pytest

from accounts import services

ONE_TIME_LINK = "https://site.example/one-time"


@pytest.fixture
def enqueued(monkeypatch):
    """Record the enqueued tasks instead of sending them to a broker."""
    calls = []
    monkeypatch.setattr(services, "enqueue", lambda task, pk: calls.append((task, pk)))
    return calls


@pytest.fixture
def mail(db, enqueued):
    return services.queue_mail(to="a@town.example", subject="Due\nsoon", body="Log it.")


@pytest.fixture
def mail_with_link(db, enqueued):
    return services.queue_mail(to="a@town.example", subject="Invitation", body=ONE_TIME_LINK, has_secret=True)
