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
            _("Keeps you signed in, and confirms on the next page what you have done."),
            _("Until you sign out or close the browser, at most %(hours)s.")
            % {"hours": _hours(settings.SESSION_COOKIE_AGE)},
        ),
        StoredItem(
            settings.CSRF_COOKIE_NAME,
            cookie,
            _("Prevents other sites from sending forms in your name."),
            _days(settings.CSRF_COOKIE_AGE),
        ),
        StoredItem(
            DEVICE_COOKIE,
            cookie,
            _("Lets you sign in on this device even after failed sign-in attempts elsewhere."),
            _days(round(DEVICE_AGE.total_seconds())),
        ),
        StoredItem(
            settings.LANGUAGE_COOKIE_NAME,
            cookie,
            _("Remembers the language you choose before you sign in. After that, it is saved in your account."),
            _("Until you sign in or close the browser."),
        ),
        StoredItem(
            THEME,
            _("browser storage, never sent"),
            _("Remembers whether you have chosen light or dark."),
            _("Until you choose “Same as this device” again, or clear your browser’s data."),
        ),
    ]


def _hours(seconds: int) -> str:
    hours = max(round(seconds / 3600), 1)
    return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": locales.number(hours)}


def _days(seconds: int) -> str:
    days = round(seconds / 86400)
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": locales.number(days)}
