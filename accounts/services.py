"""Letters: written as rows, claimed before they are sent, and never sent twice by themselves."""

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
from core.bell import ring

from .enums import MailState
from .exceptions import MailRefused
from .models import Mail, User
from .places import shows_secrets

SEND = "accounts.tasks.send_mail"
PAUSES = (timedelta(0), timedelta(minutes=2), timedelta(minutes=15))  # before each attempt
RUNG_AT_ONCE = 200
log = logging.getLogger(__name__)

# The server has said no, so the letter has certainly not left. Any other error after that point leaves it open.
REFUSALS = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPHeloError,
    smtplib.SMTPNotSupportedError,
)


def write_mail(
    *, to: str, subject: str, body: str, key: str | None = None, has_secret: bool = False, language: str = ""
) -> Mail | None:
    """Put a letter into the queue. The same ``key`` a second time writes nothing and gives None."""
    fields = {
        "recipient": to.strip(),
        "subject": " ".join(subject.split())[:300],
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
    ring(SEND, mail.pk)
    return mail


def keep_language(user: User, language: str) -> None:
    """The language that a person has chosen, for pages and letters; what the site does not speak changes nothing."""
    if language in dict(settings.LANGUAGES) and language != user.language:
        User.objects.filter(pk=user.pk).update(language=language)
        user.language = language


def language_of(email: str) -> str:
    """The language that the account with this address reads, or "" where nobody has chosen one."""
    return User.objects.filter(email__iexact=email).values_list("language", flat=True).first() or ""


def send_mail(pk: int) -> None:
    """Claim the letter and hand it over. One that is claimed, sent, given up or of unknown fate is left alone."""
    token = Mail.objects.claim(pk)
    if token is None:
        return
    mail = Mail.objects.get(pk=pk)
    connection = get_connection()
    try:
        connection.open()
        message = EmailMessage(mail.subject, mail.body, to=[mail.recipient], connection=connection)
        message.message()  # headers that cannot be written are found before anything has left
    except (OSError, smtplib.SMTPException, ValueError) as error:
        Mail.objects.held(pk, token).release(repr(error)[:1000])
        return
    _hand_over(message, pk, token)


def _hand_over(message: EmailMessage, pk: int, token: UUID) -> None:
    try:
        message.send()
    except REFUSALS as error:
        Mail.objects.held(pk, token).release(repr(error)[:1000])
    except Exception as error:  # whatever it was, the letter may have left: it is shown so, and the error goes on
        _settle(pk, token, state=MailState.UNKNOWN, reason=repr(error))
        raise
    else:
        _settle(pk, token, state=MailState.SENT, sent_at=clock.now(), reason="", **_blanked(pk))
    finally:
        _close(message.connection)


def _close(connection: Any) -> None:
    try:
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("The mail server did not say goodbye: %r", error)


def _settle(pk: int, token: UUID, **fields: Any) -> None:
    """What became of it. A claim that was given up as silent may still tell; one that was sent again may not."""
    held = Mail.objects.filter(pk=pk, claim_token=token, state__in=[MailState.SENDING, MailState.UNKNOWN])
    held.update(**fields)


def _blanked(pk: int) -> dict[str, str]:
    has_secret = Mail.objects.filter(pk=pk, has_secret=True).exists()
    return {"body": ""} if has_secret and not shows_secrets() else {}


# ---- the tick


def give_up_silent() -> int:
    """Letters whose sender fell silent: they may have left, so nobody sends them again by itself."""
    return Mail.objects.expired().update(
        state=MailState.UNKNOWN, reason=_("The sender fell silent while it was sending.")
    )


def mails_to_ring() -> list[int]:
    """Queued letters whose pause is over, oldest first; as many as one tick may ring for."""
    due = Q(pk=None)
    for attempts, pause in enumerate(PAUSES):
        rested = Q(claimed_at=None) | Q(claimed_at__lt=clock.now() - pause)
        due |= Q(attempts=attempts) & rested
    waiting = Mail.objects.filter(due, state=MailState.QUEUED).order_by("created_at", "pk")
    return list(waiting.values_list("pk", flat=True)[:RUNG_AT_ONCE])


# ---- people


@transaction.atomic
def send_mail_again(mail: Mail, *, by: Any) -> Mail:
    """A coordinator has looked, and wants it sent once more; from *not sent* and *fate unknown* alone."""
    if not (by.is_active and rules.has_perm("accounts.send_mail_again", by)):
        raise MailRefused(_("Only coordinators send letters again."))
    stuck = Mail.objects.filter(pk=mail.pk, state__in=[MailState.FAILED, MailState.UNKNOWN]).exclude(body="")
    fresh = {"attempts": 0, "claim_token": None, "claimed_at": None, "reason": ""}
    if not stuck.update(state=MailState.QUEUED, **fresh):
        raise MailRefused(_("This letter is on its way, has been sent, or its text is no longer kept."))
    ring(SEND, mail.pk)
    mail.refresh_from_db()
    return mail
