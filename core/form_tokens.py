"""Signed token in every form of a signed-in person: who opened which form on which page.

It signs nobody in. It only lets what was typed be kept for this person (``core.form_inputs``), and tells one opened
form from another one. The tag ``{% csrf_token %}`` adds it (``core.templatetags.epi``).
"""

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.utils.crypto import get_random_string

SALT = "form-token"
VALID_SECONDS = 14 * 24 * 3600
FIELD = "form_token"
SECRET_PARTS = {"token", "uidb36"}  # of addresses: links to reset a password, and invitations
MAX_PAGE = 1000  # characters of an address that is kept with its query


class FormToken(NamedTuple):
    user_id: int
    nonce: str  # of this form as it was opened once
    page: str  # address of the page that shows the form

    def signed(self) -> str:
        return signing.TimestampSigner(salt=SALT).sign(f"{self.user_id}:{self.nonce}:{self.page}")

    @property
    def page_path(self) -> str:
        return urlsplit(self.page).path


def new_nonce() -> str:
    return get_random_string(16)


def read(text: str) -> FormToken | None:
    """Return the token if its signature is valid and it has not expired, else None."""
    try:
        user_id, nonce, page = signing.TimestampSigner(salt=SALT).unsign(text, max_age=VALID_SECONDS).split(":", 2)
        return FormToken(int(user_id), nonce, page)
    except (signing.BadSignature, ValueError):
        return None


def of_post(request: Any) -> FormToken | None:
    """Return the token of the posted form; None for an address that is longer than any that a form has."""
    return None if len(request.path) > MAX_PAGE else read(request.POST.get(FIELD, ""))


def has_secret_address(request: Any) -> bool:
    """Return whether who has the address is let in by it."""
    match = getattr(request, "resolver_match", None)
    return bool(match and SECRET_PARTS & match.kwargs.keys())


def for_page(request: Any) -> str:
    """Return the signed token for the forms of the page that answers ``request``.

    "" for anonymous visitors, and where the address is a secret: nothing of such a page is kept, on whatever address
    its form ends. A form that is shown again after an error keeps its nonce and its page.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or has_secret_address(request):
        return ""
    if not hasattr(request, "new_form_token"):
        posted = getattr(request, "posted_form_token", None)
        if posted is None or posted.user_id != user.pk or getattr(request, "form_is_saved", False):
            page = request.get_full_path()
            posted = FormToken(user.pk, new_nonce(), page if len(page) <= MAX_PAGE else request.path[:MAX_PAGE])
        request.new_form_token = posted.signed()
    return request.new_form_token


def start_new_form(request: Any) -> None:
    """Tell that the post was saved although a page answers it: the form on this page is another one."""
    request.form_is_saved = True


def is_from_this_site(request: Any) -> bool:
    """Return whether the browser says that a page of this site sent the form."""
    source = request.headers.get("Origin") or request.headers.get("Referer") or ""
    if source in settings.CSRF_TRUSTED_ORIGINS:
        return True
    return urlsplit(source).netloc == request.get_host()
