from datetime import timedelta

import pytest
from django.urls import reverse

from dashboards.selectors.dimensions import results
from dashboards.selectors.scope import scope_for
from evaluation.models import EvaluationRound
from evaluation.services.round_results import close_if_complete
from tests.factories import DimensionFactory, EvaluationRoundFactory

from .results import CODES, publish_result

LEVELS = {
    "relevance": [("peer", 1), ("peer", 3), ("committee", 2), ("committee", 3), ("self", 4)],
    "effectiveness": [("peer", 2), ("committee", 2), ("expert_group", 4)],
}


@pytest.fixture
def evaluated_network(network):
    """Return the network with results: Linköping's raters differ, Riga's agree, Lublin has no result."""
    round_ = EvaluationRoundFactory(period=network.present, name="Round 1")
    publish_result(network.cities["linkoping"].strategy, round_, LEVELS)
    publish_result(network.cities["riga"].strategy, round_, {"relevance": [("peer", 3), ("peer", 3)]})
    return network


def test_results_show_agreed_level_and_spread_of_independent_ratings(evaluated_network, partner):
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


def test_dimensions_page_shows_one_round_and_its_agreement_once_it_is_closed(evaluated_network, partner, client):
    network, first = evaluated_network, EvaluationRound.objects.get()
    second = EvaluationRoundFactory(
        period=network.present, framework=first.framework, name="Round 2", declare_on=first.declare_on + timedelta(90)
    )
    publish_result(network.cities["lublin"].strategy, second, {"relevance": [("peer", 1), ("peer", 2)]})
    for n, code in enumerate(CODES, 1):
        DimensionFactory(framework=first.framework, code=code, order=n)
    client.force_login(partner)
    url = reverse("dashboards:dimensions")

    newest, chosen = client.get(url), client.get(url, {"round": first.pk})
    assert [result.city.name for result in newest.context["dashboard"].results.found] == ["Lublin"]
    assert [result.city.name for result in chosen.context["dashboard"].results.found] == ["Linköping", "Riga"]
    assert chosen.context["agreement"] is None
    assert "Round 1 is not closed yet" in chosen.content.decode()
    assert client.get(url, {"round": first.pk, "csv": "agreement"}).status_code == 404

    close_if_complete(first.pk)

    page = client.get(url, {"round": first.pk})
    rows = {row.code: row for row in page.context["agreement"].dimensions}
    assert (rows["relevance"].strategies, rows["relevance"].ratings) == (2, 6)
    assert rows["effectiveness"].alpha_text == "too few ratings"
    table = client.get(url, {"round": first.pk, "csv": "agreement"}).content.decode("utf-8-sig").splitlines()
    assert table[1] == f"relevance,{rows['relevance'].alpha},2,6,"
    assert rows["relevance"].alpha in page.content.decode()


def test_result_of_later_round_is_not_in_earlier_period(evaluated_network, partner):
    found = results(scope_for(partner, starts_on=evaluated_network.past.starts_on.isoformat()))

    assert found.found == []


@pytest.mark.slow
def test_pages_show_levels_without_reasons_of_raters(evaluated_network, partner, client):
    client.force_login(partner)

    for page in (
        reverse("dashboards:network"),
        reverse("dashboards:dimensions"),
        reverse("dashboards:city", args=["linkoping"]),
    ):
        text = client.get(page).content.decode()

        assert "HIDDEN" not in text
        assert "2–3" in text


def test_dimensions_csv_has_every_cell(evaluated_network, partner, client):
    client.force_login(partner)

    lines = client.get(reverse("dashboards:network"), {"csv": "dimensions"}).content.decode("utf-8-sig").splitlines()

    assert lines[1] == "Linköping,Relevance,3,4,2,3,1,3,moderate,,Round 1"
    assert lines[4] == "Lublin,Relevance,,0,,,,,,not evaluated,"
