"""Test the texts of the dashboards for each state of a city record and of a phase."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from dashboards import charts
from dashboards.selectors.network import Dashboard
from dashboards.selectors.phases import PhaseRow
from dashboards.selectors.scope import Basis, CityRecord
from evaluation.selectors.round_results import DimensionAgreement, RoundAgreement

TODAY = date(2026, 5, 18)


def record(name="Riga", *, basis=Basis.ACCEPTED, state="accepted", revision=1, is_public=False):
    city = SimpleNamespace(name=name)
    return CityRecord(city, 1, state, basis, revision, revision, is_public)


def dashboard(*records, only_city=None, is_current=False):
    created = Dashboard(
        SimpleNamespace(city_records=list(records), period=1, only_city=only_city, is_current=is_current)
    )
    created.__dict__ |= {"cities": [], "needing_attention": 0, "results": SimpleNamespace(split=[]), "actions": 0}
    return created


@pytest.mark.parametrize(
    "records, headline",
    [
        ([], "Nothing has been reported yet."),
        ([record()], "The city has reported."),
        ([record(), record("Lublin")], "All 2 cities have reported."),
        (
            [record(), record("Lublin", basis=Basis.NONE, state="returned", revision=None)],
            "1 of 2 cities have reported. Needs attention: report returned to Lublin.",
        ),
        (
            [record(), record("Lublin", basis=Basis.NONE, state="open", revision=None)],
            "1 of 2 cities have reported. Needs attention: no accepted report from Lublin.",
        ),
        (
            [record(basis=Basis.OPEN, state="open", revision=None)],
            "The period is open. Figures for 1 city show what has been logged so far and are not yet submitted.",
        ),
    ],
)
def test_headline_counts_reported_cities(records, headline):
    assert dashboard(*records).headline == headline


@pytest.mark.parametrize(
    "city_record, headline",
    [
        (
            record(basis=Basis.OPEN, state="open"),
            "The period is open. These figures show what has been logged so far and are not yet submitted.",
        ),
        (
            record(basis=Basis.NONE, state="open", revision=None, is_public=True),
            "Nothing has been published for this period.",
        ),
        (record(basis=Basis.NONE, state="open", revision=None), "No figures yet."),
        (
            record(state="open"),
            "The period was reopened. These are the figures last accepted.",
        ),
        (record(revision=3), "Figures from revision 3."),
    ],
)
def test_headline_of_one_city_describes_its_figures(city_record, headline):
    assert dashboard(city_record, only_city=city_record.city, is_current=True).headline.startswith(headline)


def test_with_money_excludes_cities_without_amounts():
    rows = [SimpleNamespace(budget=None, spent=None), SimpleNamespace(budget=5, spent=None)]
    created = dashboard()
    created.__dict__["cities"] = rows

    assert created.with_money == rows[1:]


@pytest.mark.parametrize(
    "start, end, planned_end, bar_end, end_text",
    [
        (None, None, TODAY, None, "–"),
        (TODAY - timedelta(days=9), None, TODAY, TODAY, "in progress"),
        (TODAY - timedelta(days=9), None, TODAY - timedelta(days=1), TODAY, "in progress, planned end date has passed"),
        (TODAY - timedelta(days=9), date(2026, 5, 12), TODAY, date(2026, 5, 12), "12 May 2026"),
    ],
)
def test_phase_bar_ends_at_actual_end_or_today(start, end, planned_end, bar_end, end_text):
    row = PhaseRow(SimpleNamespace(name="Riga"), "pilot", TODAY - timedelta(days=30), planned_end, start, end, TODAY)

    assert row.bar_end == bar_end
    assert charts._end_words(row) == end_text


def test_agreement_table_gives_reason_for_missing_alpha():
    rows = [
        DimensionAgreement("relevance", "Relevance", "0.67", "", 3, 9, {}),
        DimensionAgreement("impact", "Impact", None, "too_few", 1, 2, {}),
        DimensionAgreement("coherence", "Coherence", None, "no_variation", 2, 4, {}),
    ]

    table = charts.agreement_table(RoundAgreement("Spring", TODAY, 3, 0, "", "0" * 64, rows))

    assert table.rows == [
        ["Relevance", 0.67, 3, 9, ""],
        ["Impact", None, 1, 2, "too few ratings"],
        ["Coherence", None, 2, 4, "not defined: all ratings are the same"],
    ]
