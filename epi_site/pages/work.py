"""Rows of *My work* about the site itself."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import page_versions
from cities.enums import Role
from cities.rules import has_network_role
from core.locales import number
from core.nightly import open_differences
from core.versions import Kept
from strategies.enums import Health
from strategies.work import LATE, WorkRow

_kept = Kept(most=1)


def integrity_rows(user: Any) -> list[WorkRow]:
    """For coordinators: the newest nightly check, if it found differences."""
    if not has_network_role(user, Role.COORDINATOR):
        return []
    run = _kept.get("newest", page_versions.of_site(user), open_differences)
    if run is None:
        return []
    title = ngettext(
        "%(count)s stored record differs from what was originally saved",
        "%(count)s stored records differ from what was originally saved",
        run.difference_count,
    )
    return [
        WorkRow(
            title=title % {"count": number(run.difference_count)},
            url=reverse("admin:core_verificationrun_change", args=[run.pk]),
            label=_("View"),
            text=_("Send this list to the person who runs this site before you use the figures."),
            state=Health.LATE,
            urgency=LATE,
        )
    ]
