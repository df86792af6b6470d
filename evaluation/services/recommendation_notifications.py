"""Emails about recommendations: to those who answer, and to those who issued them."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cities.enums import BodyKind, Role
from cities.models import Membership, Person
from cities.rules import OFFICIALS
from cities.services.notifications import role_holders
from core import locales
from evaluation.enums import BODY_SOURCES, RecommendationSource, ResponseDecision
from evaluation.models import (
    ManagementResponse,
    Recommendation,
    RecommendationProgress,
    RecommendationTransition,
)

from .notifications import coordinators, notify_all


def addressees(recommendation: Recommendation) -> list[Person]:
    """Return who answers: the officials of the city, or the coordinators."""
    if recommendation.city is None:
        return coordinators()
    return role_holders(city=recommendation.city, roles=OFFICIALS)


def issuers(recommendation: Recommendation) -> list[Person]:
    """Return those who may confirm completion for whoever issued it, and have an account."""
    seats = Membership.objects.current().filter(person__user__is_active=True)
    if recommendation.source == RecommendationSource.NETWORK_OFFICE:
        seats = seats.filter(body__kind=BodyKind.NETWORK_OFFICE, role=Role.COORDINATOR)
    elif recommendation.source in BODY_SOURCES:
        seats = seats.filter(body=recommendation.body_id, role=Role.CHAIR)
    else:
        seats = seats.filter(body__kind=BodyKind.SCIENTIFIC_COMMITTEE)
    people = Person.objects.filter(memberships__in=seats).distinct().select_related("user").order_by("pk")
    return [
        person
        for person in people
        if Recommendation.objects.confirmable_by(person.user).filter(pk=recommendation.pk).exists()
    ]


def addressed(recommendation: Recommendation) -> Any:
    """Return whom a recommendation addresses, as a name."""
    return recommendation.city or _("the network")


def notify_of_issue(recommendation: Recommendation) -> None:
    def text() -> Any:
        return _("New recommendation to %(addressed)s") % {"addressed": addressed(recommendation)}, _(
            "“%(text)s”\n\nRespond by %(day)s: accept it, accept it partly or reject it."
        ) % {"text": recommendation, "day": locales.day(recommendation.answer_by)}

    _notify(addressees(recommendation), recommendation, "issued", text)


def notify_of_response(response: ManagementResponse) -> None:
    recommendation = response.recommendation

    def text() -> Any:
        words = {"addressed": addressed(recommendation), "text": recommendation}
        sentences = {
            ResponseDecision.ACCEPT: _("The recommendation “%(text)s” has been accepted."),
            ResponseDecision.PARTLY: _("The recommendation “%(text)s” has been accepted partly."),
            ResponseDecision.REJECT: _("The recommendation “%(text)s” has been rejected. The reason is on the page."),
        }
        return _("Response from %(addressed)s") % words, sentences[ResponseDecision(response.decision)] % words

    _notify(issuers(recommendation), recommendation, "answered", text)


def notify_of_progress(progress: RecommendationProgress) -> None:
    """Ask those who confirm completion to do so."""
    recommendation = progress.recommendation

    def text() -> Any:
        return _("Confirm completion: %(addressed)s") % {"addressed": addressed(recommendation)}, _(
            "It has been reported that this recommendation is done: “%(text)s”. Check it, and confirm its completion."
        ) % {"text": recommendation}

    _notify(issuers(recommendation), recommendation, f"done/{progress.pk}-{progress.version}", text)


def notify_of_completion(recommendation: Recommendation) -> None:
    def text() -> Any:
        return _("Completion confirmed"), _(
            "It has been confirmed that this recommendation is done: “%(text)s”. You do not need to do anything."
        ) % {"text": recommendation}

    _notify(addressees(recommendation), recommendation, "completed", text)


def notify_of_withdrawal(recommendation: Recommendation, transition: RecommendationTransition) -> None:
    def text() -> Any:
        return _("Recommendation withdrawn"), _(
            "This recommendation has been withdrawn: “%(text)s”. Reason: %(reason)s"
        ) % {"text": recommendation, "reason": transition.reason}

    _notify(addressees(recommendation), recommendation, "withdrawn", text)


def notify_of_due_date(recommendation: Recommendation, people: list[Person], *, key: str) -> None:
    due_on = recommendation.due_on

    def text() -> Any:
        words = {"day": locales.day(due_on, "medium"), "text": recommendation}
        if recommendation.sent_response is None:
            sentence = _("The response to this recommendation is due: “%(text)s”.")
        else:
            sentence = _("What was promised in response to this recommendation is due: “%(text)s”.")
        return _("Due %(day)s: recommendation") % words, sentence % words

    _notify(people, recommendation, key, text)


def _notify(people: list[Person], recommendation: Recommendation, what: str, text: Any) -> None:
    path = reverse("evaluation:recommendation_detail", args=[recommendation.pk])
    notify_all(people, key=f"recommendation-{what}/{recommendation.pk}", text=text, path=path)
