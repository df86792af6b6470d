"""What this site stores in a browser, for the privacy page. A test compares it with what pages set."""

from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.login_limits import DEVICE_AGE, DEVICE_COOKIE
from core import locales

THEME = "epi-theme"  # the key in static/js/theme-choice.js


class StoredItem(NamedTuple):
    name: str
    kind: str
    purpose: str
    duration: str


def stored_in_browser() -> list[StoredItem]:
    cookie = _("cookie")
    return [
        StoredItem(
            settings.SESSION_COOKIE_NAME,
            cookie,
            _("That you stay signed in, and that what you have done is told on the next page."),
            _("Until you sign out or close the browser, %(hours)s at the longest.")
            % {"hours": _hours(settings.SESSION_COOKIE_AGE)},
        ),
        StoredItem(
            settings.CSRF_COOKIE_NAME,
            cookie,
            _("That no other site can send forms in your name."),
            _days(settings.CSRF_COOKIE_AGE),
        ),
        StoredItem(
            DEVICE_COOKIE,
            cookie,
            _("That failed attempts to sign in elsewhere do not keep you from signing in on this device."),
            _days(round(DEVICE_AGE.total_seconds())),
        ),
        StoredItem(
            settings.LANGUAGE_COOKIE_NAME,
            cookie,
            _("The language, only where you choose one before you sign in. Your account keeps it from then on."),
            _("Until you sign in or close the browser."),
        ),
        StoredItem(
            THEME,
            _("storage of the browser, never sent"),
            _("Light or dark, only where you choose it."),
            _("Until you choose the look of the device again, or empty the browser."),
        ),
    ]


def _hours(seconds: int) -> str:
    hours = max(round(seconds / 3600), 1)
    return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": locales.number(hours)}


def _days(seconds: int) -> str:
    days = round(seconds / 86400)
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": locales.number(days)}
