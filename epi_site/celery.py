"""The Celery application of the worker and of beat."""

import os

import structlog
from celery import Celery, signals

from . import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.local")

broker.install()
app = Celery("epi_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.worker_init.connect
@signals.beat_init.connect
def refuse_where_unfit(**_: object) -> None:
    from .checks import refuse_demo_accounts, refuse_missing_locks  # here: models are not loaded when this module is

    refuse_demo_accounts()
    refuse_missing_locks()


@signals.task_prerun.connect
def name_the_task(task_id: str, task: object, **_: object) -> None:
    structlog.contextvars.bind_contextvars(task_id=task_id, task=getattr(task, "name", ""))


@signals.task_postrun.connect
def forget_the_task(**_: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id", "task")
