import pytest
from django.urls import reverse

from dashboards.selectors.dimensions import dimension_rows, results
from dashboards.selectors.scope import scope_for
from tests.factories import EvaluationRoundFactory

from .results import publish_result

LEVELS = {
    "relevance": [("peer", 1), ("peer", 3), ("committee", 2), ("committee", 3), ("self", 4)],
    "effectiveness": [("peer", 2), ("committee", 2), ("expert_group", 4)],
}


@pytest.fixture
def judged(network):
    """Ratings of Linköping differ, those of Riga agree; Lublin has no result."""
    round_ = EvaluationRoundFactory(period=network.present, name="Round 1")
    publish_result(network.cities["linkoping"].strategy, round_, LEVELS)
    publish_result(network.cities["riga"].strategy, round_, {"relevance": [("peer", 3), ("peer", 3)]})
    return network


def test_results_show_what_was_agreed_and_how_far_independent_raters_are_apart(judged, partner):
    found = results(scope_for(partner))

    assert found.columns == [
        ("relevance", "Relevance"),
        ("effectiveness", "Effectiveness"),
        ("coherence", "Coherence"),
    ]
    assert [(city.name, result is None) for city, result in found.rows] == [
        ("Linköping", False),
        ("Lublin", True),
        ("Riga", False),
    ]
    cells = {cell.code: cell for cell in found.found[0].cells}
    assert (cells["relevance"].level, cells["relevance"].median, cells["relevance"].n) == (3, "2-3", 4)
    assert (cells["relevance"].low, cells["relevance"].high, cells["relevance"].has_large_gap) == (1, 3, True)
    assert (cells["effectiveness"].n, cells["effectiveness"].has_large_gap) == (2, False)
    assert (cells["coherence"].level, cells["coherence"].not_assessed_reason) == (None, "Nothing to judge by.")
    assert (found.rated, len(found.split)) == (3, 1)


def test_alpha_of_a_dimension_counts_independent_ratings_across_strategies(judged, partner):
    rows = {row.code: row.alpha for row in dimension_rows(results(scope_for(partner)))}

    assert (rows["relevance"].units, rows["relevance"].n) == (2, 6)
    assert rows["relevance"].value is not None
    assert rows["effectiveness"].undefined == "too_few"


def test_a_result_of_a_later_round_is_no_part_of_an_earlier_period(judged, partner):
    found = results(scope_for(partner, starts_on=judged.past.starts_on.isoformat()))

    assert found.found == []


def test_pages_show_levels_and_no_single_reason(judged, partner, client):
    client.force_login(partner)

    for page in (
        reverse("dashboards:network"),
        reverse("dashboards:dimensions"),
        reverse("dashboards:city", args=["linkoping"]),
    ):
        text = client.get(page).content.decode()

        assert "HIDDEN" not in text
        assert "2–3" in text


def test_csv_of_levels_gives_every_cell(judged, partner, client):
    client.force_login(partner)

    lines = client.get(reverse("dashboards:network"), {"csv": "dimensions"}).content.decode("utf-8-sig").splitlines()

    assert lines[1] == "Linköping,Relevance,3,4,2–3,1–3,moderate,Round 1"
    assert lines[4] == "Lublin,Relevance,not evaluated,0,,,,"
