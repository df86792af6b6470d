"""The Celery application of the worker and of beat."""

import os

import structlog
from celery import Celery, signals

from core import private_files

from . import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.local")

broker.install()
app = Celery("epi_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

OLD_TASK_NAMES = {  # old name: today's name, so that a message sent by version 0.1.0 is still understood
    "cities.tasks.sweep_pending_files": "cities.tasks.delete_pending_files",
    "cities.tasks.delete_unknown_files": "cities.tasks.quarantine_unknown_files",
    "cities.tasks.sweep_unknown_files": "cities.tasks.quarantine_unknown_files",
    "epi_site.accounts.tasks.ring_mails_again": "accounts.tasks.requeue_mails",
    "epi_site.accounts.tasks.send_mail": "accounts.tasks.send_mail",
    "evaluation.tasks.build_report": "reports.tasks.build_report",
    "evaluation.tasks.issue_due_reports": "reports.tasks.issue_due_reports",
    "evaluation.tasks.ring_again": "reports.tasks.requeue_reports",
}


@signals.import_modules.connect
def register_old_task_names(sender: Celery, **_: object) -> None:
    """Run after the tasks are discovered: Celery calls the receivers in the order in which they were connected."""
    for old, new in OLD_TASK_NAMES.items():
        sender.tasks[old] = sender.tasks[new]


@signals.worker_init.connect
@signals.beat_init.connect
def refuse_unfit_start(**_: object) -> None:
    os.umask(private_files.OTHERS)  # emails in a folder, messages, and the schedule of beat hold names
    from . import checks  # here: models are not loaded when this module is

    checks.refuse_demo_accounts()
    checks.refuse_missing_triggers()
    checks.refuse_other_data_folder()


@signals.task_prerun.connect
def bind_task_to_log(task_id: str, task: object, **_: object) -> None:
    structlog.contextvars.bind_contextvars(task_id=task_id, task=getattr(task, "name", ""))


@signals.task_postrun.connect
def unbind_task_from_log(**_: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id", "task")
