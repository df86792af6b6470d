"""Rows of *My work* about recommendations: to answer, to carry out, to issue."""

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from cities.enums import Role
from cities.rules import has_network_role, is_scientific_member, official_city_ids, person_of
from core import locales
from evaluation.enums import OPEN_RECOMMENDATION, UNDER_WAY, RecommendationState
from evaluation.models import Recommendation, RecommendationProgress
from evaluation.models.recommendations import issuers_q
from evaluation.rules import chairs_city_body, duties_of
from strategies.work import DUE, LATE, LOW, SOON, WorkRow

NEAR_DAYS = 30


def recommendation_rows(user: Any) -> list[WorkRow]:
    """Return what the user answers, carries out or may issue, in one query; in none for people without such tasks."""
    person = person_of(user)
    if person is None:
        return []
    cities, is_coordinator = official_city_ids(user), has_network_role(user, Role.COORDINATOR)
    issues = is_coordinator or is_scientific_member(user) or chairs_city_body(user) or duties_of(person).substitutes
    if not (cities or issues):
        return []
    addressed = Q(city__in=cities) | (Q(city=None) if is_coordinator else Q(pk__in=[]))
    wanted = Q(addressed, state__in=OPEN_RECOMMENDATION)
    if issues:
        reported = RecommendationProgress.objects.filter(recommendation=OuterRef("pk"), is_done=True)
        wanted |= Q(issuers_q(user), Q(state=RecommendationState.DRAFT) | Q(Exists(reported), state__in=UNDER_WAY))
    answers = cities | ({None} if is_coordinator else set())
    rows = Recommendation.objects.filter(wanted).for_pages().order_by("pk")
    found = (_row(row, answers=row.city_id in answers) for row in rows)
    return [row for row in found if row is not None]


def _row(row: Recommendation, *, answers: bool) -> WorkRow | None:
    """``answers``: the user answers it, and does not only issue it."""
    words = {"addressed": row.city or _("the network")}
    if row.state == RecommendationState.DRAFT:
        title, label, urgency = _("Draft of a recommendation to %(addressed)s"), _("View"), LOW
    elif not answers:
        title, label, urgency = _("Recommendation to %(addressed)s: confirm completion"), _("View"), DUE
    else:
        left = (row.due_on - row.today).days if row.due_on else NEAR_DAYS
        urgency = LATE if left < 0 else DUE if left <= 7 else SOON
        if row.state == RecommendationState.ISSUED:
            title, label = _("Recommendation to %(addressed)s: response due"), _("Respond")
        elif left <= NEAR_DAYS:
            title, label = _("Recommendation to %(addressed)s: due soon or overdue"), _("View")
        else:
            return None
    due = _("Until %(day)s.") % {"day": locales.day(row.due_on)} + " " if row.due_on else ""
    return WorkRow(
        title=title % words,
        url=row.get_absolute_url(),
        label=label,
        text=f"{due}{row}",
        state=RecommendationState(row.state),
        urgency=urgency,
        due_on=row.due_on,
    )
