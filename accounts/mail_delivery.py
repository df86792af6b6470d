"""How emails leave this installation, and whether it is a demo on the user's own machine."""

from urllib.parse import urlsplit

from django.conf import settings

from core.hosts import is_loopback

from .enums import DEMO_DOMAIN
from .models import User


def writes_mail_to_folder() -> bool:
    return not settings.EMAIL_HOST


def shows_one_time_links() -> bool:
    """Return True only in a demo that nobody else can reach: its list of emails is used to open invitations."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    if not (settings.DEMO_ALLOWED and writes_mail_to_folder() and is_loopback(host)):
        return False
    return User.objects.filter(email__iendswith=DEMO_DOMAIN).exists()
