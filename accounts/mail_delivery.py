"""How emails leave this installation, and whether it is a demo on the user's own machine."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings

from .enums import DEMO_DOMAIN
from .models import User


def writes_mail_to_folder() -> bool:
    return not settings.EMAIL_HOST


def is_loopback() -> bool:
    host = urlsplit(settings.SITE_URL).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def shows_one_time_links() -> bool:
    """Return True only in a demo that nobody else can reach: its list of emails is used to open invitations."""
    if not (settings.DEMO_ALLOWED and writes_mail_to_folder() and is_loopback()):
        return False
    return User.objects.filter(email__iendswith=DEMO_DOMAIN).exists()
