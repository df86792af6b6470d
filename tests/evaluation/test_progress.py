"""Who has started and submitted, for moderator and coordinators; what lacks reasons; reminders of a stage's end."""

from datetime import datetime, time, timedelta

import pytest
from django.urls import reverse

from accounts.models import Mail
from core import clock
from evaluation.exceptions import AssessmentIncomplete
from evaluation.models import Dimension, StageReminder
from evaluation.selectors.progress import progress_of
from evaluation.selectors.tasks import tasks_of, work_rows
from evaluation.services import committee, discussion, ratings, reminders, rounds
from evaluation.tasks import send_due_reminders
from tests.evaluation.conftest import CODES

pytestmark = pytest.mark.django_db


def _prepare_started(case):
    """The first rater has submitted, the second has begun, the official has not."""
    case.to("rate")
    case.rate(case.rater1, {"impact": 1})
    ratings.save_rating(case.evaluation, case.dimension(), by=case.rater2, level=4, reasons="Secret of rater two.")


PREPARED = {"started": _prepare_started}


@pytest.fixture
def started(case):
    return case


# ---- progress


def test_progress_names_the_state_of_each_rater(started):
    states = {row.assignment.person: row.state.value for row in progress_of(started.evaluation)}

    assert states == {
        started.rater1.person: "submitted",
        started.rater2.person: "started",
        started.official.person: "not_started",
    }


@pytest.mark.parametrize("role", ["moderator", "coordinator"])
def test_moderator_and_coordinator_see_who_has_submitted_and_nothing_else(started, client, role):
    user = getattr(started, role)
    client.force_login(user)

    page = client.get(started.evaluation.get_absolute_url()).content.decode()

    assert "Started, not submitted" in page
    assert "Secret of rater two." not in page
    (row,) = [row for row in work_rows(user) if row.title.startswith("Ratings of")]
    assert row.text == "Submitted: 1 of 3 raters. Started but not submitted: 1."
    assert str(row.title) in client.get(reverse("strategies:my_work")).content.decode()


def test_coordinator_sees_progress_on_the_pages_of_round_and_assignments(started, client):
    client.force_login(started.coordinator)

    assert "Submitted: 1 of 3 raters." in client.get(started.round.get_absolute_url()).content.decode()
    assert "Started, not submitted" in client.get(reverse("evaluation:assign", args=[started.pk])).content.decode()


@pytest.mark.parametrize("role", ["rater1", "rater2", "partner", "committee1", "official", "lead", "expert"])
def test_others_do_not_see_who_has_submitted(started, client, role):
    user = getattr(started, role)
    client.force_login(user)

    for url in (started.evaluation.get_absolute_url(), started.round.get_absolute_url()):
        text = client.get(url).content.decode()
        assert "Raters’ progress" not in text
        assert "Submitted:" not in text
    assert [row for row in work_rows(user) if row.title.startswith("Ratings of")] == []


def test_number_of_dimensions_is_that_of_the_framework(started):
    Dimension.objects.exclude(code__in=["impact", "relevance"]).filter(ratings=None).delete()
    count = started.framework.dimensions.count()

    (task,) = tasks_of(started.rater2, started.evaluation)

    assert task.text.startswith(f"1 of {count} dimensions rated.")


@pytest.mark.stage("rate")
def test_tasks_count_the_dimensions_of_a_shorter_framework(case):
    Dimension.objects.filter(code="efficiency").delete()

    (task,) = tasks_of(case.rater1, case.evaluation)

    assert task.text.startswith("0 of 5 dimensions rated.")


# ---- a level without reasons is not complete


@pytest.mark.stage("rate")
def test_level_without_reasons_is_named_as_incomplete_everywhere(case, client):
    for code in CODES:
        reasons = "" if code == "impact" else "Seen."
        ratings.save_rating(case.evaluation, case.dimension(code), by=case.rater1, level=3, reasons=reasons)
    client.force_login(case.rater1)
    review = client.get(reverse("evaluation:rate_review", args=[case.pk])).content.decode()
    rate = client.get(reverse("evaluation:rate", args=[case.pk, "relevance"])).content.decode()

    assert "the level needs reasons" in review
    assert "Impact (reasons)" in " ".join(review.split())
    assert "Submit ratings" not in review
    assert "reasons missing" in rate
    (task,) = tasks_of(case.rater1, case.evaluation)
    assert task.text.startswith("5 of 6 dimensions rated.")
    with pytest.raises(AssessmentIncomplete, match=r"Impact \(reasons\)"):
        ratings.submit_assessment(case.evaluation, by=case.rater1)


@pytest.mark.stage("rate")
def test_saving_a_level_without_reasons_says_what_is_missing(case, client):
    client.force_login(case.rater1)
    url = reverse("evaluation:rate", args=[case.pk, "impact"])

    page = client.post(url, {"choice": "3", "reasons": "", "version": "", "save": ""}, follow=True)

    assert "Impact has been saved but is not complete. Give reasons for the level." in page.content.decode()


