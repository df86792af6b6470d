"""The allauth adapter: nobody signs up, failed sign-ins cause delays, and emails go through our own queue."""

import math
from typing import Any
from urllib.parse import quote

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import translation
from django.utils.translation import ngettext

from . import login_limits
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

    # ---- sign-in

    def pre_authenticate(self, request: Any, **credentials: Any) -> None:
        email = credentials.get("email", "")
        wait = login_limits.time_to_wait(request, email)
        if wait:
            raise ValidationError(_wait_text(math.ceil(wait.total_seconds() / 60)))
        if not login_limits.is_known_device(request, email):
            super().pre_authenticate(request, **credentials)

    def authentication_failed(self, request: Any, **credentials: Any) -> None:
        login_limits.count_failure(request, credentials.get("email", ""))

    def post_login(self, request: Any, user: Any, **kwargs: Any) -> Any:
        response = super().post_login(request, user, **kwargs)
        login_limits.forget_failures(request, user.email)
        login_limits.remember_device(request, response, user.email)
        return response

    # ---- emails

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
            message = self.render_mail(template_prefix, email, {"email": email, **context})
        has_secret = "password_reset_url" in context
        queue_mail(
            to=email,
            subject=message.subject,
            body=message.body,
            has_secret=has_secret,
            is_urgent=True,
            language=language,
        )


def _wait_text(minutes: int) -> str:
    return ngettext(
        "Too many failed sign-in attempts. Try again in %(minutes)d minute, or get a new password.",
        "Too many failed sign-in attempts. Try again in %(minutes)d minutes, or get a new password.",
        minutes,
    ) % {"minutes": minutes}
