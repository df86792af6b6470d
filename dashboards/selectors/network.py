"""The data of a dashboard, for the network or for a city, and its summary as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards.city_sums import live_totals
from evaluation.models import EvaluationRound
from strategies.enums import PeriodState

from .actions import ActionRow, ActionRows, healths_of
from .dimensions import Results, results
from .figures import CityFigures, ProgressPoint, Totals, city_figures, progress_points
from .phases import PhaseRow, phase_rows
from .scope import CityRecord, DashboardScope

MOST_ATTENTION = 5
MAX_NAMES = 3
CITIES_PER_PAGE = 10  # no more lines than a chart can tell apart, and a page of less than 100 KB (test_many_cities)


@dataclass
class Dashboard:
    """Everything that the page shows; each part is read when first used, once."""

    view: DashboardScope
    round: EvaluationRound | None = None  # results of this round only; None: the newest of each city

    @cached_property
    def cities(self) -> list[CityFigures]:
        return city_figures(self.view, self._live_totals)

    @cached_property
    def _live_totals(self) -> dict[int, Totals]:
        return live_totals(self.view)

    @cached_property
    def results(self) -> Results:
        return results(self.view, self.round)

    @cached_property
    def ordered(self) -> list[CityFigures]:
        """The cities by name; where they fill more than a page, those with most actions needing attention first."""
        if len(self.cities) <= CITIES_PER_PAGE:
            return self.cities
        return sorted(self.cities, key=lambda row: -row.needing_attention)

    def phases(self, rows: Sequence[CityFigures]) -> list[PhaseRow]:
        return phase_rows(self.view, [row.city.pk for row in rows])

    def progress(self, rows: Sequence[CityFigures]) -> list[ProgressPoint]:
        return progress_points(self.view, rows)

    @cached_property
    def attention(self) -> list[ActionRow]:
        return ActionRows(self.view, healths_of("attention"), self._live_totals)[:MOST_ATTENTION]

    # ---- key figures

    @cached_property
    def under_way(self) -> int:
        return sum(row.under_way for row in self.cities)

    @cached_property
    def on_track(self) -> int:
        return sum(row.on_track for row in self.cities)

    @cached_property
    def needing_attention(self) -> int:
        return sum(row.needing_attention for row in self.cities)

    @cached_property
    def actions(self) -> int:
        return sum(row.actions for row in self.cities)

    @cached_property
    def updates(self) -> int:
        return sum(row.updates for row in self.cities)

    @cached_property
    def city_records(self) -> list[CityRecord]:
        return self.view.city_records

    @cached_property
    def reported(self) -> list[CityRecord]:
        return [record for record in self.city_records if record.is_reported]

    @cached_property
    def unreported(self) -> list[CityRecord]:
        return [record for record in self.city_records if not record.is_reported]

    @cached_property
    def has_open_figures(self) -> bool:
        return any(record.is_live for record in self.city_records)

    @property
    def with_money(self) -> list[CityFigures]:
        return [row for row in self.cities if row.budget or row.spent]

    # ---- summary

    @property
    def headline(self) -> str:
        """Who has reported, then what needs attention: two sentences at most."""
        return " ".join(sentence for sentence in (self._reported_sentence(), self._needs_sentence()) if sentence)

    def _reported_sentence(self) -> str:
        total, done = len(self.city_records), len(self.reported)
        if not total or self.view.period is None:
            return _("Nothing has been reported yet.")
        if self.view.only_city is not None:
            return _city_sentence(self.city_records[0])
        known = {"done": done, "total": total}
        if self.has_open_figures and not done:
            return (
                ngettext(
                    "The period is open. Figures for %(total)s city show what has been logged so far and are "
                    "not yet submitted.",
                    "The period is open. Figures for %(total)s cities show what has been logged so far and are "
                    "not yet submitted.",
                    total,
                )
                % known
            )
        if done == total:
            return ngettext("The city has reported.", "All %(total)s cities have reported.", total) % known
        return (
            ngettext("%(done)s of %(total)s city has reported.", "%(done)s of %(total)s cities have reported.", total)
            % known
        )

    def _needs_sentence(self) -> str:
        needs = [words for words in (self._worry_words(), self._returned_words(), self._split_words()) if words]
        if not needs:
            return _("Nothing needs attention.") if self.actions else ""
        return _("Needs attention: %(things)s.") % {"things": "; ".join(needs)}

    def _worry_words(self) -> str:
        if not self.needing_attention:
            return ""
        words = ngettext(
            "%(count)s action is late, at risk or without a recent update",
            "%(count)s actions are late, at risk or without a recent update",
            self.needing_attention,
        )
        return words % {"count": self.needing_attention}

    def _returned_words(self) -> str:
        back = [record.city.name for record in self.city_records if record.state == PeriodState.RETURNED]
        if back:
            return _("report returned to %(cities)s") % {"cities": _named(back)}
        if self.view.is_current or not self.unreported or not self.reported:
            return ""
        names = _named([record.city.name for record in self.unreported[:MAX_NAMES]])
        return _("no accepted report from %(cities)s") % {"cities": names}

    def _split_words(self) -> str:
        if not self.results.split:
            return ""
        by_name: dict[str, list[str]] = {}
        for result, cell in self.results.split:
            by_name.setdefault(cell.name, []).append(result.city.name)
        name, cities = max(by_name.items(), key=lambda pair: len(pair[1]))
        known = {"dimension": name.lower(), "cities": _named(cities[:MAX_NAMES])}
        return _("raters disagree, most about %(dimension)s in %(cities)s") % known


def _city_sentence(record: CityRecord) -> str:
    if record.is_live:
        return _("The period is open. These figures show what has been logged so far and are not yet submitted.")
    if record.revision is None:
        return _("Nothing has been published for this period.") if record.is_public else _("No figures yet.")
    if record.state == PeriodState.OPEN:
        return _("The period was reopened. These are the figures last accepted.")
    return _("Figures from revision %(number)s.") % {"number": record.revision}


def _named(names: list[Any]) -> str:
    return get_text_list([str(name) for name in names], _("and"))
