"""Actions, progress and money of each city, aggregated by the database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from core.collation import title_key
from core.locales import country_name, round_percent
from strategies.enums import Health
from strategies.models import CityPeriod, RevisionAction

from . import live
from .scope import CityRecord, DashboardScope, may_open, with_records

HEALTHS = [  # order of display: good, needing attention, not running
    Health.ON_TRACK,
    Health.AT_RISK,
    Health.STALE,
    Health.LATE,
    Health.DONE,
    Health.PAUSED,
    Health.NOT_STARTED,
    Health.CANCELLED,
]
NEEDING_ATTENTION = [Health.LATE, Health.STALE, Health.AT_RISK]
UNDER_WAY = [Health.ON_TRACK, *NEEDING_ATTENTION]
CITY_OF_FROZEN = "revision__city_period__city"


@dataclass(frozen=True)
class CityFigures:
    """The figures of one city. ``progress`` is the mean of its actions in per cent, without cancelled ones."""

    record: CityRecord
    health: Mapping[str, int] = field(default_factory=dict)
    progress: int | None = None
    spent: Decimal | None = None
    budget: Decimal | None = None
    updates: int = 0

    @property
    def city(self) -> Any:
        return self.record.city

    @property
    def country_name(self) -> str:
        return country_name(self.city.country)

    @property
    def actions(self) -> int:
        return sum(self.health.values())

    @property
    def under_way(self) -> int:
        return self.count(*UNDER_WAY)

    @property
    def needing_attention(self) -> int:
        return self.count(*NEEDING_ATTENTION)

    @property
    def on_track(self) -> int:
        return self.count(Health.ON_TRACK)

    @property
    def bar(self) -> list[tuple[Health, int]]:
        """Pairs of health and count for a stacked bar, in the order of display."""
        return [(health, self.health[health]) for health in HEALTHS if self.health.get(health)]

    @property
    def spent_share(self) -> int | None:
        """What is spent of the budget, in per cent."""
        if not self.budget or self.spent is None:
            return None
        return int(round_percent(100 * self.spent / self.budget))

    def count(self, *healths: str) -> int:
        return sum(self.health.get(health, 0) for health in healths)


def city_figures(view: DashboardScope) -> list[CityFigures]:
    """Return one for each city, by name; a city without a record has no figures."""
    found = _frozen_figures(view) | _live_figures(view)
    return [CityFigures(record, **found.get(record.city.pk, {})) for record in view.city_records]


def _frozen_figures(view: DashboardScope) -> dict[int, dict]:
    if not view.frozen:
        return {}
    rows = view.frozen_actions().order_by().values_list(CITY_OF_FROZEN, "health")
    sums = (Sum("progress"), Sum("spent"), Sum("budget"), Sum("update_count"))
    return _figures(rows.annotate(Count("pk"), *sums))


def _live_figures(view: DashboardScope) -> dict[int, dict]:
    if not view.live:
        return {}
    periods = [record.city_period_id for record in view.live if record.city_period_id]
    return _figures(live.summed(view.live_actions(), periods, view.as_of))


def _figures(rows: Iterable[tuple]) -> dict[int, dict]:
    """Group rows of city, health, count, and the sums of progress, spent, budget and updates by city."""
    found: dict[int, dict] = {}
    for city, health, n, progress, spent, budget, updates in rows:
        own = found.setdefault(city, {"health": {}, "counted": 0, "points": 0, "spent": 0, "budget": 0, "updates": 0})
        own["health"][health] = n
        own["spent"] += spent
        own["budget"] += budget
        own["updates"] += updates
        if health != Health.CANCELLED:
            own["counted"] += n
            own["points"] += progress
    for own in found.values():
        counted, points = own.pop("counted"), own.pop("points")
        own["progress"] = _mean(points, counted)
    return found


def _mean(points: int, counted: int) -> int | None:
    """Return whole per cent, the same on every database."""
    return int(round_percent(Decimal(int(points)) / counted)) if counted else None


# ---- progress over time


@dataclass(frozen=True)
class ProgressPoint:
    """A city's progress at the end of a period, from the shown revision; ``is_open`` if not yet submitted."""

    city: Any
    period: Any
    progress: int
    is_open: bool = False


def progress_points(view: DashboardScope, figures: list[CityFigures]) -> list[ProgressPoint]:
    """Return accepted (for the public: published) revisions up to the period, then the current state. One query."""
    if view.period is None:
        return []
    return [*_past_points(view), *_present_points(view, figures)]


def _past_points(view: DashboardScope) -> list[ProgressPoint]:
    """Return accepted revisions; for cities that the reader sees as the public, published revisions and actions."""
    periods = {row.pk: row for row in view.periods if row.starts_on < view.period.starts_on}
    cities = {city.pk: city for city in view.cities}
    records = with_records(CityPeriod.objects.filter(period__in=list(periods)))
    fully = records.filter(city__in=[row.city.pk for row in view.city_records if not row.is_public])
    public = records.filter(city__in=[row.city.pk for row in view.city_records if row.is_public])
    rows = RevisionAction.objects.exclude(health=Health.CANCELLED).filter(
        Q(revision__in=fully.values("accepted_id"))
        | Q(may_open(view.user, "action"), revision__in=public.values("published_id"))
    )
    shown = view.cut(rows, "action__")
    period = "revision__city_period__period"
    means = shown.order_by().values(CITY_OF_FROZEN, period).annotate(points=Sum("progress"), counted=Count("pk"))
    points = [
        ProgressPoint(cities[row[CITY_OF_FROZEN]], periods[row[period]], _mean(row["points"], row["counted"]) or 0)
        for row in means
    ]
    return sorted(points, key=lambda point: (title_key(point.city.name), point.period.starts_on))


def _present_points(view: DashboardScope, figures: list[CityFigures]) -> list[ProgressPoint]:
    return [
        ProgressPoint(row.city, view.period, row.progress, is_open=row.record.is_live)
        for row in figures
        if row.progress is not None
    ]
