"""The cells of the list of members."""

from typing import Any

from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cities.enums import Role, Seat
from cities.models import Membership
from core import locales
from core.links import url_of


def name_cell(row: Membership) -> SafeString:
    person = row.person
    about = [person.email, person.organisation, "" if person.user else _("no account")]
    small = " · ".join(conditional_escape(part) for part in about if part)
    return format_html('{}<br><span class="epi-small">{}</span>', person.name, SafeString(small))


def body_cell(row: Membership) -> SafeString:
    return format_html('<a href="{}">{}</a>', url_of("cities:body_detail", row.body_id), row.body)


def role_cell(row: Membership) -> SafeString:
    return _with_small(capfirst(Role(row.role).label), Seat(row.seat).label if row.seat else "")


def since_cell(row: Membership) -> SafeString:
    until = " ".join([_("until"), locales.day(row.valid_to, "medium")]) if row.valid_to else ""
    return _with_small(locales.day(row.valid_from, "medium"), until)


def _with_small(text: Any, small: str) -> SafeString:
    return format_html('{}<br><span class="epi-small">{}</span>', text, small) if small else format_html("{}", text)


def links_cell(row: Membership, delayed: set[str], request: Any) -> SafeString:
    """Return what the user may do with the membership. ``delayed``: accounts that cannot sign in for a while."""
    if not (row.may["end"] or row.may["hand_over"]):
        return SafeString("–")
    hand_over = _link("cities:membership_hand_over", row, _("Hand over")) if row.may["hand_over"] else ""
    end = _link("cities:membership_end", row, pgettext("membership", "End")) if row.may["end"] else ""
    links = format_html('<span class="epi-row">{} {}</span>', hand_over, end)
    if row.person.user is None or row.person.user.email not in delayed:
        return links
    return links + render_to_string("cities/_allow_sign_in.html", {"row": row}, request)


def _link(name: str, row: Membership, words: str) -> SafeString:
    link = '<a href="{}">{}<span class="visually-hidden"> ({}, {})</span></a>'
    return format_html(link, url_of(name, row.pk), words, row.person.name, Role(row.role).label)
