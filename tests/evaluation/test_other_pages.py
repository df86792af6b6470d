"""Evaluations on other pages: My work, panel of the city, gate of the pact, files."""

import pytest
from django.urls import reverse

from cities.enums import BodyKind, FileState, Role
from cities.models import StoredFile
from cities.panels import panels_for
from evaluation.gate_checks import evaluation_is_published
from evaluation.panels import evaluation_panel
from evaluation.selectors.tasks import tasks_of, work_rows
from evaluation.services import committee, ratings, rounds
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


# ---- my work


def labels(user):
    return [task.label for task in tasks_of(user)]


@pytest.mark.slow
def test_task_labels_for_each_role_and_stage(case):
    assert (labels(case.rater1), labels(case.moderator), labels(case.coordinator)) == (["View"], [], [])
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
    assert (labels(case.moderator), labels(case.committee1), labels(case.committee3)) == ([], ["Open review"], [])
    question = committee.ask_question(case.evaluation, by=case.committee1, text="Who was asked?")
    assert labels(case.lead) == ["Answer"]
    committee.answer_question(question, by=case.lead, text="All.")
    case.decide(case.committee1)
    assert (labels(case.lead), labels(case.committee1), labels(case.committee2)) == ([], [], ["Open review"])
    case.decide(case.committee2)
    assert not any(labels(user) for user in (case.rater1, case.moderator, case.committee2, case.lead))


@pytest.mark.stage("rate")
def test_work_row_shows_progress_and_urgency(case, days):
    ratings.save_rating(case.evaluation, case.dimension(), by=case.rater1, level=2, reasons="Seen.")
    ratings.save_rating(case.evaluation, case.dimension("relevance"), by=case.rater1, level=2)

    row = work_rows(case.rater1)[0]
    with days(30):
        late = work_rows(case.rater1)[0]

    assert row.text.startswith("1 of 6 dimensions rated.")
    assert (row.urgency > late.urgency, late.title) == (True, "Rate Lublin, Autumn round")
    assert row in registered_work(case.rater1)


def test_coordinator_has_a_task_without_a_moderator(case):
    evaluation = case.evaluation
    evaluation.moderator = None
    evaluation.save()

    assert labels(case.coordinator) == ["Appoint"]


# ---- the city's panel, the gate


@pytest.mark.slow
def test_city_panel_shows_visible_evaluations_only(case, everyone):
    assert evaluation_panel(case.city, everyone["public"]) is None
    assert evaluation_panel(case.city, case.lead).context["running"] == [case.evaluation]
    case.to("published")

    panel = evaluation_panel(case.city, everyone["public"])

    assert [row.level for row in panel.context["result"].rows] == [3] * 6
    assert panel.template in {row.template for row in panels_for(case.city, everyone["public"])}


@pytest.mark.slow
def test_pact_gate_is_met_after_publication(case, city):
    assert evaluation_is_published(city, case.lead).met is False
    running = evaluation_is_published(case.city, case.lead)
    assert (running.met, "is under way" in running.reason) == (False, True)
    case.to("published")

    assert evaluation_is_published(case.city, case.lead).met is True


# ---- files


def test_rater_sees_files_of_the_revision_under_review_only(case, city):
    """An official of another city rates Lublin: she may read this revision, not the network's pages."""
    peer = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city)
    rounds.assign_rater(case.evaluation, peer.person, "peer", by=case.coordinator)
    other_official = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city)
    period = CityPeriodFactory(city=case.city, period=ReportingPeriodFactory(ahead=3))
    visible = _create_evidence(case, period, "network")
    _create_evidence(case, period, "city")
    _set_revision(case, periods.submit_period(period, by=case.lead))
    _create_evidence(case, CityPeriodFactory(city=case.city, period=ReportingPeriodFactory(ahead=6)), "network")

    assert set(StoredFile.objects.visible_to(peer)) == {visible}
    assert set(StoredFile.objects.visible_to(other_official)) == set()


def _create_evidence(case, city_period, visibility):
    update = ActionUpdateFactory(
        action=ActionFactory(city=case.city), city_period=city_period, visibility=visibility, author=case.official
    )
    stored = StoredFileFactory(state=FileState.USED)
    Evidence.objects.create(update=update, file=stored)
    return stored


def _set_revision(case, revision):
    evaluation = case.evaluation
    evaluation.revision = revision
    evaluation.save()


# ---- the evaluated revision


def _add_participants(case):
    """Add officials of another city with each role in the evaluation, and one without; nothing is published."""
    city_period = CityPeriodFactory(city=case.city, period=ReportingPeriodFactory(ahead=5))
    _set_revision(case, periods.submit_period(city_period, by=case.lead))
    official = BodyKind.CITY_OFFICE, Role.OFFICIAL, CityFactory(name="Linköping", slug="linkoping")
    people = {name: member(*official) for name in ("rater", "moderator", "substitute", "conflicted", "stranger")}
    for name in ("rater", "conflicted"):
        rounds.assign_rater(case.evaluation, people[name].person, "peer", by=case.coordinator)
    ConflictOfInterestFactory(evaluation=case.evaluation, person=people["conflicted"].person)
    rounds.set_moderator(case.evaluation, people["moderator"].person, by=case.coordinator)
    SubstituteAppointmentFactory(evaluation=case.evaluation, person=people["substitute"].person)
    case.participants = people


PREPARED = {"participants": _add_participants}


@pytest.fixture
def participants(case):
    return case.participants


@pytest.mark.parametrize(
    "name, status", [("rater", 200), ("moderator", 200), ("substitute", 200), ("conflicted", 404), ("stranger", 404)]
)
def test_participants_see_the_revision_under_review(case, participants, client, name, status):
    revision, user = case.evaluation.revision, participants[name]
    periods.reopen_period(revision.city_period, by=case.coordinator, reason="A figure was wrong.")
    other = periods.submit_period(revision.city_period, by=case.lead)
    client.force_login(user)

    urls = [revision.city_period.get_absolute_url(), revision_url(revision)]

    assert [client.get(url).status_code for url in urls] == [status] * 2
    assert client.get(revision_url(other)).status_code == 404
    assert list(PeriodRevision.objects.visible_to(user)) == ([revision] if status == 200 else [])
    for row in (revision, other):
        allowed = user.has_perm("strategies.view_periodrevision", row)
        assert allowed == PeriodRevision.objects.visible_to(user).filter(pk=row.pk).exists()
    assert user.has_perm("strategies.view_cityperiod", revision.city_period) == (status == 200)


def revision_url(revision):
    return reverse("strategies:revision_detail", args=[revision.city_period_id, revision.number])
