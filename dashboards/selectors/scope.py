"""What a dashboard covers: a period, some cities, and for each city the record that this reader may see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cities.models import City, TargetGroup, Theme
from cities.rules import insider_city_ids, reads_network
from core import clock
from core.collation import by_label, by_title
from core.versions import Kept
from dashboards import changes
from pilot.enums import PhaseKind
from pilot.models import PilotPhase
from strategies.enums import LOCKED, PeriodState, PeriodVerb
from strategies.models import Action, CityPeriod, PeriodRevision, PeriodTransition, ReportingPeriod, RevisionAction
from strategies.models.visibility import current_plan_q
from strategies.selectors.corrections import corrected_periods, sentence_about

from .live import PRESENT, AsOf, LiveActions

_kept = Kept()  # rows that all readers share: nobody may change these objects


class Basis(Enum):
    """The record of a city's period that the figures are taken from."""

    ACCEPTED = "accepted"
    PUBLISHED = "published"
    SUBMITTED = "submitted"
    OPEN = "open"
    NONE = "none"

    @property
    def label(self) -> Any:
        return BASIS_LABELS[self]


BASIS_LABELS = {
    Basis.ACCEPTED: _("accepted"),
    Basis.PUBLISHED: _("published"),
    Basis.SUBMITTED: _("submitted, not yet accepted"),
    Basis.OPEN: _("not yet submitted"),
    Basis.NONE: _("no figures"),
}


@dataclass(frozen=True)
class CityRecord:
    """One city in one period, with its record as far as the reader may see it."""

    city: City
    city_period_id: int | None
    state: str
    basis: Basis
    revision_id: int | None
    revision: int | None
    is_public: bool  # the reader sees only what is published

    @property
    def is_reported(self) -> bool:
        """Whether it was accepted once, or submitted and neither returned nor withdrawn since."""
        return self.basis in {Basis.ACCEPTED, Basis.PUBLISHED} or (
            self.basis == Basis.SUBMITTED and self.state == PeriodState.SUBMITTED
        )

    @property
    def is_live(self) -> bool:
        return self.basis == Basis.OPEN

    @property
    def words(self) -> str:
        """Where the figures come from, as text."""
        if self.revision is None:
            return str(self.basis.label)
        known = {"basis": self.basis.label, "number": self.revision}
        return _("%(basis)s, revision %(number)s") % known


