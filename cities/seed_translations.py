"""Names shipped with the software: stored in English, shown in the reader's language.

Names that people type are shown as typed. Apps register names of their own in ``ready()``.
"""

from collections.abc import Iterable

from django.utils.translation import gettext, gettext_noop

from .enums import BodyKind

THEMES = {
    "participation": gettext_noop("Participation and belonging"),
    "education": gettext_noop("Education and language"),
    "employment": gettext_noop("Employment and entrepreneurship"),
    "housing": gettext_noop("Housing and neighbourhoods"),
    "health": gettext_noop("Health and care"),
    "welcome": gettext_noop("Reception and welcome"),
    "anti-discrimination": gettext_noop("Equal treatment and protection from discrimination"),
    "culture": gettext_noop("Culture, sport and leisure"),
    "services": gettext_noop("Access to public services"),
    "communication": gettext_noop("Communication and intercultural dialogue"),
}
TARGET_GROUPS = {
    "newcomers": gettext_noop("People who arrived recently"),
    "refugees": gettext_noop("Refugees and people seeking protection"),
    "long-term-residents": gettext_noop("Migrants who have lived here for a long time"),
    "second-generation": gettext_noop("Children of migrants"),
    "children": gettext_noop("Children and young people"),
    "women": gettext_noop("Women"),
    "older-people": gettext_noop("Older people"),
    "workers": gettext_noop("Workers from abroad"),
    "roma": gettext_noop("Roma communities"),
    "receiving-society": gettext_noop("The receiving society"),
    "staff": gettext_noop("Staff of the municipality"),
}
BODIES = {
    BodyKind.NETWORK_OFFICE: gettext_noop("Network office"),
    BodyKind.SCIENTIFIC_COMMITTEE: gettext_noop("Scientific committee"),
}
_translatable = {*THEMES.values(), *TARGET_GROUPS.values(), *BODIES.values()}


# names as older versions stored them
RENAMED = {"Migrants who have lived here for long": TARGET_GROUPS["long-term-residents"]}


def register_names(words: Iterable[str]) -> None:
    _translatable.update(words)


def translated(name: str) -> str:
    """Return ``name`` in the reader's language if it was shipped with the software, else unchanged."""
    name = RENAMED.get(name, name)
    return gettext(name) if name in _translatable else name
