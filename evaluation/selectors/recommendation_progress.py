"""Progress on recommendations: what a period needs, what its submission freezes, and what pages show."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from cities.models import Membership
from evaluation.enums import UNDER_WAY
from evaluation.models import Recommendation, RecommendationProgress
from strategies.due_parts import DuePart, Missing
from strategies.models import CityPeriod, ReportingPeriod

RECENT_PERIODS = 2  # of the network


def due_recommendations(city_period: CityPeriod) -> Any:
    """Return those to report on in the period, with ``is_reported``: accepted by its end and not closed, or reported.

    A recommendation that is closed after it was reported on stays counted.
    """
    reported = RecommendationProgress.objects.filter(recommendation=OuterRef("pk"), city_period=city_period)
    rows = Recommendation.objects.filter(city=city_period.city_id).annotate(is_reported=Exists(reported))
    day_after = city_period.period.ends_on + timedelta(days=1)
    end = datetime.combine(day_after, time.min, ZoneInfo(city_period.city.timezone))
    return rows.filter(Q(is_reported=True) | Q(state__in=UNDER_WAY, response__answered_at__lt=end)).order_by("pk")


def due_part(city_period: CityPeriod) -> DuePart:
    """Return how many recommendations were reported on in the period, and those that were not."""
    rows = list(due_recommendations(city_period))
    missing = [
        Missing(
            "recommendation",
            str(row),
            _("No progress reported in this period."),
            reverse("evaluation:recommendation_progress", args=[row.pk, city_period.pk]),
            row.pk,
        )
        for row in rows
        if not row.is_reported
    ]
    return DuePart(_("recommendations reported on"), len(rows), len(rows) - len(missing), missing)


def frozen_recommendations(city_period: CityPeriod) -> list[dict]:
    """Return the city's issued recommendations as the snapshot of a period keeps them, without names of people."""
    here = RecommendationProgress.objects.filter(city_period=city_period)
    rows = (
        Recommendation.objects.issued()
        .filter(city=city_period.city_id)
        .select_related("dimension", "response__responsible__organisation")
        .prefetch_related(Prefetch("progress", here, to_attr="progress_here"), "response__actions")
        .order_by("pk")
    )
    rows = list(rows)
    people = {row.sent_response.responsible_id for row in rows if row.sent_response}
    seats = Membership.objects.filter(body__city=city_period.city_id, person__in=people).select_related("body")
    roles = {seat.person_id: seat for seat in seats.order_by("-pk")}
    return [_frozen(row, roles) for row in rows]


def _frozen(row: Recommendation, roles: dict) -> dict:
    response = row.sent_response
    return {
        "id": row.pk,
        "source": row.source,
        "dimension": row.dimension and row.dimension.code,
        "text": row.text,
        "done_when": row.done_when,
        "priority": row.priority,
        "state": row.state,
        "issued_on": row.issued_on,
        "response": response and _frozen_response(response, roles),
        "progress": [{"text": entry.text, "is_done": entry.is_done} for entry in row.progress_here],
    }


def _frozen_response(response: Any, roles: dict) -> dict:
    person = response.responsible
    seat = person and roles.get(person.pk)
    return {
        "decision": response.decision,
        "reason": response.reason,
        "responsible": person
        and {
            "organisation": person.organisation.name if person.organisation_id else "",
            "body": seat.body.kind if seat else "",
            "role": seat.role if seat else "",
        },
        "due_on": response.due_on,
        "actions": sorted(action.pk for action in response.actions.all()),
    }


def reportable_periods(recommendation: Recommendation) -> list[Any]:
    """Return the periods that progress can be reported in now: unlocked ones of the city that have started.

    If there is none, the next one. For the network, the newest reporting periods that have started.
    """
    today = recommendation.today
    if recommendation.city is None:
        rows = ReportingPeriod.objects.filter(starts_on__lte=today).order_by("-starts_on")
        return list(rows[:RECENT_PERIODS])
    found = CityPeriod.objects.filter(city=recommendation.city_id).unlocked().select_related("period")
    found = list(found.order_by("period__starts_on"))
    started = [row for row in found if row.period.starts_on <= today]
    return started or found[:1]


def visible_progress(recommendation: Recommendation, user: Any) -> list[RecommendationProgress]:
    """Return the reports that the user sees, newest period first."""
    rows = RecommendationProgress.objects.visible_to(user).filter(recommendation=recommendation)
    return list(rows.select_related("city_period__period", "period").order_by("-pk"))
