"""Tasks that send emails, and delete old emails and sessions. Each is safe to run twice."""

from importlib import import_module

from celery import current_app, shared_task
from django.conf import settings

from . import services


@shared_task
def send_mail(pk: int) -> None:
    services.send_mail(pk)


@shared_task
def requeue_mails() -> None:
    """Give up emails that were claimed too long ago, and enqueue those that wait."""
    services.give_up_stuck_mails()
    for pk in services.mails_to_requeue():
        current_app.send_task(services.SEND, [pk], expires=60)


@shared_task
def delete_old_mails() -> None:
    services.delete_old_mails()


@shared_task
def clear_sessions() -> None:
    """Delete expired sessions."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
