from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

DEMO_DOMAIN = "@demo.example"  # email addresses of the demonstration's accounts, whose password is public


class MailState(TextChoices):
    QUEUED = "queued", _("queued")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("not sent")
    UNKNOWN = "unknown", _("delivery unknown")
