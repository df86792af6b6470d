"""Emails to people: who can be written to, at which address and in which language."""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Mail
from accounts.services import queue_mail
from cities.enums import BodyKind
from cities.models import City, Installation, Membership, Person

EmailText = Callable[[], tuple[str, str]]  # returns subject and text in the active language


def notify(person: Person, *, key: str, text: EmailText, path: str, city: City | None = None) -> Mail | None:
    """Queue one email: greeting, text, link to ``path``, name of the network. Returns None without a usable address.

    With the same ``key`` there is never a second one. ``city`` is what the email is about: its language is the
    fallback. Reads the person's account.
    """
    address = email_address_of(person)
    if not address:
        return None
    language = language_of(person, city.language if city else "")
    with translation.override(language):
        subject, sentences = text()
        greeting = _("Hello %(name)s,") % {"name": person.name}
    network = Installation.objects.values_list("network_name", flat=True).first() or ""
    body = f"{greeting}\n\n{sentences}\n\n{settings.SITE_URL}{path}\n\n{network}".strip() + "\n"
    return queue_mail(to=address, subject=subject, body=body, key=key, language=language)


def email_address_of(person: Person) -> str:
    """Return the account's email address, else the person's; "" if there is none or the account is closed."""
    if person.user_id is None:
        return person.email
    return person.user.email if person.user.is_active else ""


def language_of(person: Person, fallback: str = "") -> str:
    """Return the language that the person has chosen, else ``fallback`` if the site has it, else the site's."""
    chosen = person.user.language if person.user_id else ""
    spoken = dict(settings.LANGUAGES)
    return next((code for code in (chosen, fallback) if code in spoken), settings.LANGUAGE_CODE)


def role_holders(*, city: Any = None, roles: Iterable[str]) -> list[Person]:
    """Return people with an address who hold one of the roles today, in the city's office or the network's."""
    kind = BodyKind.CITY_OFFICE if city else BodyKind.NETWORK_OFFICE
    seats = Membership.objects.current(city.today if city else None)
    seats = seats.filter(body__kind=kind, body__city=city, role__in=roles).select_related("person__user")
    people = {seat.person_id: seat.person for seat in seats}
    return [person for person in people.values() if email_address_of(person)]
