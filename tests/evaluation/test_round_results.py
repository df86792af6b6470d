"""The agreement of a round: computed and frozen once, when the round closes, and the same figure everywhere."""

import html

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from core.exceptions import HashMismatch, PermissionRefused, ReasonMissing
from evaluation.agreement import alpha_ordinal
from evaluation.exceptions import RoundClosed, RoundComplete
from evaluation.models import EvaluationResult, RoundResult
from evaluation.selectors.round_results import DimensionAgreement, alpha_text, round_agreement
from evaluation.services import round_results, rounds
from reports.models import Report
from reports.selectors.network import agreement_facts
from tests.dashboards.results import publish_result
from tests.factories import EvaluationFactory, EvaluationRoundFactory, StrategyFactory
from tests.reports.accepted_city import accepted_city, issue_network, reopen_and_accept

pytestmark = pytest.mark.django_db
REASON = "Riga takes part in the next round."


def row_of(agreement, code="impact") -> DimensionAgreement:
    return next(row for row in agreement.dimensions if row.code == code)


@pytest.mark.parametrize(
    "alpha, undefined, expected",
    [
        ("0.81", "", "0.81"),
        ("-0.25", "", "-0.25"),
        (None, "too_few", "too few ratings"),
        (None, "no_variation", "not defined: all ratings are the same"),
    ],
)
def test_agreement_is_a_number_or_why_it_is_undefined(alpha, undefined, expected):
    assert alpha_text(alpha, undefined).replace("\N{MINUS SIGN}", "-") == expected


@pytest.mark.stage("review")
def test_round_closes_with_its_last_publication(case):
    other = EvaluationFactory(round=case.round)
    case.to("published")
    assert round_agreement(case.round) is None

    other.delete()
    round_results.close_complete_rounds()

    agreement = round_agreement(case.round)
    assert (agreement.published, agreement.unpublished, agreement.reason) == (1, 0, "")
    assert (row_of(agreement).alpha_text, row_of(agreement).ratings) == ("too few ratings", 2)
    assert RoundResult.objects.get().contents["evaluations"] == [
        {"city": "lublin", "sha256": EvaluationResult.objects.get().sha256}
    ]


@pytest.mark.stage("published")
def test_round_of_one_evaluation_closes_with_it(case):
    assert round_agreement(case.round) is not None
    assert round_results.close_complete_rounds() == []


def test_damaged_result_keeps_no_other_round_open(monkeypatch):
    """The upgrade closes rounds once; whatever it leaves open stays open."""
    damaged, whole = (EvaluationRoundFactory(name=name) for name in ("Damaged", "Whole"))
    for round_ in (damaged, whole):
        strategy = StrategyFactory(published=True)
        EvaluationFactory(strategy=strategy)  # in another round, with a revision
        publish_result(strategy, round_, {})
    contents = round_results.round_contents

    def check_hash(round_):
        if round_ == damaged:
            raise HashMismatch
        return contents(round_)

    monkeypatch.setattr(round_results, "round_contents", check_hash)

    with pytest.raises(HashMismatch):
        round_results.close_complete_rounds()
    assert [result.round for result in RoundResult.objects.all()] == [whole]


@pytest.mark.stage("review")
def test_alpha_is_that_of_the_blind_levels_over_all_published_evaluations(case):
    for levels in ({}, {"relevance": [("peer", 1), ("peer", 2), ("committee", 2), ("self", 4)]}):
        strategy = StrategyFactory(published=True)
        EvaluationFactory(strategy=strategy)  # in another round, with a revision
        publish_result(strategy, case.round, levels)
    case.to("published")

    agreement = round_agreement(case.round)
    expected = alpha_ordinal([[3, 3], [], [1, 2, 2]])
    assert row_of(agreement, "relevance").alpha == f"{expected.value:.2f}"
    assert (row_of(agreement, "relevance").strategies, row_of(agreement, "relevance").ratings) == (2, 5)


@pytest.mark.slow
@pytest.mark.stage("review")
def test_agreement_of_an_open_round_is_shown_nowhere(case, client):
    EvaluationFactory(round=case.round)
    case.to("published")
    client.force_login(case.coordinator)

    for url in (case.round.get_absolute_url(), reverse("dashboards:dimensions")):
        assert "Krippendorff" not in client.get(url).content.decode()
    facts = issue_network(accepted_city(case.city, ahead=1)).contents["facts"]
    assert facts["agreement"] == []


@pytest.mark.stage("published")
def test_every_page_and_report_has_the_frozen_figure(case, client):
    agreement = round_agreement(case.round)
    city_data = accepted_city(case.city, ahead=1)
    issue_network(city_data)
    reopen_and_accept(city_data)
    issue_network(city_data)
    reports = Report.objects.filter(city=None)
    client.force_login(case.partner)

    assert client.get(case.round.get_absolute_url()).context["agreement"] == agreement
    assert client.get(reverse("dashboards:dimensions")).context["agreement"] == agreement
    assert reports.count() == 2
    for report in reports:
        facts = report.contents["facts"]
        assert facts["agreement"] == [agreement_facts(agreement)]
        assert {"kind": "round", "round": case.round.name, "sha256": agreement.sha256} in facts["sources"]


@pytest.mark.slow
@pytest.mark.stage("rate")
def test_coordinator_closes_a_round_with_a_reason(case, client):
    with pytest.raises(PermissionRefused):
        round_results.close_round(case.round, by=case.moderator, reason=REASON)
    with pytest.raises(ReasonMissing):
        round_results.close_round(case.round, by=case.coordinator, reason=" ")
    client.force_login(case.coordinator)
    url = reverse("evaluation:round_close", args=[case.round.pk])
    refused = client.post(url, {"reason": ""})
    assert refused.status_code == 200
    assert "Fill in" in refused.content.decode()

    client.post(url, {"reason": REASON})
    client.post(url, {"reason": REASON})
    other = client.post(url, {"reason": "Once more."}).content.decode()

    assert f"“{REASON}”. Not saved: “Once more.”" in html.unescape(other)
    result = RoundResult.objects.get()
    assert (result.reason, result.closed_by, result.contents["unpublished"]) == (REASON, case.coordinator, 1)
    assert REASON in client.get(case.round.get_absolute_url()).content.decode()
    case.to("published")
    assert RoundResult.objects.get().contents["unpublished"] == 1


@pytest.mark.stage("published")
def test_reason_for_closing_a_complete_round_is_refused_and_shown(case):
    with pytest.raises(RoundComplete, match="“Time is over"):
        round_results.close_round(case.round, by=case.coordinator, reason="Time is over.")


@pytest.mark.stage("published")
def test_nothing_is_added_to_a_closed_round(case):
    with pytest.raises(RoundClosed):
        rounds.add_evaluation(case.round, StrategyFactory(published=True), by=case.coordinator)


@pytest.mark.stage("rate")
def test_database_refuses_to_freeze_an_unfinished_round_without_a_reason(case):
    with pytest.raises(IntegrityError, match="epi: a round closes"), transaction.atomic():
        RoundResult.objects.create(round=case.round, snapshot="{}", sha256="0" * 64)


@pytest.mark.stage("published")
def test_frozen_agreement_never_changes(case):
    for statement in ("UPDATE evaluation_roundresult SET snapshot = '{}'", "DELETE FROM evaluation_roundresult"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
