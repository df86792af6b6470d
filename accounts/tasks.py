"""Tasks that send emails. Each is safe to run twice."""

from celery import current_app, shared_task

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
