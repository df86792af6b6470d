"""Actions, progress and money of each city, aggregated by the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import compress
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Sum

from core.collation import title_key
from core.locales import country_name, round_percent
from strategies.enums import Health, PeriodVerb
from strategies.models import CityPeriod, RevisionAction

from .scope import CityRecord, DashboardScope, may_open, newest_revision

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


class Totals(NamedTuple):
    """Sums over the actions of one city. ``progress`` is their mean in per cent, without cancelled ones."""

    health: Mapping[str, int]  # number of actions
    progress: int | None
    spent: Decimal
    budget: Decimal
    updates: int


@dataclass(frozen=True)
class CityFigures:
    """The figures of one city, as in ``Totals``, and the record that they are of."""

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

    @cached_property
    def under_way(self) -> int:
        return self.count(*UNDER_WAY)

    @cached_property
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
        return sum([self.health.get(health, 0) for health in healths])  # asked for every city: no generator


def city_figures(view: DashboardScope, of_live: Mapping[int, Totals]) -> list[CityFigures]:
    """Return one for each city, by name; a city without a record has no figures. ``of_live``: by city."""
    found = {**_frozen_totals(view), **of_live}
    return [CityFigures(record, *found.get(record.city.pk, ())) for record in view.city_records]


def _frozen_totals(view: DashboardScope) -> dict[int, Totals]:
    if not view.frozen:
        return {}
    rows = view.frozen_actions().order_by().values_list(CITY_OF_FROZEN, "health")
    sums = (Sum("progress"), Sum("spent"), Sum("budget"), Sum("update_count"))
    return totals_by_city(rows.annotate(Count("pk"), *sums))


def totals_by_city(rows: Iterable[tuple]) -> dict[int, Totals]:
    """Group rows of city, health, count, and the sums of progress, spent, budget and updates by city."""
    of_city: dict[int, list[tuple]] = {}
    for city, *sums in rows:
        of_city.setdefault(city, []).append(tuple(sums))
    return {city: _totals(sums) for city, sums in of_city.items()}


def _totals(rows: Sequence[tuple]) -> Totals:
    healths, counts, points, *amounts = zip(*rows, strict=True)
    spent, budget, updates = (sum(values) for values in amounts)
    is_counted = [health != Health.CANCELLED for health in healths]
    progress = _mean(sum(compress(points, is_counted)), sum(compress(counts, is_counted)))
    return Totals(dict(zip(healths, counts, strict=True)), progress, spent, budget, int(updates))


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


def progress_points(view: DashboardScope, figures: Sequence[CityFigures]) -> list[ProgressPoint]:
    """Return accepted (for the public: published) revisions up to the period, then the current state. One query."""
    if view.period is None:
        return []
    return [*_past_points(view, figures), *_present_points(view, figures)]


def _past_points(view: DashboardScope, figures: Sequence[CityFigures]) -> list[ProgressPoint]:
    """Return accepted revisions; for cities that the reader sees as the public, published revisions and actions."""
    periods = {row.pk: row for row in view.periods if row.starts_on < view.period.starts_on}
    if not periods:
        return []
    cities = {row.city.pk: row.city for row in figures}
    fully = [row.city.pk for row in figures if not row.record.is_public]
    public = [row.city.pk for row in figures if row.record.is_public]
    seen = Q(revision__in=_revisions(PeriodVerb.ACCEPT, periods, fully)) if fully else Q(pk__in=[])
    if public:
        seen |= Q(may_open(view.user, "action"), revision__in=_revisions(PeriodVerb.PUBLISH, periods, public))
    rows = RevisionAction.objects.exclude(health=Health.CANCELLED).filter(seen)
    shown = view.cut(rows, "action__")
    period = "revision__city_period__period"
    means = shown.order_by().values(CITY_OF_FROZEN, period).annotate(points=Sum("progress"), counted=Count("pk"))
    points = [
        ProgressPoint(cities[row[CITY_OF_FROZEN]], periods[row[period]], _mean(row["points"], row["counted"]) or 0)
        for row in means
    ]
    return sorted(points, key=lambda point: (title_key(point.city.name), point.period.starts_on))


def _revisions(verb: str, periods: Iterable[int], cities: Sequence[int]) -> QuerySet:
    """Return the ids of the newest revisions to which ``verb`` was applied, one for each city and period."""
    rows = CityPeriod.objects.filter(period__in=list(periods), city__in=cities)
    return rows.annotate(shown=newest_revision(verb)).values("shown")


def _present_points(view: DashboardScope, figures: Sequence[CityFigures]) -> list[ProgressPoint]:
    return [
        ProgressPoint(row.city, view.period, row.progress, is_open=row.record.is_live)
        for row in figures
        if row.progress is not None
    ]