@dataclass
class DashboardScope:
    """The scope of a dashboard. Country and phase select cities; theme and target group filter the actions."""

    user: Any
    period: ReportingPeriod | None
    current: ReportingPeriod | None
    periods: Sequence[ReportingPeriod]
    country: str = ""
    theme: Theme | None = None
    group: TargetGroup | None = None
    phase: str = ""
    only_city: City | None = None
    all_cities: Sequence[City] = field(default_factory=list)
    themes: Sequence[Theme] = field(default_factory=list)
    groups: Sequence[TargetGroup] = field(default_factory=list)

    @property
    def is_current(self) -> bool:
        return self.period is not None and self.period == self.current

    @property
    def has_begun(self) -> bool:
        return self.is_current or (self.period is not None and self.period.starts_on <= clock.today())

    @property
    def reads_network(self) -> bool:
        return reads_network(self.user)

    @cached_property
    def cities(self) -> list[City]:
        return [city for city in self.all_cities if self._is_wanted(city)]

    def _is_wanted(self, city: City) -> bool:
        if self.only_city is not None:
            return city == self.only_city
        if self.phase and city.pk not in self.in_phase:
            return False
        return not self.country or city.country == self.country

    @cached_property
    def in_phase(self) -> set[int]:
        """Ids of the cities that are in the selected phase of the pilot today."""
        rows = PilotPhase.objects.filter(kind=self.phase, actual_start__lte=clock.today(), actual_end=None)
        return set(rows.values_list("city", flat=True))

    @cached_property
    def as_of(self) -> AsOf:
        """The day and the period up to which live figures count, so that an older period leaves out later facts.

        Today is left to the database only where the cities have several dates at this moment.
        """
        if self.is_current or self.period is None:
            days = {clock.today(zone) for zone in {record.city.timezone for record in self.live}}
            return AsOf(days.pop()) if len(days) == 1 else PRESENT
        return AsOf(min(clock.today(), self.period.ends_on), self.period)

    def reads_fully(self, city_id: int) -> bool:
        return self.reads_network or city_id in insider_city_ids(self.user)

    @cached_property
    def city_records(self) -> list[CityRecord]:
        """One for each city, by name."""
        known = {row.city: row for row in _city_periods(self)}
        fully = None if self.reads_network else insider_city_ids(self.user)
        return [
            self._reading(city, known.get(city.pk), is_public=fully is not None and city.pk not in fully)
            for city in self.cities
        ]

    def _reading(self, city: City, row: "_Records | None", *, is_public: bool) -> CityRecord:
        if is_public and row is not None and not row.published:
            row = None  # the reader may see neither its state nor its page
        basis, pk, number = _basis_of(row, is_public=is_public, has_begun=self.has_begun)
        state = row.state if row is not None else PeriodState.SCHEDULED
        return CityRecord(city, row and row.pk, state, basis, pk, number, is_public)

    @cached_property
    def corrections(self) -> list[tuple[City, str]]:
        """Cities whose shown revision rests on corrected figures, each with the sentence that says so."""
        readable = PeriodRevision.objects.visible_to(self.user)
        found = corrected_periods([record.revision_id for record in self.frozen if record.revision_id], readable)
        rows = [(record.city, found.get(record.revision_id or 0, [])) for record in self.frozen]
        return [(city, sentence_about(periods)) for city, periods in rows if periods]

    @cached_property
    def live(self) -> list[CityRecord]:
        return [record for record in self.city_records if record.is_live]

    @cached_property
    def frozen(self) -> list[CityRecord]:
        return [record for record in self.city_records if record.revision_id is not None]

    # ---- querysets behind the figures

    def live_actions(self, cities: Sequence[int] | None = None) -> QuerySet[Action]:
        """Return the active actions of the cities whose open period is shown; drafts only for who may see them.

        ``cities``: only of these, by their ids.
        """
        rows = Action.objects.active().visible_to(self.user).filter(current_plan_q("objective__area__strategy__"))
        if cities is None and (len(self.live) < len(self.all_cities) or self.only_city is not None):
            cities = [record.city.pk for record in self.live]  # of all cities it would be a long list without effect
        if cities is not None:
            rows = rows.filter(objective__area__strategy__city__in=cities)
        return self.cut(rows)

    @cached_property
    def live_rows(self) -> LiveActions:
        return LiveActions(self.live_actions(), self.as_of)

    def frozen_actions(self) -> QuerySet[RevisionAction]:
        """Return the actions of the shown revisions; as the public, a reader gets only visible ones."""
        seen = Q(revision__in=[record.revision_id for record in self.frozen if not record.is_public])
        if public := [record.revision_id for record in self.frozen if record.is_public]:
            seen |= Q(may_open(self.user, "action"), revision__in=public)
        rows = RevisionAction.objects.filter(seen)
        return self.cut(rows, "action__")

    def cut(self, rows: QuerySet[Any], to_action: str = "") -> QuerySet[Any]:
        """Filter by theme and target group, as the plan has them today."""
        if self.theme:
            rows = rows.filter(**{f"{to_action}objective__area__theme": self.theme})
        if self.group:
            rows = rows.filter(**{f"{to_action}target_groups": self.group})
        return rows


def scope_for(
    user: Any,
    *,
    starts_on: str = "",
    country: str = "",
    theme: str = "",
    group: str = "",
    phase: str = "",
    city: City | None = None,
) -> DashboardScope:
    """Return the scope for query parameters; unknown values fall back to the current period and to all."""
    version = changes.version(changes.NO_CITY)
    periods, themes, groups = _kept.get((clock.today(), get_language()), version, _read_choices)
    started = [period for period in periods if period.starts_on <= clock.today()]
    current = next(iter(started or periods), None)
    period = next((row for row in periods if row.starts_on.isoformat() == starts_on), current)
    return DashboardScope(
        user=user,
        period=period,
        current=current,
        periods=periods,
        country=country,
        theme=next((row for row in themes if row.code == theme), None),
        group=next((row for row in groups if row.code == group), None),
        phase=phase if phase in PhaseKind.values and city is None else "",
        only_city=city,
        all_cities=[city] if city else _kept.get(get_language(), version, lambda: by_title(City.objects.all())),
        themes=themes,
        groups=groups,
    )


