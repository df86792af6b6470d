"""Tags and filters for every template, without ``{% load %}``. Overview: docs/front-end.md."""

from collections.abc import Collection
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template.defaulttags import CsrfTokenNode
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import form_tokens, locales, texts
from core.badges import SHAPES, badge_for
from core.form_rendering import attributes_of, field_html

register = template.Library()

ICONS = {
    "menu": "M2 3.5h12M2 8h12M2 12.5h12",
    "globe": "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM1.5 8h13M8 1.5c4 4 4 9 0 13M8 1.5c-4 4-4 9 0 13",
    "person": "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14.5c.6-3 2.7-4.5 5.5-4.5s4.9 1.5 5.5 4.5",
    "plus": "M8 2.5v11M2.5 8h11",
    "download": "M8 2v8.5M4.5 7 8 10.5 11.5 7M2.5 14h11",
    "search": "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14.2 14.2",
    "right": "m6 3 5 5-5 5",
    "left": "m10 3-5 5 5 5",
    "down": "m3 6 5 5 5-5",
    "pen": "M2.5 13.5 3.2 10.5 11 2.7l2.3 2.3-7.8 7.8z",
    "clock": "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8 4.5V8l2.5 1.7",
    "file": "M4 1.5h5.5L12.5 4.5v10H4zM9.5 1.5v3h3",
    "note": "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8 7.2v4M8 4.6v.4",
    "alert": "M8 1.8 15 14.2H1zM8 6.5v3.7M8 12v.3",
    "check": "m2.5 8.5 3.5 3.5 7.5-8",
    "lock": "M3.5 7.5h9v6.5h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
}


@register.simple_tag
def asset(path: str) -> str:
    """Like ``static``, for error pages: a missing manifest must not break them too."""
    try:
        return static(path)
    except ValueError:
        return settings.STATIC_URL + path


@register.simple_tag
def icon(name: str) -> SafeString:
    """Render a decorative icon beside a word, hidden from screen readers."""
    return format_html(
        '<svg class="epi-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        ICONS[name],
    )


@register.simple_tag(takes_context=True)
def network_site(context: Any) -> Any:
    """Return the ``site`` of the context processor; some allauth pages put another ``site`` over it."""
    found = (layer.get("site") for layer in context.dicts)
    return next((frame for frame in found if _names_the_network(frame)), {})


def _names_the_network(frame: Any) -> bool:
    return "network_name" in frame if isinstance(frame, dict) else hasattr(frame, "network_name")


# ---- states


@register.simple_tag
def state_mark(state: Any, label: str = "", hide_word: bool = False) -> SafeString:
    """Render shape, word and colour of a state: ``{% state_mark action.health %}``; nothing if there is no state."""
    if state is None or state == "":
        return SafeString("")
    tone, shape, word = badge_for(state)
    return _state_mark(tone, shape, str(label or word), hide_word)


@lru_cache(maxsize=1000)
def _state_mark(tone: str, shape: str, word: str, hide_word: bool) -> SafeString:
    mark = (
        '<span class="epi-state is-{}"><svg viewBox="0 0 10 10" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg><span class="{}">{}</span></span>'
    )
    return format_html(mark, tone, SHAPES[shape], "visually-hidden" if hide_word else "epi-word", word)


@register.simple_tag
def state_bar(counts: Any, label: str = "") -> SafeString:
    """Render a stacked bar: ``counts`` is pairs of state and number, the most worrying last."""
    pairs = [(badge_for(state), int(count)) for state, count in counts if count]
    total = sum(count for _badge, count in pairs)
    if not total:
        return SafeString("")
    words = label or ", ".join(f"{badge.word} {count}" for badge, count in pairs)
    parts, start = [], 0.0
    for badge, count in pairs:
        width = 100 * count / total
        parts.append((badge.tone, f"{start:.2f}", f"{max(width - 0.8, 0.4):.2f}"))
        start += width
    rects = format_html_join("", '<rect class="is-{}" x="{}" y="0" width="{}" height="10"/>', parts)
    return format_html(
        '<svg class="epi-bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        words,
        rects,
    )


@register.simple_tag
def meter(value: Any, total: Any = 100, label: str = "") -> SafeString:
    """Render a progress bar: ``{% meter done all label=_("Actions reported") %}``."""
    top = max(float(total or 0), 0)
    reached = min(max(float(value or 0), 0), top)
    words = label or _("%(value)s of %(total)s") % {"value": locales.number(value or 0), "total": locales.number(total)}
    return format_html(
        '<progress class="epi-meter" value="{}" max="{}" aria-label="{}"></progress>',
        f"{reached:g}",
        f"{top or 1:g}",
        words,
    )


@register.simple_tag
def level_cell(level: Any, note: str = "", split: Collection[int] = (), label: str = "") -> SafeString:
    """Render a table cell with a level of the rubric: 1 to 4, an even median as "2-3", or None: not assessed.

    ``split``: the levels of this row that are far apart; they get a dashed frame.
    """
    if level is None or level == "":
        return format_html(
            '<td class="epi-level is-none" data-label="{}"><span>{}</span>{}</td>',
            label,
            _("not assessed"),
            _small(note),
        )
    low, _dash, high = str(level).replace("–", "-").partition("-")
    classes = f"epi-level l{low}" + (f" up{high}" if high else "") + (" is-split" if split and level in split else "")
    shown = f"{low}–{high}" if high else low
    return format_html('<td class="{}" data-label="{}"><b>{}</b>{}</td>', classes, label, shown, _small(note))


