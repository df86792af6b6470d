"""Sources that a rating can cite: facts of the evaluated revision that the rater may see, and the city's events."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext as _

from cities.enums import Visibility
from cities.models import Event
from core import locales
from evaluation.enums import INDEPENDENT, SourceKind
from evaluation.models import Evaluation
from strategies.models.visibility import SHARED_VISIBILITIES
from strategies.selectors.disclosure import withheld_text


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
    seen = set(Visibility.values) if is_of_city else set(SHARED_VISIBILITIES)
    contents = evaluation.revision.contents
    found = [*_of_actions(contents, seen), *_of_indicators(contents, seen), *_events(evaluation, is_of_city)]
    return {source.key: source for source in found}


def indicators_of(evaluation: Evaluation, *, is_of_city: bool = False) -> list[dict]:
    """Return the indicators of the evaluated revision, with a text instead of a value that the reader may not see."""
    seen = set(Visibility.values) if is_of_city else set(SHARED_VISIBILITIES)
    rows = evaluation.revision.contents.get("indicators", [])
    return [
        row | {"value": {"value": None, "withheld": withheld_text(row["value"]["visibility"])}}
        if row["value"] and row["value"]["visibility"] not in seen
        else row
        for row in rows
    ]


def _of_actions(contents: dict, seen: Iterable[str]) -> Iterator[Source]:
    for action in contents.get("actions", []):
        heading = f"{action['code']} {action['title']}"
        for update in action["updates"]:
            if update["visibility"] not in seen or update["is_nothing_new"]:
                continue
            yield Source(SourceKind.UPDATE, update["id"], heading, update["text"], "", _day(update["date"]))
            yield from _documents(update["evidence"], heading)


def _of_indicators(contents: dict, seen: Iterable[str]) -> Iterator[Source]:
    for indicator in contents.get("indicators", []):
        value = indicator.get("value")
        if value is None or value["visibility"] not in seen:
            continue
        title = f"{locales.number(value['value'])} {indicator['unit']}"
        yield Source(SourceKind.VALUE, value["id"], indicator["name"], title, value["note"], "")
        yield from _documents(value["evidence"], indicator["name"])


def _documents(evidence: list[dict], heading: str) -> Iterator[Source]:
    for row in evidence:
        stored = row["file"] or {}
        title = row["title"] or stored.get("name") or row["link"]
        yield Source(SourceKind.DOCUMENT, row["id"], heading, title, "", "", stored.get("uuid", ""), row["link"])


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


def _day(text: str) -> str:
    return locales.day(date.fromisoformat(text))
