"""Lists of cities' periods."""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cities.models import City
from core.collation import rank_by_title
from strategies.enums import PeriodState
from strategies.forms import PeriodFilterForm
from strategies.models import CityPeriod, PeriodTransition


def period_list(user: Any, wanted: Any) -> tuple[QuerySet[CityPeriod], PeriodFilterForm]:
    """Return the visible periods that match the filter, newest first, and the form.

    Adds ``moved_at`` (time of the last transition) and ``revision_count``. Scheduled periods are left out by default.
    """
    form = PeriodFilterForm(wanted or None)
    rows = CityPeriod.objects.visible_to(user).select_related("city", "period")
    transitions = PeriodTransition.objects.filter(city_period=OuterRef("pk")).order_by("-number")
    revisions = CityPeriod.objects.filter(pk=OuterRef("pk")).annotate(count=Count("revisions")).values("count")
    rows = rows.annotate(
        moved_at=Subquery(transitions.values("at")[:1]), revision_count=Coalesce(Subquery(revisions), 0)
    )
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    rows = rows.filter(**{name: value for name, value in chosen.items() if value})
    if not chosen.get("state") and not chosen.get("period"):
        rows = rows.exclude(state=PeriodState.SCHEDULED)  # there may be years of them
    return rows.order_by("-period__starts_on", rank_by_title(City.objects.all(), "city")), form