def _small(note: str) -> SafeString:
    return format_html("<small>{}</small>", note) if note else SafeString("")


@register.simple_tag
def link_list(rows: Any) -> SafeString:
    """Render a list of links to rows with ``url``, ``code`` and ``title``: a template takes long for hundreds."""
    items = format_html_join("", '<li><a href="{}">{} {}</a></li>', ((row.url, row.code, row.title) for row in rows))
    return format_html('<ul class="epi-list">{}</ul>', items)


# ---- numbers, money and dates in the reader's language


@register.filter
def number(value: Any, decimals: int | None = None) -> str:
    return locales.number(value, decimals)


@register.filter
def percent(value: Any, decimals: int = 0) -> str:
    return locales.percent(value, decimals)


@register.filter
def money(value: Any, currency: str = "EUR") -> str:
    return locales.money(value, currency)


@register.filter
def money_short(value: Any, currency: str = "EUR") -> str:
    return locales.money_short(value, currency)


@register.filter
def day(value: date | None, zone: Any = None) -> str:
    """Format as a date. A datetime of a city needs the city's time zone: ``|day:city.timezone``."""
    return locales.day(value, zone=zone)


@register.filter
def day_short(value: date | None, zone: Any = None) -> str:
    return locales.day(value, "medium", zone)


@register.filter
def days(first: date, last: date) -> str:
    return locales.days(first, last)


@register.filter
def moment(value: datetime | None, zone: Any = None) -> str:
    return locales.moment(value, zone)


@register.filter(expects_localtime=True)
def iso_moment(value: datetime) -> str:
    """Return the attribute ``datetime`` of ``<time>``, to the second: HTML knows no microseconds."""
    return value.isoformat(timespec="seconds")


@register.filter
def unless_contained_in(words: Any, title: Any) -> str:
    """Return ``words``, or "" if ``title`` contains them already: a kick-off called "Kick-off of the strategy"."""
    return "" if str(words).casefold() in str(title).casefold() else str(words)


@register.filter
def initials(name: Any) -> str:
    """Return at most two letters, from the first and the last name."""
    words = str(name or "").split("@")[0].replace(".", " ").split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


@register.filter
def shorten(value: Any, limit: int) -> str:
    """Cut a text after a word: ``{{ text|shorten:200 }}``. Django's ``truncatechars`` cuts inside words."""
    return texts.shorten(str(value or ""), int(limit))


# ---- forms


class FormTokenNode(CsrfTokenNode):
    """Django's input, and the token by which what is typed is never lost (``core.form_tokens``)."""

    def render(self, context: Any) -> str:
        html, request = super().render(context), context.get("request")
        signed = form_tokens.for_page(request) if html and request is not None else ""
        return (
            html + format_html('<input type="hidden" name="{}" value="{}">', form_tokens.FIELD, signed)
            if signed
            else html
        )


@register.tag("csrf_token")
def csrf_token(_parser: Any, _token: Any) -> FormTokenNode:
    """Replace Django's tag of this name in every template, so that no form can forget the second token."""
    return FormTokenNode()


@register.tag("plain_csrf_token")
def plain_csrf_token(_parser: Any, _token: Any) -> CsrfTokenNode:
    """Django's own tag, for forms in which nothing is typed."""
    return CsrfTokenNode()


@register.simple_tag(takes_context=True)
def draft_attrs(context: Any) -> SafeString:
    """Render the attributes of a form that is saved as a draft while somebody types (static/js/draft.js)."""
    context["request"].has_draft_form = True
    return format_html(
        'data-draft-url="{}" data-draft-kept="{}" data-draft-failed="{}"',
        reverse("form_draft"),
        _("Draft saved,"),
        _("The draft could not be saved. Save before you leave."),
    )


@register.simple_tag(takes_context=True)
def draft_fields(context: Any, title: Any = "") -> SafeString:
    """Render the hidden fields of such a form. ``title``: what a list of drafts calls it."""
    version = context["request"].POST.get("draft_version", "")
    hidden = [("draft_version", version), ("draft_title", str(title)[:200])]
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', hidden)


@register.filter
def field_anchor(field: Any) -> str:
    """Return the id that a link to a field leads to; for a group of choices, the id of its first input."""
    return field.id_for_label or f"{field.auto_id}_0"


@register.filter
def attributes(values: dict[str, Any]) -> SafeString:
    """Render attributes of an element, each after a space."""
    return attributes_of(values)


@register.simple_tag(takes_context=True)
def form_field(context: Any) -> SafeString:
    return field_html(context["field"], context.flatten())


@register.filter
def has_errors(forms: Any) -> bool:
    """Return whether one of several forms has errors; False for None."""
    return any(form.errors for form in forms or ())


# ---- lists


@register.filter
def page_range(page: Any) -> Any:
    """Return the pages near the current one, the first and the last."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
