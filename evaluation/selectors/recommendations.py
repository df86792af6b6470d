"""Reads about recommendations: who answers, which actions can be linked, what pages list."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q

from cities.enums import BodyKind, Role
from cities.models import Membership, Person
from cities.rules import insider_city_ids, reads_network
from core import clock
from evaluation.models import Evaluation, ManagementResponse, Recommendation
from strategies.models import Action


def people_who_answer(recommendation: Recommendation) -> Any:
    """Return the members of the addressed city's bodies, or of the network office: one of them is responsible."""
    seats = Membership.objects.current(clock.today()).filter(person=OuterRef("pk"))
    if recommendation.city_id is None:
        seats = seats.filter(body__kind=BodyKind.NETWORK_OFFICE, role=Role.COORDINATOR)
    else:
        seats = seats.filter(body__city=recommendation.city_id)
    return Person.objects.filter(Exists(seats)).order_by("name", "pk")


def linkable_actions(recommendation: Recommendation) -> Any:
    """Return the actions that a response may name: those of the city's strategy in force; none for the network."""
    if recommendation.city_id is None:
        return Action.objects.none()
    return Action.objects.of_city(recommendation.city_id).active().order_by("code_sort", "pk")


def recommendation_list(user: Any) -> Any:
    """Return what the user sees, with the linked actions that the user sees."""
    actions = Action.objects.visible_to(user).order_by("code_sort", "pk")
    rows = Recommendation.objects.visible_to(user).for_pages().select_related("response__responsible__organisation")
    return rows.prefetch_related(Prefetch("response__actions", actions))


def sees_names(user: Any, recommendation: Recommendation) -> bool:
    """Return whether the user sees who is responsible by name; others see the organisation."""
    return recommendation.city_id in insider_city_ids(user) or reads_network(user)


def responsible_text(user: Any, response: ManagementResponse | None) -> str:
    """Return who is responsible: the name for those who see names, else the organisation."""
    if response is None or response.responsible is None:
        return ""
    if sees_names(user, response.recommendation):
        return str(response.responsible)
    return str(response.responsible.organisation or "")


def of_evaluation(evaluation: Evaluation, user: Any) -> list[Recommendation]:
    rows = Recommendation.objects.visible_to(user).filter(evaluation=evaluation)
    return list(rows.for_pages().order_by("pk"))


def previous_recommendations(evaluation: Evaluation, user: Any) -> list[Recommendation]:
    """Return what the evaluated city was recommended outside this evaluation, and what became of it, newest first.

    Leaves out those of this evaluation: they come from people who have seen its ratings.
    """
    rows = Recommendation.objects.visible_to(user).issued().filter(city=evaluation.strategy.city_id)
    rows = rows.filter(Q(evaluation=None) | ~Q(evaluation=evaluation.pk))
    return list(rows.for_pages().order_by("-issued_on", "-pk"))


def recommendations_for_review(evaluation: Evaluation, user: Any) -> tuple[list[Recommendation], list[Recommendation]]:
    """Return the recommendations of this evaluation, drafts too, and the previous ones to its city, in one query."""
    rows = Recommendation.objects.visible_to(user).filter(city=evaluation.strategy.city_id).for_pages()
    found = list(rows.order_by("-issued_on", "-pk"))
    own = sorted((row for row in found if row.evaluation_id == evaluation.pk), key=lambda row: row.pk)
    return own, [row for row in found if row.evaluation_id != evaluation.pk and row.issued_at is not None]
