"""Progress on recommendations, reported in each period until they are closed: facts of the city's period."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core.available import register, require
from core.exceptions import InputRefused
from core.services import check_version, save_with_history, translate_lock_errors, validate
from evaluation.enums import OPEN_RECOMMENDATION, UNDER_WAY, RecommendationState
from evaluation.exceptions import RecommendationClosed, RecommendationNotPossible
from evaluation.models import Recommendation, RecommendationProgress
from strategies.exceptions import PeriodLocked
from strategies.models import CityPeriod, ReportingPeriod

from . import recommendation_notifications as notifications
from .recommendations import apply_transition, locked_recommendation


def _check_is_under_way(recommendation: Recommendation, _user: Any) -> None:
    if recommendation.state in UNDER_WAY:
        return
    is_over = recommendation.state not in {RecommendationState.DRAFT, *OPEN_RECOMMENDATION}
    raise RecommendationClosed if is_over else RecommendationNotPossible


register(Recommendation, "report_progress", "evaluation.report_progress", check=_check_is_under_way)


@transaction.atomic
def report_progress(
    recommendation: Recommendation,
    period: CityPeriod | ReportingPeriod,
    *,
    by: Any,
    text: str,
    is_done: bool = False,
    version: int | None = None,
) -> RecommendationProgress:
    """Save what was done in a period; the first report starts the recommendation.

    ``period`` is one of the addressed city; for the network a reporting period. ``version`` 0 is no report yet. With
    ``is_done``, those who confirm completion are notified, once. Raises PermissionRefused, RecommendationNotPossible,
    RecommendationClosed, PeriodLocked, EditConflict or InputRefused.
    """
    recommendation = locked_recommendation(recommendation)
    require(recommendation, "report_progress", by)
    city_id = period.city_id if isinstance(period, CityPeriod) else None
    if city_id != recommendation.city_id:
        raise InputRefused({"": _("Choose a period of this city.")})
    where: dict[str, Any] = {"city_period" if isinstance(period, CityPeriod) else "period": period}
    if isinstance(period, CityPeriod) and CityPeriod.objects.get(pk=period.pk).is_locked:
        raise PeriodLocked
    rows = RecommendationProgress.objects.select_for_update(of=("self",))
    row = rows.filter(recommendation=recommendation, **where).first()
    if row is None:
        row = RecommendationProgress(recommendation=recommendation, author=by, **where)
    else:
        check_version(row, version)
    is_news = is_done and not row.is_done
    row.text, row.is_done = text.strip(), is_done
    validate(row)
    with translate_lock_errors():
        save_with_history(row, by)
    if recommendation.state == RecommendationState.ANSWERED:
        apply_transition(recommendation, "start", by=by)
    if is_news:
        notifications.notify_of_progress(row)
    return row
