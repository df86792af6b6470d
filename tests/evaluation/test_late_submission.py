"""Complete ratings that were not submitted in time: kept, submitted as they stand by their author, marked, blind."""

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import Mail
from core import triggers
from core.exceptions import PermissionRefused
from evaluation.exceptions import NeverSubmitted, NotInStage
from evaluation.models import Assessment, BlindLevel, DiscussionNote, Rating
from evaluation.selectors.comparison import comparison_of
from evaluation.selectors.tasks import tasks_of
from evaluation.services import discussion, ratings, rounds
from tests.evaluation.conftest import CODES

pytestmark = pytest.mark.django_db
SECRET = "Secret reason of rater one."


def _prepare_late(case):
    """The first rater has submitted; the second has rated every dimension and not submitted, the third only one."""
    case.to("rate")
    for code in CODES:
        ratings.save_rating(case.evaluation, case.dimension(code), by=case.rater1, level=1, reasons=SECRET)
        ratings.save_rating(case.evaluation, case.dimension(code), by=case.rater2, level=4, reasons="Not sent.")
    ratings.submit_assessment(case.evaluation, by=case.rater1)
    ratings.save_rating(case.evaluation, case.dimension(), by=case.official, level=4, reasons="Only one.")
    case.move("start_discussion")
    discussion.add_note(case.evaluation, case.dimension(), by=case.rater1, text="Secret note.")


PREPARED = {"late": _prepare_late}


@pytest.fixture
def late(case):
    return case


def submit(case, user):
    return ratings.submit_assessment(case.evaluation, by=user)


def test_author_submits_late_ratings_as_they_stand(late):
    assessment = submit(late, late.rater2)

    assert (assessment.submitted_late, submit(late, late.rater2).submitted_at) == (True, assessment.submitted_at)
    kept = BlindLevel.objects.filter(rating__assessment=assessment).values_list("level", flat=True)
    assert list(kept) == [4] * 6
    side = next(s for s in comparison_of(late.evaluation, late.moderator).sides if s.dimension.code == "impact")
    assert (side.spread.median, side.spread.n) == ("1-4", 2)
    assert not Assessment.objects.get(rater=late.rater1.person).submitted_late


def test_late_submission_keeps_no_revised_level_of_another_rater_as_a_blind_one(late):
    """Ratings of before blind levels were kept may have none, and may have been revised in the discussion."""
    with triggers.triggers_dropped(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM evaluation_blindlevel")
    version = Rating.objects.get(assessment__rater=late.rater1.person, dimension__code="impact").version
    changed = {"level": 4, "reasons": "They convinced me.", "version": version}
    ratings.save_rating(late.evaluation, late.dimension("impact"), by=late.rater1, **changed)

    submit(late, late.rater2)

    assert set(BlindLevel.objects.values_list("rating__assessment__rater", flat=True)) == {late.rater2.person.pk}
    side = next(s for s in comparison_of(late.evaluation, late.moderator).sides if s.dimension.code == "impact")
    assert (side.spread.median, side.spread.n, side.spread.unknown_levels) == ("4", 1, 1)


def test_late_ratings_cannot_be_changed_before_they_are_submitted(late):
    with pytest.raises(NeverSubmitted):
        ratings.save_rating(
            late.evaluation, late.dimension(), by=late.rater2, level=1, reasons="I have seen yours.", version=1
        )


def test_incomplete_ratings_cannot_be_submitted_late(late):
    with pytest.raises(NeverSubmitted):
        submit(late, late.official)


def test_nothing_is_submitted_once_the_moderation_begins(late):
    late.move("start_moderation")

    with pytest.raises(NotInStage):
        submit(late, late.rater2)
    assert Rating.objects.visible_to(late.rater2).exclude(assessment__rater=late.rater2.person).exists()


@pytest.mark.slow
def test_author_sees_nothing_of_others_until_the_ratings_are_submitted(late, client):
    client.force_login(late.rater2)
    urls = [
        reverse(f"evaluation:{name}", args=[late.pk])
        for name in ("evaluation_detail", "rate_review", "discuss", "moderate", "conflict_declare")
    ]
    urls += [reverse("strategies:my_work"), reverse("evaluation:round_list"), late.round.get_absolute_url()]
    urls.append(reverse("evaluation:rate", args=[late.pk, "impact"]))

    for url in urls:
        text = client.get(url).content.decode()
        assert SECRET not in text
        assert "Secret note." not in text
    discussion_page = client.get(reverse("evaluation:discuss", args=[late.pk]))
    assert discussion_page.url == reverse("evaluation:rate_review", args=[late.pk])  # says to submit first
    for model in (Rating, Assessment, DiscussionNote):
        own = {"assessment__rater": late.rater2.person} if model is Rating else {"rater": late.rater2.person}
        rows = model.objects.visible_to(late.rater2)
        assert not (rows if model is DiscussionNote else rows.exclude(**own)).exists()
    with pytest.raises(PermissionRefused):
        discussion.add_note(late.evaluation, late.dimension(), by=late.rater2, text="May I?")

    submit(late, late.rater2)

    assert SECRET in client.get(reverse("evaluation:discuss", args=[late.pk])).content.decode()


def test_rater_who_cannot_submit_any_more_takes_part_in_the_discussion(late, client):
    client.force_login(late.official)

    assert SECRET in client.get(reverse("evaluation:discuss", args=[late.pk])).content.decode()


def test_author_gets_a_link_and_a_task_instead_of_the_discussion(late, client):
    url = reverse("evaluation:rate_review", args=[late.pk])
    began = late.evaluation.transitions.get(verb="start_discussion")
    mails = {mail.recipient: mail for mail in Mail.objects.filter(key__startswith=f"evaluation-move/{began.pk}/")}
    mail = mails[late.rater2.email]
    assert url in mail.body
    assert "have not been submitted" in mail.subject
    assert reverse("evaluation:discuss", args=[late.pk]) in mails[late.rater1.email].body
    (task,) = tasks_of(late.rater2, late.evaluation)
    assert task.url == url
    for other in (late.rater1, late.official, late.moderator, late.coordinator):
        client.force_login(other)
        assert "Submit these ratings as they are" not in client.get(url).content.decode()

    client.force_login(late.rater2)
    assert "Submit these ratings as they are" in client.get(url).content.decode()
    client.post(url)

    assert Assessment.objects.get(rater=late.rater2.person).submitted_late
    assert "Marked as submitted late." in client.get(url).content.decode()


def test_pages_mark_ratings_that_were_submitted_late(late, client):
    submit(late, late.rater2)
    client.force_login(late.moderator)

    page = client.get(reverse("evaluation:discuss", args=[late.pk])).content.decode()
    rater = late.rater2.person.name
    assert page.count(f'data-label="Peer city, {rater}, submitted late"') == 6  # cells of the table, as cards on phones
    assert page.count("submitted late") == 6 + 7


def test_withdrawn_rater_submits_nothing_late(late):
    rounds.withdraw_rater(late.evaluation.assignments.get(person=late.rater2.person), by=late.coordinator)

    with pytest.raises(PermissionRefused):
        submit(late, late.rater2)
