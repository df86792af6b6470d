"""A submitted period says that it rests on figures corrected since; its own figures stay."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from reports.enums import ReportKind
from reports.services.reports import issue_report
from strategies.models import PeriodRevision, RevisionAction
from strategies.selectors.corrections import corrected_periods, correction_sentence
from strategies.services import periods, updates, values
from tests.factories import (
    ActionFactory,
    CityPeriodFactory,
    EvaluationFactory,
    IndicatorFactory,
    MilestoneFactory,
    ReportingPeriodFactory,
)

from .helpers import an_official, update_input

pytestmark = pytest.mark.django_db
WORDS = "have since been corrected"


@pytest.fixture
def figures(city, lead):
    """Submit two periods of a city, with money, a milestone and a value in the first one, and reopen it."""
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    after = CityPeriodFactory(city=city)
    action, official = ActionFactory(city=city, published=True), an_official(city)
    in_before = {"date": before.period.ends_on, "city_period": before}
    data = update_input(spent=Decimal(100), milestones=[MilestoneFactory(action=action)], **in_before)
    update = updates.log_update(action, by=official, data=data)
    indicator = IndicatorFactory(strategy=action.strategy)
    value = values.set_value(indicator, before, by=official, value=Decimal(3))
    quiet = ActionFactory(city=city, published=True)
    quiet_data = update_input(**in_before)
    quiet_update = updates.log_update(quiet, by=official, data=quiet_data)
    periods.submit_period(before, by=lead)
    updates.log_update(action, by=official, data=update_input("More.", spent=Decimal(50), city_period=after))
    revision = periods.submit_period(after, by=lead)
    return SimpleNamespace(**{key: value for key, value in locals().items() if key not in {"city"}})


def reopen(figures, coordinator):
    figures.before.refresh_from_db()
    periods.reopen_period(figures.before, by=coordinator, reason="A figure was wrong.")
    figures.update.refresh_from_db()


def change_money(figures):
    data = replace(figures.data, spent=Decimal(200))
    updates.change_update(figures.update, by=figures.official, data=data, version=1)


def change_milestone(figures):
    data = replace(figures.data, milestones=[])
    updates.change_update(figures.update, by=figures.official, data=data, version=1)


def change_value(figures):
    values.set_value(figures.indicator, figures.before, by=figures.official, value=Decimal(4), version=1)


def change_last_status(figures):
    data = replace(figures.quiet_data, stage="paused")
    updates.change_update(figures.quiet_update, by=figures.official, data=data, version=1)


def change_text(figures):
    data = replace(figures.data, text="Better words.", stage="paused")
    updates.change_update(figures.update, by=figures.official, data=data, version=1)


def correct(figures, coordinator, change=change_money):
    reopen(figures, coordinator)
    change(figures)
    return periods.submit_period(figures.before, by=figures.lead)


@pytest.mark.parametrize(
    "change, named",
    [
        (change_money, True),
        (change_milestone, True),
        (change_value, True),
        (change_last_status, True),
        (change_text, False),  # the action has a later update, so neither words nor status are cumulated
    ],
)
def test_revision_names_the_corrected_period_if_its_figures_differ(figures, coordinator, change, named):
    correct(figures, coordinator, change)

    found = corrected_periods([figures.revision.pk], PeriodRevision.objects.all())

    assert found == ({figures.revision.pk: [figures.before.period.name]} if named else {})


def test_correction_is_named_once_it_is_submitted(figures, coordinator):
    assert correction_sentence(figures.revision.pk, PeriodRevision.objects.all()) == ""
    reopen(figures, coordinator)
    change_money(figures)

    assert correction_sentence(figures.revision.pk, PeriodRevision.objects.all()) == ""


def test_frozen_total_stays_and_a_new_submission_says_nothing(figures, coordinator):
    first = correct(figures, coordinator)
    spent = RevisionAction.objects.get(revision=figures.revision, action=figures.action).spent
    figures.after.refresh_from_db()
    periods.reopen_period(figures.after, by=coordinator, reason="An earlier figure was wrong.")
    newest = periods.submit_period(figures.after, by=figures.lead)

    assert spent == 150
    assert RevisionAction.objects.get(revision=newest, action=figures.action).spent == 250
    assert set(corrected_periods([figures.revision.pk, newest.pk, first.pk], PeriodRevision.objects.all())) == {
        figures.revision.pk
    }


def test_correction_that_the_reader_may_not_read_is_not_named(figures, coordinator):
    correct(figures, coordinator)

    assert correction_sentence(figures.revision.pk, PeriodRevision.objects.visible_to(AnonymousUser())) == ""
    assert WORDS in correction_sentence(figures.revision.pk, PeriodRevision.objects.visible_to(coordinator))


def test_query_count_is_small(figures, coordinator, django_assert_num_queries):
    with django_assert_num_queries(1):
        corrected_periods([figures.revision.pk], PeriodRevision.objects.all())
    correct(figures, coordinator)
    with django_assert_num_queries(3):
        corrected_periods([figures.revision.pk], PeriodRevision.objects.all())


@pytest.mark.slow
def test_pages_of_the_period_say_it_and_propose_to_reopen(client, figures, coordinator, everyone):
    page = reverse("strategies:cityperiod_detail", args=[figures.after.pk])
    revision = reverse("strategies:revision_detail", args=[figures.after.pk, 1])
    reopen_url = reverse("strategies:cityperiod_reopen", args=[figures.after.pk])
    ask_url = reverse("strategies:cityperiod_request_reopen", args=[figures.after.pk])
    client.force_login(figures.lead)
    assert [WORDS in client.get(url).content.decode() for url in (page, revision)] == [False, False]
    correct(figures, coordinator)

    for user, proposed in ((figures.lead, ask_url), (coordinator, reopen_url), (everyone["partner"], "")):
        client.force_login(user)
        for url in (page, revision):
            text = client.get(url).content.decode()
            assert figures.before.period.name in text[text.index("are based on earlier figures") :][:200]
            links = [
                f'{one}">{words} this period' in text
                for one, words in ((ask_url, "Ask to reopen"), (reopen_url, "Reopen"))
            ]
            assert links == [proposed == ask_url, proposed == reopen_url]


def test_dashboards_say_it(client, figures, coordinator, city):
    correct(figures, coordinator)
    client.force_login(coordinator)
    period = figures.after.period.starts_on.isoformat()

    for url in (reverse("dashboards:network"), reverse("dashboards:city", args=[city.slug])):
        assert WORDS in client.get(url, {"period": period}).content.decode()


def test_evaluation_says_it(client, figures, coordinator, city):
    evaluation = EvaluationFactory(
        strategy=figures.action.strategy, round__period=figures.after.period, revision=figures.revision
    )
    url = reverse("evaluation:evaluation_detail", args=[evaluation.pk])
    client.force_login(coordinator)
    before = client.get(url).content.decode()
    correct(figures, coordinator)

    assert (WORDS in before, WORDS in client.get(url).content.decode()) == (False, True)


def test_report_page_says_it_and_the_next_report_prints_it(client, figures, coordinator, city):
    figures.after.refresh_from_db()
    periods.accept_period(figures.after, by=coordinator)
    chosen = {"kind": ReportKind.CITY_PERIOD, "city": city, "period": figures.after.period}
    first = issue_report(**chosen)
    client.force_login(coordinator)
    before = client.get(first.get_absolute_url()).content.decode()
    correct(figures, coordinator)
    figures.before.refresh_from_db()
    periods.accept_period(figures.before, by=coordinator)

    assert (WORDS in before, WORDS in client.get(first.get_absolute_url()).content.decode()) == (False, True)
    second = issue_report(**chosen)
    assert (second.revision, WORDS in first.snapshot, WORDS in second.snapshot) == (2, False, True)
    assert second.contents["facts"]["cities"][0]["money"] == first.contents["facts"]["cities"][0]["money"]
    network = issue_report(kind=ReportKind.NETWORK_PERIOD, period=figures.after.period)
    assert f"{city.name}: These figures are based on earlier figures" in network.snapshot