# ---- reminders


def mailed(case, days_before, hour=9):
    """Send what is due ``days_before`` the end of the present stage; return the recipients of all reminders so far."""
    day = case.evaluation.last_day - timedelta(days=days_before)
    with clock.at(datetime.combine(day, time(hour), clock.now().tzinfo)):
        send_due_reminders()
        send_due_reminders()
    rows = Mail.objects.filter(key__startswith="evaluation-reminder/").order_by("pk")
    return [mail.recipient for mail in rows]


@pytest.mark.slow
def test_raters_who_have_not_submitted_are_reminded_three_times_once_each(started):
    waiting = {started.rater2.email, started.official.email}

    assert mailed(started, 8) == []
    assert mailed(started, 7, hour=3) == []
    assert set(mailed(started, 7)) == waiting
    assert len(mailed(started, 6)) == 2
    assert len(mailed(started, 2)) == 4
    assert len(mailed(started, 1)) == 4
    assert len(mailed(started, 0)) == 6
    assert set(mailed(started, -1)) == waiting
    assert StageReminder.objects.count() == 3
    mail = Mail.objects.filter(key__startswith="evaluation-reminder/", recipient=started.rater2.email).first()
    assert "1 of 6 dimensions rated." in mail.body
    assert "Secret" not in mail.body


def test_missed_day_is_caught_up_once(started):
    assert len(mailed(started, 5)) == 2
    assert len(mailed(started, 4)) == 2


def test_extension_moves_the_reminders(started):
    mailed(started, 0)
    last_day = started.evaluation.last_day
    rounds.extend_stage(started.evaluation, by=started.coordinator, until=last_day + timedelta(days=10))

    assert len(mailed(started, 9)) == 2
    assert len(mailed(started, 2)) == 4


@pytest.mark.stage("discuss")
def test_discussion_reminds_those_who_have_something_to_do(case):
    discussion.add_note(case.evaluation, case.dimension(), by=case.rater1, text="I saw the survey.")

    assert set(mailed(case, 2)) == {case.rater2.email, case.official.email, case.moderator.email}


@pytest.mark.slow
@pytest.mark.stage("rate")
def test_discussion_without_a_large_gap_reminds_only_those_who_can_submit_late(case):
    case.rate(case.rater1)
    for code in CODES:
        ratings.save_rating(case.evaluation, case.dimension(code), by=case.rater2, level=1, reasons="Not sent.")
    case.move("start_discussion")

    assert mailed(case, 2) == [case.rater2.email]
    assert reverse("evaluation:rate_review", args=[case.pk]) in Mail.objects.order_by("pk").last().body


@pytest.mark.slow
@pytest.mark.stage("rate")
def test_stage_that_ends_on_the_day_of_the_one_before_has_its_own_reminder(case):
    """After a long extension, the discussion lasts only for the rest of the day on which it was begun by hand."""
    for code in CODES:
        ratings.save_rating(case.evaluation, case.dimension(code), by=case.rater2, level=1, reasons="Not sent.")
    case.rate(case.rater1)
    rounds.extend_stage(case.evaluation, by=case.coordinator, until=case.round.moderate_on + timedelta(days=1))
    assert mailed(case, 0, hour=9).count(case.rater2.email) == 1
    with clock.at(datetime.combine(case.evaluation.last_day, time(10), clock.now().tzinfo)):
        case.move("start_discussion")

    assert mailed(case, 0, hour=11).count(case.rater2.email) == 2


@pytest.mark.stage("moderate")
def test_moderation_reminds_the_moderator(case):
    assert mailed(case, 7) == [case.moderator.email]


@pytest.mark.stage("review")
def test_review_reminds_members_who_have_not_decided(case):
    case.decide(case.committee1)

    assert mailed(case, 2) == [case.committee2.email]


@pytest.mark.stage("published")
def test_published_evaluation_reminds_nobody(case):
    reminders.send_due_reminders()

    assert not StageReminder.objects.exists()


def test_reminder_of_another_worker_is_not_sent_again(started):
    with clock.at(datetime.combine(started.evaluation.last_day, time(12), tzinfo=clock.now().tzinfo)):
        reminders.remind(started.evaluation)
        sent = Mail.objects.count()
        reminders.remind(started.evaluation)
    with clock.at(
        datetime.combine(started.evaluation.last_day - timedelta(days=20), time(12), tzinfo=clock.now().tzinfo)
    ):
        reminders.remind(started.evaluation)

    assert (Mail.objects.count(), StageReminder.objects.count()) == (sent, 1)


@pytest.mark.slow
def test_officials_are_reminded_of_an_open_question(case):
    case.to("review")
    committee.ask_question(case.evaluation, by=case.committee1, text="Who was asked?")

    with clock.at(datetime.combine(case.evaluation.last_day, time(12), tzinfo=clock.now().tzinfo)):
        reminders.remind(case.evaluation)

    assert Mail.objects.filter(recipient=case.official.email, key__startswith="evaluation-reminder/").exists()
