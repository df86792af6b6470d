"""Emails about periods, strategies and actions: to the people concerned, in their language, each at most once."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cities.enums import Role
from cities.models import City, Person
from cities.rules import OFFICIALS, person_of
from cities.services.notifications import EmailText, notify, role_holders
from core import locales
from core.available import available_actions
from strategies.enums import CommentKind, PeriodVerb, StrategyStatus
from strategies.models import Action, CityPeriod, PeriodComment, PeriodTransition, Strategy, StrategyComment
from strategies.selectors.correction_marks import correction_marks


def _words(verb: str, city_period: CityPeriod, text: str) -> tuple[str, str]:
    names = {"city": city_period.city.name, "period": city_period.period.name}
    if verb == PeriodVerb.OPEN:
        due = {"due": locales.day(city_period.period.due_on)}
        return (
            _("%(period)s is open for %(city)s") % names,
            _("You can now report on %(period)s. Submit the report by %(due)s.") % (names | due),
        )
    if verb == PeriodVerb.SUBMIT:
        return (
            _("%(city)s has submitted its report for %(period)s") % names,
            _("Read the report from %(city)s for %(period)s, then accept it or return it with a comment.") % names,
        )
    if verb == PeriodVerb.RETURN:
        return (
            _("Report returned: %(city)s, %(period)s") % names,
            _("Make the corrections, then submit again. The coordinator gives this reason:") + f"\n\n{text}",
        )
    if verb == PeriodVerb.ACCEPT:
        return (
            _("Report accepted: %(city)s, %(period)s") % names,
            _("You can now publish the report for everyone to read."),
        )
    if verb == PeriodVerb.REOPEN:
        return (
            _("Period reopened: %(city)s, %(period)s") % names,
            _("Make the corrections, then submit again. The coordinator gives this reason:") + f"\n\n{text}",
        )
    if verb == PeriodVerb.REDACT:
        return (
            _("Text or file redacted: %(city)s, %(period)s") % names,
            _(
                "The data protection contact has redacted a text or file in your report. A new revision replaces the "
                "old one; its figures and its status stay the same. You do not need to do anything. The reason:"
            )
            + f"\n\n{text}",
        )
    return (
        _("%(city)s asks to reopen %(period)s") % names,
        _("%(city)s has found a mistake in the report for %(period)s and gives this reason:") % names
        + f"\n\n{text}\n\n"
        + _("Reopen the period or decline the request on the period’s page."),
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
    PeriodVerb.REDACT: [Role.LEAD_OFFICIAL],
}


def notify_of_transition(transition: PeriodTransition) -> None:
    """Notify the city when a period is opened, returned, accepted or reopened; coordinators when it is submitted."""
    key = f"period-{transition.city_period_id}-move-{transition.number}"
    _send(_recipients(transition), transition.verb, transition.city_period, key, transition)


def _recipients(transition: PeriodTransition) -> list[Person]:
    city = transition.city_period.city
    if transition.verb == PeriodVerb.SUBMIT:
        people = role_holders(roles=[Role.COORDINATOR])
        return [person for person in people if available_actions(transition.city_period, person.user)["accept"]]
    roles = RECIPIENT_ROLES.get(PeriodVerb(transition.verb))
    return role_holders(city=city, roles=roles) if roles else []


def notify_reopen_request(comment: PeriodComment) -> None:
    """Notify the coordinators that a city asks to reopen a period."""
    people = role_holders(roles=[Role.COORDINATOR])
    _send(people, comment.kind, comment.city_period, f"period-request-{comment.pk}", comment)


# ---- comments


def notify_of_comment(comment: PeriodComment) -> None:
    """Notify the city's officials of what the expert group or a coordinator has written about a period."""
    city_period = comment.city_period
    words = {"who": comment.author, "city": city_period.city.name, "period": city_period.period.name}

    def text() -> tuple[str, str]:
        if comment.kind == CommentKind.DECLINE:
            return (
                _("Request to reopen declined: %(city)s, %(period)s") % words,
                _("The coordinator gives this reason:") + f"\n\n{comment.text}",
            )
        if comment.kind == CommentKind.ENDORSEMENT:
            return (
                _("%(who)s has endorsed the narrative: %(city)s, %(period)s") % words,
                _("You can see the endorsement on the period’s page. You do not need to do anything."),
            )
        return (
            _("%(who)s has commented on the period: %(city)s, %(period)s") % words,
            _("Read the comment on the period’s page."),
        )

    _notify_officials(
        city_period.city, comment.author, f"period-comment-{comment.pk}", text, city_period.get_absolute_url()
    )


def notify_of_strategy_comment(comment: StrategyComment) -> None:
    strategy = comment.strategy
    words = {"who": comment.author, "strategy": strategy.title}

    def text() -> tuple[str, str]:
        return _("%(who)s has commented on “%(strategy)s”") % words, _("Read the comment below the draft.")

    _notify_officials(
        strategy.city, comment.author, f"strategy-comment-{comment.pk}", text, strategy.get_absolute_url()
    )


def _notify_officials(city: City, author: Any, key: str, text: EmailText, path: str) -> None:
    for person in role_holders(city=city, roles=OFFICIALS):
        if person != person_of(author):
            notify(person, key=f"{key}-{person.pk}", text=text, path=path, city=city)


# ---- responsible people


def notify_responsible(action: Action, *, by: Any) -> None:
    """Notify the new responsible person of an action in a strategy that is in force, unless it is the user.

    People named in a draft are notified when it is adopted.
    """
    person, strategy = action.responsible, action.strategy
    if person is None or person == person_of(by) or strategy.status != StrategyStatus.ADOPTED:
        return

    def text() -> tuple[str, str]:
        words = {"action": action.title}
        return _("You are responsible for: %(action)s") % words, _(
            "You are now responsible for this action. Log updates on it; “My work” shows when one is due."
        )

    key = f"action-{action.pk}-responsible-{action.version}-{person.pk}"
    notify(person, key=key, text=text, path=action.get_absolute_url(), city=strategy.city)


def notify_of_adoption(strategy: Strategy, *, by: Any) -> None:
    """Notify each responsible person of the actions that the adopted strategy names them for."""
    titles: dict[Person, list[str]] = defaultdict(list)
    actions = Action.objects.filter(objective__area__strategy=strategy, responsible__isnull=False).active()
    for action in actions.select_related("responsible__user"):
        if action.responsible != person_of(by):
            titles[action.responsible].append(action.title)
    for person, named in titles.items():
        key = f"strategy-{strategy.pk}-adopted-{person.pk}"
        notify(
            person, key=key, text=_adoption_text(strategy, named), path=strategy.get_absolute_url(), city=strategy.city
        )


def _adoption_text(strategy: Strategy, titles: list[str]) -> EmailText:
    def text() -> tuple[str, str]:
        words = {"strategy": strategy.title, "count": len(titles)}
        sentence = ngettext(
            "“%(strategy)s” has been adopted. You are responsible for %(count)d action in it:",
            "“%(strategy)s” has been adopted. You are responsible for %(count)d actions in it:",
            len(titles),
        )
        lines = "\n".join(f"– {title}" for title in titles)
        next_step = _("Log updates on these actions; “My work” shows when one is due.")
        return _("Adopted: %(strategy)s") % words, f"{sentence % words}\n\n{lines}\n\n{next_step}"

    return text
