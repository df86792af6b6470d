"""Outgoing emails: stored as rows, claimed before they are sent, never sent twice automatically."""

import logging
import smtplib
from datetime import timedelta
from email.utils import make_msgid, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.available import register, require
from core.old_files import delete_old_files
from core.queue import enqueue
from core.services import lock
from core.texts import shorten

from .enums import MailState
from .exceptions import MailRefused
from .mail_delivery import shows_one_time_links, writes_mail_to_folder
from .models import Mail, User

SEND = "accounts.tasks.send_mail"
STUCK = (MailState.FAILED, MailState.UNKNOWN)
REQUEUED_AT_ONCE = 200
URGENT_AT_ONCE = 10  # before each other email
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
    *,
    to: str,
    subject: str,
    body: str,
    key: str | None = None,
    has_secret: bool = False,
    is_urgent: bool = False,
    language: str = "",
) -> Mail | None:
    """Queue an email. With the ``key`` of an earlier one, write nothing and return None.

    ``is_urgent``: somebody waits for it, so it is sent before the others.
    """
    fields = {
        "recipient": to.strip(),
        "subject": shorten(subject, 300),
        "body": body,
        "has_secret": has_secret,
        "is_urgent": is_urgent,
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
    return User.objects.filter(email=email).values_list("language", flat=True).first() or ""


def send_mail(pk: int) -> None:
    """Send the urgent emails that are due, then this one: messages to the worker are read in the order of sending."""
    for urgent in (
        Mail.objects.due().filter(is_urgent=True).exclude(pk=pk).order_by("created_at", "pk")[:URGENT_AT_ONCE]
    ):
        _claim_and_send(urgent.pk)
    _claim_and_send(pk)


def _claim_and_send(pk: int) -> None:
    """Do nothing if the email is claimed, sent, given up or of unknown outcome."""
    token = Mail.objects.claim(pk)
    if token is None:
        return
    mail = Mail.objects.get(pk=pk)
    connection = get_connection()
    try:
        connection.open()
        message = EmailMessage(
            mail.subject, mail.body, to=[mail.recipient], connection=connection, headers=message_headers()
        )
        message.message()  # raises for invalid headers before anything is sent
    except (OSError, smtplib.SMTPException, ValueError) as error:
        Mail.objects.claimed(pk, token).release(repr(error)[:1000])
        return
    _send(message, pk, token)


def message_headers() -> dict[str, str]:
    """Return headers for other mail servers: nobody wrote it, so absence notes are not sent back, and our domain."""
    return {
        "Auto-Submitted": "auto-generated",  # RFC 3834
        "X-Auto-Response-Suppress": "All",  # the same for Microsoft Exchange
        "Message-ID": make_msgid(domain=_mail_domain()),
    }


def _mail_domain() -> str:
    """Return the domain of the sender's address or, where it is none on the internet, the host of the site."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return domain if "." in domain else urlsplit(settings.SITE_URL).hostname or domain


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
    return Mail.objects.expired().update(state=MailState.UNKNOWN, reason=_("Sending was interrupted."))


def mails_to_requeue() -> list[int]:
    """Return the ids of due emails in the order of sending, at most ``REQUEUED_AT_ONCE``."""
    return list(Mail.objects.due_in_order().values_list("pk", flat=True)[:REQUEUED_AT_ONCE])


# ---- retention


def delete_old_mails() -> int:
    """Delete emails older than MAIL_KEEP_DAYS that no longer wait, and their files. Returns how many rows.

    Their keys go, too: each names an event that happens once (a transition, a report, a person's reminder of one day).
    What somebody was reminded of stays in ``strategies.Reminder``.
    """
    since = clock.now() - timedelta(days=settings.MAIL_KEEP_DAYS)
    if writes_mail_to_folder():
        delete_old_files(Path(settings.EMAIL_FILE_PATH), since)
    ended = [MailState.SENT, MailState.FAILED, MailState.UNKNOWN]
    deleted, _by_model = Mail.objects.filter(state__in=ended, created_at__lt=since).delete()
    return deleted


# ---- sending again


def _check_is_stuck(mail: Mail, _user: Any) -> None:
    if mail.state not in STUCK or not mail.body:
        raise MailRefused(_("This email is being sent, has already been sent, or its text has been deleted."))


register(Mail, "send_again", "accounts.send_mail_again", check=_check_is_stuck)


@transaction.atomic
def resend_mail(mail: Mail, *, by: Any) -> Mail:
    """Queue an email again. Raises PermissionRefused; MailRefused unless it failed or its outcome is unknown."""
    mail = lock(mail)
    require(mail, "send_again", by)
    Mail.objects.filter(pk=mail.pk).requeue()
    enqueue(SEND, mail.pk)
    mail.refresh_from_db()
    return mail
