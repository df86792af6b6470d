"""Settings and signals of the Celery worker: its pool, its limit of memory, the record of periodic runs."""

import os
import signal
from types import SimpleNamespace

import pytest
from django.core.cache import cache

from core import clock, periodic
from epi_site import celery


@pytest.fixture
def killed(monkeypatch):
    """Record the signals that are sent instead of sending them."""
    sent = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


@pytest.fixture
def worker_of(monkeypatch):
    def worker_of(pool, *, used_kib, limit_kib=1000):
        conf = SimpleNamespace(worker_pool=pool, worker_max_memory_per_child=limit_kib)
        monkeypatch.setattr(celery, "app", SimpleNamespace(conf=conf))
        monkeypatch.setattr(celery, "largest_memory", lambda: used_kib)

    return worker_of


def test_pool_has_no_shared_pipe_with_a_folder_as_broker(settings):
    is_folder = settings.CELERY_BROKER_URL.startswith("filesystem")

    assert celery.app.conf.worker_pool == ("threads" if is_folder else "prefork")
    assert celery.app.conf.worker_max_memory_per_child == 1024 * 1024  # KiB


@pytest.mark.parametrize(
    "pool, used, ends", [("threads", 1001, True), ("threads", 1000, False), ("prefork", 1001, False)]
)
def test_worker_of_threads_ends_when_it_has_used_too_much_memory(worker_of, killed, pool, used, ends):
    worker_of(pool, used_kib=used)

    celery.end_large_worker()

    assert killed == ([(os.getpid(), signal.SIGTERM)] if ends else [])


def test_largest_memory_is_that_of_a_python_process():
    assert 10 * 1024 < celery.largest_memory() < 16 * 1024**2


@pytest.mark.django_db
def test_end_of_a_periodic_task_is_recorded():
    celery.record_periodic_run(task=SimpleNamespace(name="accounts.tasks.requeue_mails"))
    celery.record_periodic_run(task=SimpleNamespace(name="accounts.tasks.send_mail"))

    assert cache.get("periodic-run/accounts.tasks.requeue_mails") <= clock.now()
    assert cache.get("periodic-run/accounts.tasks.send_mail") is None
    assert periodic.overdue_tasks() == {}


def test_periodic_tasks_have_their_own_queue(settings):
    routes = {entry["options"]["queue"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert routes == {"periodic"}
    keys = {name: queue.routing_key for name, queue in celery.app.amqp.queues.items()}
    assert keys == {"celery": "celery", "periodic": "periodic"}  # one key for both would run each task twice
