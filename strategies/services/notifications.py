"""Emails about periods, to the people who have something to do, in their language, each at most once."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from cities.enums import Role
from cities.models import Person
from cities.services.notifications import notify, role_holders
from core import locales
from strategies.enums import PeriodVerb
from strategies.models import CityPeriod, PeriodComment, PeriodTransition
from strategies.selectors.correction_marks import correction_marks


def _words(verb: str, city_period: CityPeriod, text: str) -> tuple[str, str]:
    names = {"city": city_period.city.name, "period": city_period.period.name}
    if verb == PeriodVerb.OPEN:
        due = {"due": locales.day(city_period.period.due_on)}
        return (
            _("%(period)s is open for %(city)s") % names,
            _("You can now report on %(period)s. Submit it by %(due)s.") % (names | due),
        )
    if verb == PeriodVerb.SUBMIT:
        return (
            _("%(city)s has submitted %(period)s") % names,
            _("%(city)s has submitted %(period)s. Please read it, then accept it or return it with a comment.") % names,
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


def _send(
    people: Iterable[Person], verb: str, city_period: CityPeriod, key: str, said: PeriodTransition | PeriodComment
) -> None:
    for person in people:
        notify(
            person,
            key=f"{key}-{person.pk}",
            text=lambda: _words(verb, city_period, _comment_text(said)),
            path=city_period.get_absolute_url(),
            city=city_period.city,
        )


def _comment_text(said: PeriodTransition | PeriodComment) -> str:
    """Return the comment, and one line for each marked part."""
    marks = correction_marks(said, said.city_period) if isinstance(said, PeriodTransition) else []
    lines = [f"– {mark.title}: {mark.text}" if mark.text else f"– {mark.title}" for mark in marks]
    return "\n\n".join(part for part in (said.text, "\n".join(lines)) if part)


RECIPIENT_ROLES = {
    PeriodVerb.OPEN: [Role.LEAD_OFFICIAL, Role.OFFICIAL],
    PeriodVerb.RETURN: [Role.LEAD_OFFICIAL, Role.OFFICIAL],
    PeriodVerb.ACCEPT: [Role.LEAD_OFFICIAL],
    PeriodVerb.REOPEN: [Role.LEAD_OFFICIAL, Role.OFFICIAL],
}


def notify_of_transition(transition: PeriodTransition) -> None:
    """Notify the city when a period is opened, returned, accepted or reopened; coordinators when it is submitted."""
    key = f"period-{transition.city_period_id}-move-{transition.number}"
    _send(_recipients(transition), transition.verb, transition.city_period, key, transition)


def _recipients(transition: PeriodTransition) -> list[Person]:
    city = transition.city_period.city
    if transition.verb == PeriodVerb.SUBMIT:  # those who may accept it: not people of the city's municipality
        people = role_holders(roles=[Role.COORDINATOR])
        return [person for person in people if person.organisation_id != city.municipality_id]
    roles = RECIPIENT_ROLES.get(PeriodVerb(transition.verb))
    return role_holders(city=city, roles=roles) if roles else []


def notify_reopen_request(comment: PeriodComment) -> None:
    """Notify the coordinators that a city asks to reopen a period."""
    people = role_holders(roles=[Role.COORDINATOR])
    _send(people, comment.kind, comment.city_period, f"period-request-{comment.pk}", comment)
