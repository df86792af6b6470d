"""Evaluations on other pages: My work, panel of the city, gate of the pact, files; and versions of the framework."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse

from cities.enums import BodyKind, FileState, Role
from cities.models import StoredFile
from cities.panels import panels_for
from evaluation.exceptions import PermissionRefused
from evaluation.gate_checks import evaluation_is_published
from evaluation.models import Dimension, EvaluationRound, Framework
from evaluation.panels import evaluation_panel
from evaluation.selectors.tasks import alphas_of, tasks_of, work_rows
from evaluation.services import committee, frameworks, ratings, rounds
from strategies.models import Evidence, PeriodRevision
from strategies.services import periods
from strategies.work import registered_work
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityFactory,
    CityPeriodFactory,
    ConflictOfInterestFactory,
    ReportingPeriodFactory,
    StoredFileFactory,
    SubstituteAppointmentFactory,
    member,
)

pytestmark = pytest.mark.django_db
SOURCE = Path(frameworks.DEFAULT)


# ---- the framework


def test_the_framework_is_loaded_once_and_keeps_both_effektivitet_apart(db):
    first = frameworks.load_framework()
    call_command("load_framework", stdout=StringIO())

    codes = list(first.dimensions.values_list("code", "source_label"))
    assert Framework.objects.count() == 1
    assert codes == [
        ("relevance", "RELEVANS"),
        ("effectiveness", "EFFEKTIVITET (first)"),
        ("coherence", "SAMHÄLLE"),
        ("sustainability", "HÅLLBARHET"),
        ("efficiency", "EFFEKTIVITET (second)"),
        ("impact", "GENOMSLAG"),
    ]
    assert first.dimensions.get(code="efficiency").names["sv"] == "Resurseffektivitet"
    assert json.loads(SOURCE.read_text())["version"] == first.version


def test_a_framework_in_use_is_not_changed_but_succeeded(case):
    dimension = case.dimension()
    dimension.questions = {"en": "Really?"}
    with pytest.raises(ValidationError):
        dimension.full_clean()
    framework = case.framework
    framework.name = "Another"
    with pytest.raises(ValidationError):
        framework.full_clean()

    framework.refresh_from_db()
    successor = frameworks.create_next_version(framework, by=case.coordinator)
    changed = successor.dimensions.get(code="impact")
    changed.questions = {"en": "Really?"}
    changed.full_clean()

    assert (successor.version, successor.dimensions.count()) == (2, 6)
    with pytest.raises(PermissionRefused):
        frameworks.create_next_version(framework, by=case.partner)


def test_the_committee_adopts_once(case):
    with pytest.raises(PermissionRefused):
        frameworks.adopt_framework(case.framework, by=case.coordinator)

    first = frameworks.adopt_framework(case.framework, by=case.committee1)
    again = frameworks.adopt_framework(case.framework, by=case.committee2, on=datetime(2020, 1, 1, tzinfo=UTC).date())

    assert again.adopted_on == first.adopted_on is not None


def test_the_workbench_shows_frameworks_and_closes_those_in_use(case, client):
    client.force_login(case.committee1)
    page = client.get(reverse("admin:evaluation_framework_changelist")).content.decode()
    assert "EPI 2021" in page
    client.post(
        reverse("admin:evaluation_framework_changelist"), {"action": "adopt", "_selected_action": [case.framework.pk]}
    )
    assert Framework.objects.get().adopted_on is not None

    client.force_login(case.coordinator)
    dimension = client.get(reverse("admin:evaluation_dimension_change", args=[case.dimension().pk])).content.decode()
    client.post(
        reverse("admin:evaluation_framework_changelist"),
        {"action": "create_next_version", "_selected_action": [case.framework.pk]},
    )

    assert 'name="rubric"' not in dimension
    free = Dimension.objects.get(framework__version=2, code="impact")
    assert 'name="rubric"' in client.get(reverse("admin:evaluation_dimension_change", args=[free.pk])).content.decode()
    assert client.get(reverse("admin:evaluation_dimension_change", args=[9999])).status_code == 404
    client.force_login(case.partner)
    assert client.get(reverse("admin:evaluation_framework_changelist")).status_code == 404


def test_coordinators_move_a_rounds_dates_in_the_workbench(case, client):
    client.force_login(case.coordinator)
    address = reverse("admin:evaluation_evaluationround_change", args=[case.round.pk])
    page = client.get(address).content.decode()

    assert case.round.name in page
    assert 'name="framework"' not in page  # a framework in use cannot change
    client.force_login(case.committee1)
    assert client.post(address, {"name": "Other"}).status_code == 403
    assert not EvaluationRound.objects.filter(name="Other").exists()


# ---- my work


def labels(user):
    return [task.label for task in tasks_of(user)]


def test_everybody_finds_what_waits_for_them_at_each_stage(case):
    assert (labels(case.rater1), labels(case.moderator), labels(case.coordinator)) == (["Look"], [], [])
    case.to("rate")
    assert labels(case.rater1) == ["Rate"]
    case.rate(case.rater1)
    case.rate(case.rater2)
    assert labels(case.rater1) == []
    case.to("discuss")
    assert (labels(case.rater1), labels(case.moderator)) == (["Discuss"], ["Discuss"])
    case.to("moderate")
    assert (labels(case.rater1), labels(case.moderator)) == ([], ["Moderate"])
    case.to("review")
    assert (labels(case.moderator), labels(case.committee1), labels(case.committee3)) == ([], ["Open the desk"], [])
    question = committee.ask_question(case.evaluation, by=case.committee1, text="Who was asked?")
    assert labels(case.lead) == ["Answer"]
    committee.answer_question(question, by=case.lead, text="All.")
    case.decide(case.committee1)
    assert (labels(case.lead), labels(case.committee1), labels(case.committee2)) == ([], [], ["Open the desk"])
    case.decide(case.committee2)
    assert not any(labels(user) for user in (case.rater1, case.moderator, case.committee2, case.lead))


@pytest.mark.stage("rate")
def test_progress_and_lateness_stand_in_my_work(case, days):
    ratings.save_rating(case.evaluation, case.dimension(), by=case.rater1, level=2, reasons="Seen.")
    ratings.save_rating(case.evaluation, case.dimension("relevance"), by=case.rater1, level=2)

    row = work_rows(case.rater1)[0]
    with days(30):
        late = work_rows(case.rater1)[0]

    assert row.text.startswith("1 of 6 dimensions rated.")
    assert (row.urgency > late.urgency, late.title) == (True, "Rate Lublin, Autumn round")
    assert row in registered_work(case.rater1)


def test_coordinators_are_told_who_is_missing(case):
    evaluation = case.evaluation
    evaluation.moderator = None
    evaluation.save()

    assert labels(case.coordinator) == ["Name them"]


# ---- the city's panel, the gate


def test_the_citys_card_follows_what_one_may_see(case, everyone):
    assert evaluation_panel(case.city, everyone["public"]) is None
    assert evaluation_panel(case.city, case.lead).context["running"] == [case.evaluation]
    case.to("published")

    card = evaluation_panel(case.city, everyone["public"])

    assert [row.level for row in card.context["result"].rows] == [3] * 6
    assert card.template in {found.template for found in panels_for(case.city, everyone["public"])}


def test_the_gate_of_the_pact_opens_by_publication(case, city):
    assert evaluation_is_published(city).met is False
    running = evaluation_is_published(case.city)
    assert (running.met, "is under way" in running.reason) == (False, True)
    case.to("published")

    assert evaluation_is_published(case.city).met is True


# ---- alpha across strategies


@pytest.mark.stage("published")
def test_alpha_needs_published_strategies_and_says_why_there_is_none(case):
    rows = alphas_of(case.round)

    assert [row.words for row in rows] == ["too few ratings"] * 6
    assert rows[5].alpha.n == 2


# ---- files


def test_a_rater_reads_the_evidence_of_what_is_judged_and_nobody_elses(case, city):
    """An official of another city rates Lublin: she may read this revision, not the network's pages."""
    peer = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city)
    rounds.assign_rater(case.evaluation, peer.person, "peer", by=case.coordinator)
    stranger = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city)
    period = CityPeriodFactory(city=case.city, period=ReportingPeriodFactory(ahead=3))
    seen = _evidence(case, period, "network")
    _evidence(case, period, "city")
    _judge(case, periods.submit_period(period, by=case.lead))
    _evidence(case, CityPeriodFactory(city=case.city, period=ReportingPeriodFactory(ahead=6)), "network")

    assert set(StoredFile.objects.visible_to(peer)) == {seen}
    assert set(StoredFile.objects.visible_to(stranger)) == set()


