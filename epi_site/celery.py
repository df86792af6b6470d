"""The Celery application of the worker and of beat."""

import os
import resource
import signal
import sys

import structlog
from celery import Celery, signals

from core import private_files

from . import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.local")

log = structlog.get_logger()
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


@signals.worker_init.connect
def delete_leftovers(**_: object) -> None:
    if str(app.conf.broker_url).startswith("filesystem"):
        broker.delete_leftovers(app.conf.broker_transport_options)


@signals.task_prerun.connect
def bind_task_to_log(task_id: str, task: object, **_: object) -> None:
    structlog.contextvars.bind_contextvars(task_id=task_id, task=getattr(task, "name", ""))


@signals.task_postrun.connect
def unbind_task_from_log(**_: object) -> None:
    structlog.contextvars.unbind_contextvars("task_id", "task")


@signals.task_postrun.connect
def record_periodic_run(task: object, **_: object) -> None:
    from core.periodic import record_run  # here: settings are not read when this module is

    record_run(getattr(task, "name", ""))


@signals.task_postrun.connect
def end_large_worker(**_: object) -> None:
    """End a worker of threads, after its current tasks, if it has used too much memory; its supervisor restarts it.

    Celery's own limit replaces children of a pool of processes, and threads are none.
    """
    if app.conf.worker_pool != "threads" or largest_memory() <= app.conf.worker_max_memory_per_child:
        return
    log.warning("worker_ends", reason="EPI_WORKER_MAX_MB", used_mb=largest_memory() // 1024)
    os.kill(os.getpid(), signal.SIGTERM)


def largest_memory() -> int:
    """Return the largest amount of memory that this process has used, in KiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used // 1024 if sys.platform == "darwin" else used
