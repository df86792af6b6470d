"""Parts of a submitted period that a coordinator can mark for correction, and the URLs to correct them."""

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from strategies.models import CityPeriod, PeriodRevision, PeriodTransition

NARRATIVE, ACTION, INDICATOR = "narrative", "action", "indicator"


class ReportSection(NamedTuple):
    """A part of a revision: its narrative, the report on an action, or the value of an indicator."""

    kind: str
    pk: int | None
    title: str

    @property
    def key(self) -> str:
        return self.kind if self.pk is None else f"{self.kind}_{self.pk}"


class CorrectionMark(NamedTuple):
    """A marked part, the comment on it, and the URL where the city corrects it."""

    section: ReportSection
    text: str
    url: str

    @property
    def title(self) -> str:
        return self.section.title or _("Narrative")


def sections_of(revision: PeriodRevision | None) -> list[ReportSection]:
    """Return the narrative, actions and indicators of the revision, in its order."""
    if revision is None:
        return []
    snapshot = revision.read()
    return [
        ReportSection(NARRATIVE, None, ""),
        *[ReportSection(ACTION, action.id, f"{action.code} {action.title}") for action in snapshot.actions],
        *[ReportSection(INDICATOR, indicator.id, indicator.name) for indicator in snapshot.indicators],
    ]


def correction_marks(transition: PeriodTransition, city_period: CityPeriod) -> list[CorrectionMark]:
    """Return the parts that the coordinator marked in this transition."""
    return [_mark(entry, city_period) for entry in transition.marks]


def _mark(entry: dict[str, Any], city_period: CityPeriod) -> CorrectionMark:
    section = ReportSection(entry["kind"], entry["id"], entry["title"])
    return CorrectionMark(section, entry["text"], _correction_url(section, city_period))


def _correction_url(section: ReportSection, city_period: CityPeriod) -> str:
    if section.kind == NARRATIVE:
        return reverse("strategies:narrative_edit", args=[city_period.pk])
    if section.kind == ACTION:
        return reverse("strategies:action_detail", args=[section.pk])
    return reverse("strategies:values_edit", args=[city_period.pk]) + f"#id_value_{section.pk}"