def _read_choices() -> tuple[list[ReportingPeriod], list[Theme], list[TargetGroup]]:
    periods = ReportingPeriod.objects.filter(opens_on__lte=clock.today()).order_by("-starts_on")
    return list(periods), by_label(Theme.objects.all()), by_label(TargetGroup.objects.all())


# ---- choosing the record


def newest_revision(verb: str) -> Subquery:
    """Return the id of the newest revision of the outer city period to which ``verb`` was applied."""
    moved = PeriodTransition.objects.filter(city_period=OuterRef("city_period"), revision=OuterRef("number"), verb=verb)
    revisions = PeriodRevision.objects.filter(Exists(moved), city_period=OuterRef("pk")).order_by("-number")
    return Subquery(revisions.values("pk")[:1])


class _Records(NamedTuple):
    """A city's period with id and number of its newest accepted, published and submitted revision."""

    pk: int
    city: int
    state: str
    accepted: int | None
    accepted_no: int | None
    published: int | None
    published_no: int | None
    newest: int | None
    newest_no: int | None


# Written by hand: each dashboard asks it, and Django takes longer to build it than the database to answer.
SENT = f"""(SELECT sent.{{column}} FROM {PeriodRevision._meta.db_table} sent
WHERE sent.city_period_id = own.id {{moved}} ORDER BY sent.number DESC LIMIT 1)"""  # noqa: S608 - names of tables only
MOVED = f"""AND EXISTS (SELECT 1 FROM {PeriodTransition._meta.db_table} moved
WHERE moved.city_period_id = own.id AND moved.revision = sent.number AND moved.verb = '{{verb}}')"""  # noqa: S608 - likewise
NEWEST = [
    SENT.format(column=column, moved=moved)
    for moved in (MOVED.format(verb=PeriodVerb.ACCEPT.value), MOVED.format(verb=PeriodVerb.PUBLISH.value), "")
    for column in ("id", "number")
]
RECORDS = f"""SELECT own.id, own.city_id, own.state, {", ".join(NEWEST)}
FROM {CityPeriod._meta.db_table} own WHERE own.period_id = %s"""  # noqa: S608 - likewise


def _city_periods(view: DashboardScope) -> list[_Records]:
    """Return the city periods of the shown period; for the page of a city, only its own."""
    if view.period is None:
        return []
    of_city = [] if view.only_city is None else [view.only_city.pk]
    with connection.cursor() as cursor:
        cursor.execute(RECORDS + " AND own.city_id = %s" * len(of_city), [view.period.pk, *of_city])
        return [_Records(*row) for row in cursor.fetchall()]


def _basis_of(row: _Records | None, *, is_public: bool, has_begun: bool) -> tuple[Basis, int | None, int | None]:
    """Return the newest accepted revision, else the submitted one, else the live data of a period that has begun."""
    if row is not None and row.published and (is_public or row.published == row.accepted):
        return Basis.PUBLISHED, row.published, row.published_no
    if is_public or row is None:
        return Basis.NONE, None, None
    if row.accepted:
        return Basis.ACCEPTED, row.accepted, row.accepted_no
    if row.newest:
        return Basis.SUBMITTED, row.newest, row.newest_no
    return (Basis.OPEN if has_begun and row.state not in LOCKED else Basis.NONE), None, None


def may_open(user: Any, path: str = "pk") -> Exists:
    """Return whether the reader may open the action; withdrawn and unpublished ones are only counted."""
    return Exists(Action.objects.visible_to(user).filter(pk=OuterRef(path)))
