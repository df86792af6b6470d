"""Sources that a rating can cite: facts of the evaluated revision that the rater may see, and the city's events."""

from collections.abc import Iterator
from typing import NamedTuple

from django.utils.translation import gettext as _

from cities.enums import Visibility
from cities.models import Event
from core import locales
from evaluation.enums import INDEPENDENT, SourceKind
from evaluation.models import Evaluation
from strategies.models.visibility import SHARED_VISIBILITIES
from strategies.period_snapshot import PeriodSnapshot, SnapshotEvidence, SnapshotIndicator
from strategies.selectors.frozen import with_changes, withheld_value


class Source(NamedTuple):
    """A record to cite. ``heading`` names the action or indicator it belongs to."""

    kind: SourceKind
    pk: int
    heading: str
    title: str
    text: str
    day: str
    file: str = ""  # uuid of the stored file
    link: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind.value}:{self.pk}"


def citable_sources(evaluation: Evaluation, capacity: str) -> dict[str, Source]:
    """Return the sources that a rater in this capacity may cite, by key ("update:12").

    Peer and committee raters get records shared with the network or public; raters of the city get all records.
    """
    return evaluation_sources(evaluation, is_of_city=capacity not in INDEPENDENT)


def evaluation_sources(evaluation: Evaluation, *, is_of_city: bool = False) -> dict[str, Source]:
    seen: set[str] = set(Visibility.values) if is_of_city else set(SHARED_VISIBILITIES)
    snapshot = evaluation.revision.read()
    found = [*_of_actions(snapshot, seen), *_of_indicators(snapshot, seen), *_events(evaluation, is_of_city)]
    return {source.key: source for source in found}


def indicators_of(evaluation: Evaluation, *, is_of_city: bool = False) -> list[SnapshotIndicator]:
    """Return the indicators of the evaluated revision, with a text instead of a value that the reader may not see."""
    seen: set[str] = set(Visibility.values) if is_of_city else set(SHARED_VISIBILITIES)
    return [
        with_changes(row, value=withheld_value(row.value)) if row.value and row.value.visibility not in seen else row
        for row in evaluation.revision.read().indicators
    ]


def _of_actions(snapshot: PeriodSnapshot, seen: set[str]) -> Iterator[Source]:
    for action in snapshot.actions:
        heading = f"{action.code} {action.title}"
        for update in action.updates:
            if update.visibility not in seen or update.is_no_change:
                continue
            yield Source(SourceKind.UPDATE, update.id, heading, update.text, "", locales.day(update.date))
            yield from _documents(update.evidence, heading)


def _of_indicators(snapshot: PeriodSnapshot, seen: set[str]) -> Iterator[Source]:
    for indicator in snapshot.indicators:
        value = indicator.value
        if value is None or value.visibility not in seen:
            continue
        title = f"{locales.number(value.value)} {indicator.unit}"
        yield Source(SourceKind.VALUE, value.id, indicator.name, title, value.note, "")
        yield from _documents(value.evidence, indicator.name)


def _documents(evidence: list[SnapshotEvidence], heading: str) -> Iterator[Source]:
    for row in evidence:
        title = row.title or (row.file.name if row.file else row.link)
        file = str(row.file.uuid) if row.file else ""
        yield Source(SourceKind.DOCUMENT, row.id, heading, title, "", "", file, row.link)


def _events(evaluation: Evaluation, is_of_city: bool) -> Iterator[Source]:
    """Yield events of the city up to the time of the revision; unpublished ones only for raters of the city."""
    city = evaluation.strategy.city_id
    events = Event.objects.active().filter(starts_at__lte=evaluation.revision.created_at)
    events = events.filter(city=city) | events.filter(body__city=city)
    if not is_of_city:
        events = events.exclude(published_at=None)
    for event in events.order_by("-starts_at"):
        day = locales.day(evaluation.strategy.city.day_of(event.starts_at))
        yield Source(SourceKind.EVENT, event.pk, _("Events"), event.title, event.get_kind_display(), day)
