"""The allauth adapter: nobody signs up, and emails go through our own queue."""

from typing import Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from .services import queue_mail


class InvitationOnlyAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Return False for a malformed URL such as ``https://[``, where the parent raises ValueError."""
        try:
            return super().is_safe_url(url)
        except ValueError:
            return False

    def format_email_subject(self, subject: str) -> str:
        return subject

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return a URL on the site's own address, whatever host name the request came with."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.SITE_URL + path.replace("UID-KEY", quote(key))

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Queue the email, in the recipient's language, before others: these emails are about signing in."""
        language = getattr(context.get("user"), "language", "") or translation.get_language()
        with translation.override(language):
            letter = self.render_mail(template_prefix, email, {"email": email, **context})
        has_secret = "password_reset_url" in context
        queue_mail(
            to=email, subject=letter.subject, body=letter.body, has_secret=has_secret, is_urgent=True, language=language
        )
