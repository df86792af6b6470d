"""Outgoing emails: stored as rows, claimed before they are sent, never sent twice automatically."""

import logging
import smtplib
from datetime import timedelta
from typing import Any
from uuid import UUID

import rules
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import clock
from core.queue import enqueue
from core.texts import shorten

from .enums import MailState
from .exceptions import MailRefused
from .mail_delivery import shows_one_time_links
from .models import Mail, User

SEND = "accounts.tasks.send_mail"
RETRY_DELAYS = (timedelta(0), timedelta(minutes=2), timedelta(minutes=15))  # before each attempt
REQUEUED_AT_ONCE = 200
log = logging.getLogger(__name__)

# The server has refused, so the email has certainly not been sent. After other errors it may have been.
REFUSALS = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPHeloError,
    smtplib.SMTPNotSupportedError,
)


def queue_mail(
    *, to: str, subject: str, body: str, key: str | None = None, has_secret: bool = False, language: str = ""
) -> Mail | None:
    """Queue an email. With the ``key`` of an earlier one, write nothing and return None."""
    fields = {
        "recipient": to.strip(),
        "subject": shorten(subject, 300),
        "body": body,
        "has_secret": has_secret,
        "language": language,
    }
    if key is None:
        mail, is_new = Mail.objects.create(**fields), True
    else:
        mail, is_new = Mail.objects.get_or_create(key=key[:200], defaults=fields)
    if not is_new:
        return None
    enqueue(SEND, mail.pk)
    return mail


def save_language(user: User, language: str) -> None:
    """Store the language that a user has chosen for pages and emails; ignores languages the site does not have."""
    if language in dict(settings.LANGUAGES) and language != user.language:
        User.objects.filter(pk=user.pk).update(language=language)
        user.language = language


def language_of(email: str) -> str:
    """Return the language of the account with this address, or "" if none is chosen."""
    return User.objects.filter(email__iexact=email).values_list("language", flat=True).first() or ""


def send_mail(pk: int) -> None:
    """Claim the email and send it. Does nothing if it is claimed, sent, given up or of unknown outcome."""
    token = Mail.objects.claim(pk)
    if token is None:
        return
    mail = Mail.objects.get(pk=pk)
    connection = get_connection()
    try:
        connection.open()
        message = EmailMessage(mail.subject, mail.body, to=[mail.recipient], connection=connection)
        message.message()  # raises for invalid headers before anything is sent
    except (OSError, smtplib.SMTPException, ValueError) as error:
        Mail.objects.claimed(pk, token).release(repr(error)[:1000])
        return
    _send(message, pk, token)


def _send(message: EmailMessage, pk: int, token: UUID) -> None:
    try:
        message.send()
    except REFUSALS as error:
        Mail.objects.claimed(pk, token).release(repr(error)[:1000])
    except Exception as error:  # the email may have been sent: its outcome is unknown
        _store_outcome(pk, token, state=MailState.UNKNOWN, reason=repr(error))
        raise
    else:
        _store_outcome(
            pk, token, state=MailState.SENT, sent_at=clock.now(), reason="", **_body_fields_after_sending(pk)
        )
    finally:
        _close(message.connection)


def _close(connection: Any) -> None:
    try:
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("The mail server did not say goodbye: %r", error)


def _store_outcome(pk: int, token: UUID, **fields: Any) -> None:
    """Store the outcome. A claim given up as too old may still do so; one whose email was queued again may not."""
    claimed = Mail.objects.filter(pk=pk, claim_token=token, state__in=[MailState.SENDING, MailState.UNKNOWN])
    claimed.update(**fields)


def _body_fields_after_sending(pk: int) -> dict[str, str]:
    has_secret = Mail.objects.filter(pk=pk, has_secret=True).exists()
    return {"body": ""} if has_secret and not shows_one_time_links() else {}


# ---- periodic


def give_up_stuck_mails() -> int:
    """Mark emails as of unknown outcome if sending takes too long: they may have been sent, so nothing resends them."""
    return Mail.objects.expired().update(
        state=MailState.UNKNOWN, reason=_("The sender fell silent while it was sending.")
    )


def mails_to_requeue() -> list[int]:
    """Return the ids of queued emails whose pause is over, oldest first, at most ``REQUEUED_AT_ONCE``."""
    due = Q(pk=None)
    for attempts, delay in enumerate(RETRY_DELAYS):
        is_due = Q(claimed_at=None) | Q(claimed_at__lt=clock.now() - delay)
        due |= Q(attempts=attempts) & is_due
    queued = Mail.objects.filter(due, state=MailState.QUEUED).order_by("created_at", "pk")
    return list(queued.values_list("pk", flat=True)[:REQUEUED_AT_ONCE])


# ---- sending again


@transaction.atomic
def resend_mail(mail: Mail, *, by: Any) -> Mail:
    """Queue an email again for a coordinator; only if it failed or its outcome is unknown. Raises MailRefused."""
    if not (by.is_active and rules.has_perm("accounts.send_mail_again", by)):
        raise MailRefused(_("Only coordinators send letters again."))
    stuck = Mail.objects.filter(pk=mail.pk, state__in=[MailState.FAILED, MailState.UNKNOWN]).exclude(body="")
    fresh = {"attempts": 0, "claim_token": None, "claimed_at": None, "reason": ""}
    if not stuck.update(state=MailState.QUEUED, **fresh):
        raise MailRefused(_("This letter is on its way, has been sent, or its text is no longer kept."))
    enqueue(SEND, mail.pk)
    mail.refresh_from_db()
    return mail
