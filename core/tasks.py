"""Periodic tasks of every app. Each is safe to run twice."""

from celery import shared_task

from . import form_inputs, nightly


@shared_task
def delete_old_form_inputs() -> None:
    form_inputs.delete_old()


@shared_task
def verify_nightly() -> None:
    """Run every hour; checks once a night."""
    nightly.verify_if_due()