def _evidence(case, city_period, visibility):
    update = ActionUpdateFactory(
        action=ActionFactory(city=case.city), city_period=city_period, visibility=visibility, author=case.official
    )
    stored = StoredFileFactory(state=FileState.USED)
    Evidence.objects.create(update=update, file=stored)
    return stored


def _judge(case, revision):
    evaluation = case.evaluation
    evaluation.revision = revision
    evaluation.save()


# ---- the evaluated revision


def _with_judges(case):
    """People of another city with a part in the evaluation, and one who has none: nothing of it is published."""
    city_period = CityPeriodFactory(city=case.city, period=ReportingPeriodFactory(ahead=5))
    _judge(case, periods.submit_period(city_period, by=case.lead))
    official = BodyKind.CITY_OFFICE, Role.OFFICIAL, CityFactory(name="Linköping", slug="linkoping")
    people = {name: member(*official) for name in ("rater", "moderator", "substitute", "conflicted", "stranger")}
    for name in ("rater", "conflicted"):
        rounds.assign_rater(case.evaluation, people[name].person, "peer", by=case.coordinator)
    ConflictOfInterestFactory(evaluation=case.evaluation, person=people["conflicted"].person)
    rounds.set_moderator(case.evaluation, people["moderator"].person, by=case.coordinator)
    SubstituteAppointmentFactory(evaluation=case.evaluation, person=people["substitute"].person)
    case.judges = people


PREPARED = {"judges": _with_judges}


@pytest.fixture
def judges(case):
    return case.judges


@pytest.mark.parametrize(
    "name, status", [("rater", 200), ("moderator", 200), ("substitute", 200), ("conflicted", 404), ("stranger", 404)]
)
def test_who_judges_reads_the_judged_revision(case, judges, client, name, status):
    revision, user = case.evaluation.revision, judges[name]
    periods.reopen_period(revision.city_period, by=case.coordinator, reason="A figure was wrong.")
    other = periods.submit_period(revision.city_period, by=case.lead)
    client.force_login(user)

    pages = [revision.city_period.get_absolute_url(), revision_page(revision)]

    assert [client.get(page).status_code for page in pages] == [status] * 2
    assert client.get(revision_page(other)).status_code == 404
    assert list(PeriodRevision.objects.visible_to(user)) == ([revision] if status == 200 else [])
    for row in (revision, other):
        allowed = user.has_perm("strategies.view_periodrevision", row)
        assert allowed == PeriodRevision.objects.visible_to(user).filter(pk=row.pk).exists()
    assert user.has_perm("strategies.view_cityperiod", revision.city_period) == (status == 200)


def revision_page(revision):
    return reverse("strategies:revision_detail", args=[revision.city_period_id, revision.number])
