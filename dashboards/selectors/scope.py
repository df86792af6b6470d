"""What a dashboard covers: a period, some cities, and for each city the record that this reader may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from cities.models import City, TargetGroup, Theme
from cities.rules import insider_city_ids, reads_network
from core import clock
from core.collation import by_label, by_title
from pilot.enums import PhaseKind
from pilot.models import PilotPhase
from strategies.enums import LOCKED, PeriodState, PeriodVerb
from strategies.models import Action, CityPeriod, PeriodRevision, PeriodTransition, ReportingPeriod, RevisionAction
from strategies.models.visibility import current_plan_q
from strategies.selectors.corrections import corrected_periods, sentence_about

from .live import PRESENT, AsOf


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

    @property
    def as_of(self) -> AsOf:
        """The day and the period up to which live figures count, so that an older period leaves out later facts."""
        if self.is_current or self.period is None:
            return PRESENT
        return AsOf(min(clock.today(), self.period.ends_on), self.period)

    def reads_fully(self, city_id: int) -> bool:
        return self.reads_network or city_id in insider_city_ids(self.user)

    @cached_property
    def city_records(self) -> list[CityRecord]:
        """One for each city, by name."""
        known = {row.city_id: row for row in _city_periods(self)}
        return [self._reading(city, known.get(city.pk)) for city in self.cities]

    def _reading(self, city: City, row: Any) -> CityRecord:
        is_public = not self.reads_fully(city.pk)
        if is_public and row is not None and not row.published_id:
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

    @property
    def live(self) -> list[CityRecord]:
        return [record for record in self.city_records if record.is_live]

    @property
    def frozen(self) -> list[CityRecord]:
        return [record for record in self.city_records if record.revision_id is not None]

    # ---- querysets behind the figures

    def live_actions(self) -> QuerySet[Action]:
        """Return the active actions of the cities whose open period is shown; drafts only for who may see them."""
        rows = Action.objects.active().visible_to(self.user)
        rows = rows.filter(
            current_plan_q("objective__area__strategy__"),
            objective__area__strategy__city__in=[record.city.pk for record in self.live],
        )
        return self.cut(rows)

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
    periods = list(ReportingPeriod.objects.filter(opens_on__lte=clock.today()).order_by("-starts_on"))
    started = [period for period in periods if period.starts_on <= clock.today()]
    current = next(iter(started or periods), None)
    period = next((row for row in periods if row.starts_on.isoformat() == starts_on), current)
    themes, groups = by_label(Theme.objects.all()), by_label(TargetGroup.objects.all())
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
        all_cities=[city] if city else by_title(City.objects.all()),
        themes=themes,
        groups=groups,
    )


# ---- choosing the record


def revisions_with(verb: str) -> QuerySet[PeriodRevision]:
    """Return the revisions of the outer city period to which ``verb`` was applied, newest first."""
    moved = PeriodTransition.objects.filter(city_period=OuterRef("city_period"), revision=OuterRef("number"), verb=verb)
    return PeriodRevision.objects.filter(Exists(moved), city_period=OuterRef("pk")).order_by("-number")


def with_records(rows: QuerySet[CityPeriod]) -> QuerySet[CityPeriod]:
    """Annotate id and number of the newest accepted, published and submitted revision."""
    found = {
        "accepted": revisions_with(PeriodVerb.ACCEPT),
        "published": revisions_with(PeriodVerb.PUBLISH),
        "newest": PeriodRevision.objects.filter(city_period=OuterRef("pk")).order_by("-number"),
    }
    for name, revisions in found.items():
        rows = rows.annotate(
            **{
                f"{name}_id": Subquery(revisions.values("pk")[:1]),
                f"{name}_no": Subquery(revisions.values("number")[:1]),
            }
        )
    return rows


def _city_periods(view: DashboardScope) -> Iterable[CityPeriod]:
    if view.period is None:
        return []
    return with_records(CityPeriod.objects.filter(period=view.period, city__in=[city.pk for city in view.cities]))


def _basis_of(row: Any, *, is_public: bool, has_begun: bool) -> tuple[Basis, int | None, int | None]:
    """Return the newest accepted revision, else the submitted one, else the live data of a period that has begun."""
    if row is not None and row.published_id and (is_public or row.published_id == row.accepted_id):
        return Basis.PUBLISHED, row.published_id, row.published_no
    if is_public or row is None:
        return Basis.NONE, None, None
    if row.accepted_id:
        return Basis.ACCEPTED, row.accepted_id, row.accepted_no
    if row.newest_id:
        return Basis.SUBMITTED, row.newest_id, row.newest_no
    return (Basis.OPEN if has_begun and row.state not in LOCKED else Basis.NONE), None, None


def may_open(user: Any, path: str = "pk") -> Exists:
    """Return whether the reader may open the action; withdrawn and unpublished ones are only counted."""
    return Exists(Action.objects.visible_to(user).filter(pk=OuterRef(path)))
