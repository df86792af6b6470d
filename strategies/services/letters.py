"""Letters about periods: to the people who have something to do, in their language, each at most once."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from cities.enums import BodyKind, Role
from cities.models import Membership, Person
from epi_site.accounts.services import write_mail
from epi_site.shared import locales
from strategies.enums import PeriodVerb
from strategies.models import CityPeriod, PeriodComment, PeriodMove


def letter(person: Person, *, key: str, subject: str, body: str, language: str) -> Any:
    """The row of the letter, or None where one of this ``key`` has been written before."""
    return write_mail(to=address_of(person), subject=subject, body=body, key=key, language=language)


def address_of(person: Person) -> str:
    return person.user.email if person.user_id else person.email


def language_of(person: Person, fallback: str = "") -> str:
    """The language that a person has chosen, else the city's where the site speaks it, else the site's."""
    chosen = person.user.language if person.user_id else ""
    spoken = dict(settings.LANGUAGES)
    return next((code for code in (chosen, fallback) if code in spoken), settings.LANGUAGE_CODE)


def holders(*, city: Any = None, roles: Iterable[str]) -> list[Person]:
    """Who holds such a role today, in the city's office or (without a city) the network's, and can be written to."""
    kind = BodyKind.CITY_OFFICE if city else BodyKind.NETWORK_OFFICE
    seats = Membership.objects.current(city.today if city else None)
    seats = seats.filter(body__kind=kind, body__city=city, role__in=roles).select_related("person__user")
    people = {seat.person_id: seat.person for seat in seats if not seat.person.user_id or seat.person.user.is_active}
    return [person for person in people.values() if address_of(person)]


def _words(verb: str, city_period: CityPeriod, text: str) -> tuple[str, str]:
    names = {"city": city_period.city.name, "period": city_period.period.name}
    if verb == PeriodVerb.OPEN:
        due = {"due": locales.day(city_period.period.due_on)}
        return (
            _("%(period)s is open for %(city)s") % names,
            _("You can now report on %(period)s. Submit it by %(due)s.") % (names | due),
        )
    if verb == PeriodVerb.RETURN:
        return _("%(period)s of %(city)s came back") % names, _("The coordinator writes:") + f"\n\n{text}"
    if verb == PeriodVerb.ACCEPT:
        return (
            _("%(period)s of %(city)s was accepted") % names,
            _("A lead official can now publish %(period)s for everybody to read.") % names,
        )
    if verb == PeriodVerb.REOPEN:
        return (
            _("%(period)s of %(city)s is open again") % names,
            _("Change what has to be changed, then submit again. The coordinator gives this reason:") + f"\n\n{text}",
        )
    return (
        _("%(city)s asks to reopen %(period)s") % names,
        _("%(city)s has found a mistake in %(period)s and gives this reason:") % names + f"\n\n{text}",
    )


def _send(people: Iterable[Person], verb: str, city_period: CityPeriod, key: str, text: str = "") -> None:
    address = f"{settings.SITE_URL}{city_period.get_absolute_url()}"
    for person in people:
        language = language_of(person, city_period.city.language)
        with translation.override(language):
            subject, body = _words(verb, city_period, text)
        letter(person, key=f"{key}-{person.pk}", subject=subject, body=f"{body}\n\n{address}\n", language=language)


WRITTEN_TO = {
    PeriodVerb.OPEN: [Role.LEAD_OFFICIAL, Role.OFFICIAL],
    PeriodVerb.RETURN: [Role.LEAD_OFFICIAL, Role.OFFICIAL],
    PeriodVerb.ACCEPT: [Role.LEAD_OFFICIAL],
    PeriodVerb.REOPEN: [Role.LEAD_OFFICIAL, Role.OFFICIAL],
}


def tell_of_move(move: PeriodMove) -> None:
    """To the city, of what was opened, returned, accepted and reopened."""
    if roles := WRITTEN_TO.get(PeriodVerb(move.verb)):
        people = holders(city=move.city_period.city, roles=roles)
        _send(people, move.verb, move.city_period, f"period-{move.city_period_id}-move-{move.number}", move.text)


def tell_of_request(comment: PeriodComment) -> None:
    """To the coordinators: a city asks to reopen a period."""
    people = holders(roles=[Role.COORDINATOR])
    _send(people, comment.kind, comment.city_period, f"period-request-{comment.pk}", comment.text)
