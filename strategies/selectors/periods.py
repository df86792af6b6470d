"""Lists of cities' periods."""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cities.models import City
from core.collation import rank_by_title
from strategies.models import CityPeriod, PeriodTransition


def period_list(user: Any) -> QuerySet[CityPeriod]:
    """Return the visible periods, newest first, with ``moved_at`` (the last transition) and ``revision_count``."""
    transitions = PeriodTransition.objects.filter(city_period=OuterRef("pk")).order_by("-number")
    revisions = CityPeriod.objects.filter(pk=OuterRef("pk")).annotate(count=Count("revisions")).values("count")
    rows = CityPeriod.objects.visible_to(user).select_related("city", "period")
    rows = rows.annotate(
        moved_at=Subquery(transitions.values("at")[:1]), revision_count=Coalesce(Subquery(revisions), 0)
    )
    return rows.order_by(
        "-period__starts_on", rank_by_title(City.objects.order_by().values_list("pk", "name", named=True), "city")
    )
