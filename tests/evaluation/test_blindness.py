"""Before the discuss stage only its author sees a rating, on every page and for every role."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from accounts.models import Mail
from cities.enums import BodyKind, Role
from cities.rules import clear_role_cache
from evaluation.models import (
    Assessment,
    CommitteeQuestion,
    CommitteeReview,
    Consensus,
    DiscussionNote,
    Evaluation,
    Rating,
)
from evaluation.selectors.comparison import comparison_of
from evaluation.selectors.review_queue import queue_facts, review_queue_for, with_gap
from evaluation.services import committee, discussion, ratings, rounds
from tests.factories import EvaluationFactory, PersonFactory, UserFactory, member
from tests.factories.evaluation import move_to_stage

pytestmark = pytest.mark.django_db
SECRET = "Secret reason of rater one."


def _prepare_rated(case):
    """Submit the ratings of the first rater and save one of the second."""
    case.to("rate")
    for code in ("relevance", "effectiveness", "coherence", "sustainability", "efficiency", "impact"):
        level = 1 if code == "impact" else 4
        ratings.save_rating(case.evaluation, case.dimension(code), by=case.rater1, level=level, reasons=SECRET)
    ratings.submit_assessment(case.evaluation, by=case.rater1)
    ratings.save_rating(case.evaluation, case.dimension(), by=case.rater2, level=4, reasons="Not for others.")


PREPARED = {"rated": _prepare_rated}


@pytest.fixture
def rated(case):
    return case


@pytest.fixture
def superuser(db):
    return UserFactory(is_superuser=True, is_staff=True)


OTHERS = ["rater2", "moderator", "coordinator", "partner", "committee1", "committee3", "official", "lead", "expert"]
PAGES = [
    "evaluation:evaluation_detail",
    "evaluation:assign",
    "evaluation:rate_review",
    "evaluation:discuss",
    "evaluation:moderate",
    "evaluation:conflict_declare",
    "admin:evaluation_review",
    "admin:evaluation_review_gates",
    "admin:evaluation_evaluation_change",
    "admin:evaluation_evaluation_history",
]
LISTS = ["evaluation:round_list", "admin:evaluation_review_queue", "admin:index", "strategies:my_work"]


def urls_of(case):
    yield from (reverse(name, args=[case.pk]) for name in PAGES)
    yield from (reverse(name) for name in LISTS)
    yield reverse("evaluation:rate", args=[case.pk, "impact"])
    yield reverse("evaluation:round_detail", args=[case.round.pk])
    yield reverse("cities:city_detail", args=[case.city.slug])


@pytest.mark.slow
@pytest.mark.parametrize("role", [*OTHERS, "superuser"])
def test_pages_show_no_rating_of_another_person(rated, superuser, client, role):
    client.force_login(superuser if role == "superuser" else getattr(rated, role))

    for url in urls_of(rated):
        response = client.get(url)
        assert SECRET not in response.content.decode(), url


def test_author_sees_own_ratings(rated, client):
    client.force_login(rated.rater1)

    assert SECRET in client.get(reverse("evaluation:rate_review", args=[rated.pk])).content.decode()


@pytest.mark.parametrize(
    "shared_case, expected",
    [("moderate", set()), ("review", {"lead"}), ("published", {"lead", "official", "expert"})],
    indirect=["shared_case"],
    scope="package",
)
def test_consensus_is_visible_to_lead_officials_in_review_and_to_the_city_when_published(case, expected):
    people = {"lead", "official", "expert"}
    assert {name for name in people if Consensus.objects.visible_to(getattr(case, name)).exists()} == expected


@pytest.mark.parametrize("role", [*OTHERS, "superuser"])
def test_querysets_hide_ratings_and_assessments_of_others(rated, superuser, role):
    user = superuser if role == "superuser" else getattr(rated, role)
    own = {"rater2": 1}.get(role, 0)

    assert Rating.objects.visible_to(user).count() == own
    assert Assessment.objects.visible_to(user).count() == own
    assert Consensus.objects.visible_to(user).count() == 0
    assert DiscussionNote.objects.visible_to(user).count() == 0
    assert [side.spread.n for side in comparison_of(rated.evaluation, user).sides] == [0] * 6


@pytest.mark.slow
def test_submission_reveals_no_rating_of_others(rated, client):
    for code in ("relevance", "effectiveness", "coherence", "sustainability", "efficiency"):
        ratings.save_rating(rated.evaluation, rated.dimension(code), by=rated.rater2, level=2, reasons="Mine.")
    ratings.submit_assessment(rated.evaluation, by=rated.rater2)
    client.force_login(rated.rater2)

    assert Rating.objects.visible_to(rated.rater2).exclude(assessment__rater=rated.rater2.person).count() == 0
    for url in urls_of(rated):
        assert SECRET not in client.get(url).content.decode()


def test_review_queue_shows_no_figures_before_the_review(rated):
    """A second evaluation whose raters agree: sort order and figures must not distinguish the two."""
    other = EvaluationFactory(round=rated.round)

    for stage in ("rate", "discuss", "moderate"):
        for evaluation in Evaluation.objects.all():
            move_to_stage(evaluation, stage)
        rows = {row.pk: row for row in with_gap(Evaluation.objects.all())}
        figures = {(row.largest_gap, row.rater_count) for row in rows.values()}
        facts = queue_facts(list(review_queue_for(rated.committee1)), rated.committee1)
        assert figures == {(-1, -1)}
        assert {(row.dimension, row.spread, row.evidence) for row in facts.values()} == {(None, None, None)}
    assert other.pk in rows


def test_admin_filters_cannot_query_ratings(rated, client):
    client.force_login(rated.committee1)
    queue = reverse("admin:evaluation_review_queue")

    for lookup in ("assessments__ratings__level=1", "assessments__submitted_at__isnull=False"):
        response = client.get(f"{queue}?{lookup}")
        assert response.status_code in {302, 400}, lookup
    assert "Lublin, Autumn" not in client.get(f"{queue}?q={SECRET[:12]}").content.decode()
    rated.to("review")
    for user in (rated.coordinator, rated.committee1):
        client.force_login(user)
        assert client.get(f"{queue}?largest_gap__gte=0").status_code == 400  # the list has no such filter


@pytest.mark.slow
def test_emails_contain_no_rating(rated):
    rated.rate(rated.official, 2)
    rated.to("published")

    for body in Mail.objects.values_list("body", flat=True):
        assert SECRET not in body
        assert "Reason for" not in body


@pytest.mark.slow
def test_ratings_are_visible_to_raters_and_moderator_from_the_discussion_on(rated, client, superuser):
    rated.move("start_discussion")
    discussion.add_note(rated.evaluation, rated.dimension(), by=rated.rater1, text="A note for raters.")
    roles_that_see = {
        role
        for role in [*OTHERS, "rater1"]
        if Rating.objects.visible_to(getattr(rated, role)).filter(reasons=SECRET).exists()
    }

    assert roles_that_see == {"rater1", "rater2", "moderator", "official"}
    assert not Rating.objects.visible_to(superuser).exists()
    for role in ("coordinator", "partner", "lead", "committee1", "committee3"):
        client.force_login(getattr(rated, role))
        for url in urls_of(rated):
            page = client.get(url).content.decode()
            assert SECRET not in page, (role, url)
            assert "A note for raters." not in page


def test_unsubmitted_assessment_is_visible_to_its_author_only(rated):
    rated.to("review")

    for role in ("rater1", "moderator", "committee1"):
        assert not Rating.objects.visible_to(getattr(rated, role)).filter(reasons="Not for others.").exists()
    assert Rating.objects.visible_to(rated.rater2).filter(reasons="Not for others.").exists()


@pytest.mark.slow
def test_ratings_are_visible_to_committee_members_without_conflict_from_the_review_on(rated, client):
    rated.to("review")

    assert Rating.objects.visible_to(rated.committee1).filter(reasons=SECRET).count() == 6
    assert not Rating.objects.visible_to(rated.committee3).exists()
    client.force_login(rated.committee3)
    queue = client.get(reverse("admin:evaluation_review_queue")).content.decode()
    assert "Lublin" not in queue
    for url in urls_of(rated):
        assert SECRET not in client.get(url).content.decode()


@pytest.mark.slow
def test_published_page_shows_consensus_without_names(rated, client):
    rated.to("published")

    page = client.get(reverse("evaluation:evaluation_detail", args=[rated.pk])).content.decode()

    assert "We agreed on it." in page
    assert SECRET not in page
    assert f">{rated.rater1.person.name}<" not in page


# ---- review queue


@pytest.mark.stage("review")
def test_review_queue_shows_the_most_disputed_dimension(case, client):
    client.force_login(case.committee1)

    page = client.get(reverse("admin:evaluation_review_queue")).content.decode()

    assert "Lublin, Autumn round" in page
    assert "1–4 (1–4)" in page
    assert "Impact" in page
    assert reverse("admin:evaluation_review", args=[case.pk]) in page
    assert client.get(reverse("admin:evaluation_evaluation_change", args=[case.pk])).url == reverse(
        "admin:evaluation_review", args=[case.pk]
    )


@pytest.mark.stage("review")
def test_review_queue_hides_rating_columns_from_coordinators(case, client):
    client.force_login(case.coordinator)

    page = client.get(reverse("admin:evaluation_review_queue")).content.decode()

    assert "Lublin, Autumn round" in page
    assert "disputed" not in page.lower()
    assert "1–4" not in page
    csv = client.post(
        reverse("admin:evaluation_review_queue"), {"action": "as_csv", "_selected_action": [case.pk]}
    ).content.decode()
    assert csv.splitlines()[0].removeprefix("\ufeff") == "City,Round,Stage,Deadline,Days waiting"


@pytest.mark.stage("review")
def test_review_queue_is_exported_as_csv(case, client):
    client.force_login(case.committee1)

    response = client.post(
        reverse("admin:evaluation_review_queue"), {"action": "as_csv", "_selected_action": [case.pk]}
    )

    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[0] == (
        "City,Round,Stage,Deadline,Raters,Largest disagreement,Lower median,Upper median,Lowest level,Highest level,"
        "Largest gap,Evidence,Approvals,You have decided,Days waiting"
    )
    assert lines[1].startswith("Lublin,Autumn round,committee review,")
    assert lines[1].endswith(",1,4,1,4,3,none,0,no,0")


VISIBLE_COUNTS = {  # role: visible (questions, decisions) in review, and after publication
    "public": ((0, 0), (0, 0)),
    "viewer": ((0, 0), (1, 2)),
    "expert": ((0, 0), (1, 2)),
    "official": ((1, 0), (1, 2)),
    "lead": ((1, 0), (1, 2)),
    "stranger": ((0, 0), (0, 0)),
    "partner": ((0, 0), (1, 2)),
    "coordinator": ((0, 0), (1, 2)),
    "rater": ((0, 0), (0, 0)),
    "moderator": ((0, 0), (0, 0)),
    "committee1": ((1, 1), (1, 2)),
    "committee3": ((0, 0), (0, 0)),
}


@pytest.mark.slow
def test_committee_questions_and_decisions_are_visible_by_role_and_stage(case, other_city, city):
    case.viewer = member(BodyKind.CITY_OFFICE, Role.VIEWER, other_city)
    case.stranger = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city)
    case.rater, case.public = PersonFactory().user, AnonymousUser()
    case.moderator = PersonFactory().user
    rounds.assign_rater(case.evaluation, case.rater.person, "peer", by=case.coordinator)
    rounds.set_moderator(case.evaluation, case.moderator.person, by=case.coordinator)
    case.to("review")
    committee.ask_question(case.evaluation, by=case.committee1, text="Who was asked?")
    case.decide(case.committee1, reason="Well founded.")
    roles = list(VISIBLE_COUNTS)

    in_review = [_visible_counts(getattr(case, role), case.evaluation) for role in roles]
    case.decide(case.committee2)
    published = [_visible_counts(getattr(case, role), case.evaluation) for role in roles]

    assert dict(zip(roles, zip(in_review, published, strict=True), strict=True)) == VISIBLE_COUNTS


def _visible_counts(user, evaluation):
    if user.is_authenticated:
        clear_role_cache(user)
    counts = []
    for model, name in ((CommitteeQuestion, "committeequestion"), (CommitteeReview, "committeereview")):
        rows = model.objects.visible_to(user)
        allowed = [row for row in model.objects.all() if user.has_perm(f"evaluation.view_{name}", row)]
        assert list(rows) == allowed
        counts.append(len(rows))
    return tuple(counts)


@pytest.mark.slow
@pytest.mark.stage("review")
def test_public_sees_the_decision_but_no_texts_of_the_committee(case, client):
    committee.ask_question(case.evaluation, by=case.committee1, text="Who was asked?")
    verdicts = {"impact": ("approve", "Look at this again next time.")}
    case.decide(case.committee1, reason="Well founded.", dimensions=verdicts)
    case.decide(case.committee2)
    texts = {}
    for name, user in (("public", None), ("partner", case.partner), ("expert", case.expert)):
        client.logout()
        if user:
            client.force_login(user)
        texts[name] = client.get(case.evaluation.get_absolute_url()).content.decode()

    committee_texts = ["Who was asked?", "Well founded.", "Look at this again next time."]
    assert [words for words in committee_texts if words in texts["public"]] == []
    assert "approved by 2 members of the scientific committee" in texts["public"]
    for name in ("partner", "expert"):
        assert [words for words in committee_texts if words not in texts[name]] == []


@pytest.mark.slow
@pytest.mark.parametrize("role", ["committee1", "coordinator"])
@pytest.mark.stage("review")
def test_review_queue_query_count_is_constant(case, client, role, django_assert_max_num_queries):
    counts = []
    client.force_login(getattr(case, role))
    for more in (0, 4):
        for _n in range(more):
            EvaluationFactory(round=case.round, stage="review")
        clear_role_cache(getattr(case, role))
        client.get(reverse("admin:evaluation_review_queue"))  # what is kept in the process
        with django_assert_max_num_queries(15) as captured:
            response = client.get(reverse("admin:evaluation_review_queue"))
        counts.append(len(captured))

    assert response.status_code == 200
    assert counts[0] == counts[1]


@pytest.mark.stage("review")
def test_review_queue_can_be_searched_filtered_and_sorted(case, client):
    EvaluationFactory(round=case.round)
    client.force_login(case.committee1)
    queue = reverse("admin:evaluation_review_queue")

    assert "Lublin" in client.get(f"{queue}?q=lublin").content.decode()
    assert "Lublin, Autumn" not in client.get(f"{queue}?q=nowhere").content.decode()
    assert "Lublin, Autumn" in client.get(f"{queue}?stage__exact=review").content.decode()
    assert "Lublin, Autumn" in client.get(f"{queue}?o=-7").content.decode()


@pytest.mark.slow
def test_annotated_roles_match_the_permissions(case, everyone):
    EvaluationFactory(round=case.round)
    users = [*everyone.values(), *(getattr(case, role) for role in [*OTHERS, "rater1", "committee2"])]
    pairs = {
        "is_rater": "evaluation.rate_evaluation",
        "is_moderator": "evaluation.moderate_evaluation",
        "is_reviewer": "evaluation.review_evaluation",
    }

    for user in users:
        visible = set(Evaluation.objects.visible_to(user))
        for row in Evaluation.objects.with_roles_of(user):
            assert (row in visible) == user.has_perm("evaluation.view_evaluation", row)
            for name, permission in pairs.items():
                assert (getattr(row, name) and row in visible) == user.has_perm(permission, row), (user, name)


def test_coordinator_reviews_no_evaluation(case):
    both = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR)

    assert not Evaluation.objects.reviewable_by(both).exists()
