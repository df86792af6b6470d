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

    With the same ``key`` there is never a second one. ``city`` is what the email is about. Reads the person's account.
    """
    address = email_address_of(person)
    if not address:
        return None
    language = language_of(person, city)
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


def language_of(person: Person, city: City | None = None) -> str:
    """Return the language of the reader: the chosen one, else that of the person's own city, else the network's.

    The city that an email is about says nothing about a reader from elsewhere. Languages that the site does not have
    are skipped.
    """
    spoken = dict(settings.LANGUAGES)
    if person.user_id and person.user.language in spoken:
        return person.user.language
    network = Installation.objects.values_list("working_language", flat=True).first()
    return next((code for code in (_own_language(person, city), network) if code in spoken), settings.LANGUAGE_CODE)


def _own_language(person: Person, city: City | None) -> str:
    """Return the language of the person's city; of ``city`` where the person is a member in several."""
    current = Membership.objects.current().filter(person=person, body__city__isnull=False)
    own = dict(current.values_list("body__city", "body__city__language"))
    return own.get(city.pk if city else None) or next(iter(own.values()), "")


def role_holders(*, city: Any = None, roles: Iterable[str]) -> list[Person]:
    """Return people with an address who hold one of the roles today, in the city's office or the network's."""
    kind = BodyKind.CITY_OFFICE if city else BodyKind.NETWORK_OFFICE
    seats = Membership.objects.current(city.today if city else None)
    seats = seats.filter(body__kind=kind, body__city=city, role__in=roles).select_related("person__user")
    people = {seat.person_id: seat.person for seat in seats}
    return [person for person in people.values() if email_address_of(person)]
