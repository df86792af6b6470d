"""Where in a submitted period something needs work: the places that a coordinator marks, and where they are mended."""

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from strategies.models import CityPeriod, PeriodMove, PeriodRevision

NARRATIVE, ACTION, INDICATOR = "narrative", "action", "indicator"


class Place(NamedTuple):
    """A part of a revision: its narrative, what is told of an action, the value of an indicator."""

    kind: str
    pk: int | None
    title: str

    @property
    def key(self) -> str:
        return self.kind if self.pk is None else f"{self.kind}_{self.pk}"


class Mark(NamedTuple):
    """A place that was marked, what was written of it, and where the city mends it."""

    place: Place
    text: str
    url: str

    @property
    def title(self) -> str:
        return self.place.title or _("Narrative")


def places_of(revision: PeriodRevision | None) -> list[Place]:
    """Narrative, actions and indicators of the revision, in its own order."""
    if revision is None:
        return []
    contents = revision.contents
    return [
        Place(NARRATIVE, None, ""),
        *[Place(ACTION, entry["id"], f"{entry['code']} {entry['title']}") for entry in contents["actions"]],
        *[Place(INDICATOR, entry["id"], entry["name"]) for entry in contents["indicators"]],
    ]


def marks_of(move: PeriodMove, city_period: CityPeriod) -> list[Mark]:
    """What the coordinator marked with this move."""
    return [_mark(entry, city_period) for entry in move.places]


def _mark(entry: dict[str, Any], city_period: CityPeriod) -> Mark:
    place = Place(entry["kind"], entry["id"], entry["title"])
    return Mark(place, entry["text"], _mended_at(place, city_period))


def _mended_at(place: Place, city_period: CityPeriod) -> str:
    if place.kind == NARRATIVE:
        return reverse("strategies:narrative_edit", args=[city_period.pk])
    if place.kind == ACTION:
        return reverse("strategies:action_detail", args=[place.pk])
    return reverse("strategies:values_edit", args=[city_period.pk]) + f"#id_value_{place.pk}"
