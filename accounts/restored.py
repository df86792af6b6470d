"""Emails in a restored copy: none that the original site may have sent is sent again."""

from datetime import datetime

from .enums import MailState
from .models import Mail

REASON = "Restored from the backup of %s: the original site may have sent this email. Send it again if it has not."


def hold_mails(made_at: datetime) -> str:
    """Set unsent emails to *outcome unknown*, also those due since the backup. A coordinator can send them again."""
    reason = REASON % f"{made_at:%Y-%m-%d %H:%M} UTC"
    waiting = Mail.objects.filter(state__in=[MailState.QUEUED, MailState.SENDING])
    count = waiting.update(state=MailState.UNKNOWN, claim_token=None, reason=reason)
    return f"{count} emails are held, because the original may have sent them: see the page of emails." if count else ""
