"""Pages of evaluations: visibility, and that their forms work."""

import pytest
from django.urls import reverse

from evaluation.enums import Capacity
from evaluation.models import (
    Consensus,
    DiscussionNote,
    Evaluation,
    EvaluationRound,
    RaterAssignment,
    Rating,
    SubstituteAppointment,
)
from evaluation.services import committee, conflicts, ratings, rounds
from tests.factories import (
    EvaluationFactory,
    EventFactory,
    PersonFactory,
    RaterAssignmentFactory,
    StrategyFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def get(client, case):
    def get(user, name, *args, **kwargs):
        client.force_login(user)
        return client.get(reverse(name, args=args or [case.pk]), **kwargs)

    return get


@pytest.fixture
def post(client, case):
    def post(user, name, *args, **data):
        client.force_login(user)
        return client.post(reverse(name, args=args or [case.pk]), data)

    return post


RATER_PAGES = ["evaluation:rate_review"]
TALK_PAGES = ["evaluation:discuss"]


@pytest.mark.slow
def test_evaluation_is_public_after_publication_only(client, case):
    detail = reverse("evaluation:evaluation_detail", args=[case.pk])
    assert client.get(detail).status_code == 302
    assert "Lublin" not in client.get(reverse("evaluation:round_list")).content.decode()

    case.to("published")

    page = client.get(detail).content.decode()
    assert "Consensus" in page
    assert "We agreed on it." in page
    assert "Lublin" in client.get(reverse("evaluation:round_list")).content.decode()


@pytest.mark.parametrize(
    "user, name, expected",
    [
        ("rater1", "evaluation:evaluation_detail", 200),
        ("rater1", "evaluation:rate_review", 200),
        ("rater1", "evaluation:discuss", 404),
        ("rater1", "evaluation:moderate", 403),
        ("rater1", "evaluation:assign", 403),
        ("moderator", "evaluation:rate_review", 403),
        ("moderator", "evaluation:discuss", 404),
        ("coordinator", "evaluation:assign", 200),
        ("coordinator", "evaluation:rate_review", 403),
        ("coordinator", "admin:evaluation_review", 404),
        ("partner", "evaluation:evaluation_detail", 200),
        ("partner", "evaluation:assign", 403),
        ("official", "evaluation:evaluation_detail", 200),
        ("expert", "evaluation:rate_review", 403),
        ("committee1", "evaluation:evaluation_detail", 200),
        ("committee1", "admin:evaluation_review", 404),
        ("committee3", "evaluation:evaluation_detail", 404),
        ("committee3", "admin:evaluation_review", 404),
    ],
)
@pytest.mark.stage("rate")
def test_page_status_codes_in_the_rating_stage(case, get, user, name, expected):
    assert get(getattr(case, user), name).status_code == expected


@pytest.mark.parametrize(
    "user, name, expected",
    [
        ("rater1", "evaluation:discuss", 200),
        ("rater1", "evaluation:moderate", 403),
        ("moderator", "evaluation:discuss", 200),
        ("moderator", "evaluation:moderate", 200),
        ("coordinator", "evaluation:discuss", 403),
        ("coordinator", "admin:evaluation_review", 404),
        ("partner", "evaluation:discuss", 403),
        ("lead", "evaluation:discuss", 403),
        ("official", "evaluation:discuss", 200),
        ("committee1", "admin:evaluation_review", 200),
        ("committee3", "admin:evaluation_review", 404),
        ("rater1", "admin:evaluation_review", 404),
    ],
)
@pytest.mark.stage("review")
def test_page_status_codes_in_the_review_stage(case, get, user, name, expected):
    assert get(getattr(case, user), name).status_code == expected


@pytest.mark.stage("review")
def test_evaluation_of_another_city_returns_404_before_publication(case, get, everyone):
    assert get(everyone["official"], "evaluation:evaluation_detail").status_code == 404
    assert get(everyone["superuser"], "evaluation:evaluation_detail").status_code == 404


# ---- ratings


def test_rating_form_saves_and_redirects_to_the_next_dimension(case, get, post):
    event = EventFactory(
        city=case.city,
        title="Kick-off with employers",
        starts_at=case.evaluation.revision.created_at,
        published_at=case.evaluation.revision.created_at,
    )
    case.to("rate")

    page = get(case.rater1, "evaluation:rate", case.pk, "relevance").content.decode()
    assert "Are the measures suitable in the context?" in page
    assert "Needs are clear and target groups were consulted; small gaps." in page
    assert "Kick-off with employers" in page
    response = post(
        case.rater1,
        "evaluation:rate",
        case.pk,
        "relevance",
        choice="3",
        reasons="They asked the newcomers.",
        citations=[f"event:{event.pk}"],
        save_next="",
    )

    assert response.url == reverse("evaluation:rate", args=[case.pk, "effectiveness"])
    rating = Rating.objects.get()
    assert (rating.level, rating.strength, [row.event for row in rating.citations.all()]) == (3, "limited", [event])
    assert "They asked the newcomers." in get(case.rater1, "evaluation:rate_review").content.decode()


@pytest.mark.stage("rate")
def test_invalid_rating_form_keeps_the_input(case, post):
    page = post(case.rater1, "evaluation:rate", case.pk, "impact", choice="none", reasons="I have typed this.")

    assert page.status_code == 200
    assert "I have typed this." in page.content.decode()
    assert "Explain why this dimension cannot be assessed." in page.content.decode()
    assert not Rating.objects.exists()


@pytest.mark.stage("rate")
def test_rating_edit_conflict_shows_both_versions(case, post):
    ratings.save_rating(case.evaluation, case.dimension(), by=case.rater1, level=3, reasons="From the first tab.")

    page = post(case.rater1, "evaluation:rate", case.pk, "impact", choice="2", reasons="From the second.", version="")

    assert page.status_code == 409
    assert "From the first tab." in page.content.decode()
    assert "From the second." in page.content.decode()
    assert 'name="version" value="1"' in page.content.decode()


@pytest.mark.stage("rate")
def test_first_ratings_sent_at_the_same_moment_are_an_edit_conflict(case, post, monkeypatch):
    save = ratings.save_rating

    def save_second(*args, **given):
        """Save after another request, which came after this one had read that there is no rating."""
        save(case.evaluation, case.dimension(), by=case.rater1, level=3, reasons="From the first tab.")
        save(*args, **given)

    monkeypatch.setattr(ratings, "save_rating", save_second)

    page = post(case.rater1, "evaluation:rate", case.pk, "impact", choice="2", reasons="From the second.", version="")

    assert page.status_code == 409
    assert "From the first tab." in page.content.decode()
    assert "From the second." in page.content.decode()


@pytest.mark.slow
@pytest.mark.stage("rate")
def test_submission_page_lists_missing_ratings_and_locks_submitted_ones(case, get, post):
    assert "Still missing" in get(case.rater1, "evaluation:rate_review").content.decode()
    for code in ("relevance", "effectiveness", "coherence", "sustainability", "efficiency", "impact"):
        post(case.rater1, "evaluation:rate", case.pk, code, choice="3", reasons="Seen.")

    post(case.rater1, "evaluation:rate_review")

    assert case.evaluation.assessments.get().submitted_at is not None
    page = get(case.rater1, "evaluation:rate", case.pk, "impact").content.decode()
    assert "You can change them again when the discussion starts." in page
    assert "<textarea" not in page


@pytest.mark.slow
@pytest.mark.stage("rate")
def test_submission_shows_one_message_and_links_my_work(case, get, post):
    _rate_all(case, get, post)

    page = get(case.rater1, "evaluation:rate_review").content.decode()

    assert page.count("is-good") == 1
    assert f'<a href="{reverse("strategies:my_work")}">Go to My work</a>' in page


@pytest.mark.slow
@pytest.mark.stage("rate")
def test_submission_links_the_next_evaluation_to_rate(case, get, post, city):
    strategy = StrategyFactory(city=city, published=True)
    other = EvaluationFactory(round=case.round, strategy=strategy, stage="rate")
    RaterAssignmentFactory(evaluation=other, person=case.rater1.person)
    _rate_all(case, get, post)

    page = get(case.rater1, "evaluation:rate_review").content.decode()

    assert f'<a href="{reverse("evaluation:rate_review", args=[other.pk])}">Next: Rate {other}</a>' in page


def _rate_all(case, get, post):
    for code in ("relevance", "effectiveness", "coherence", "sustainability", "efficiency", "impact"):
        post(case.rater1, "evaluation:rate", case.pk, code, choice="3", reasons="Seen.")
        get(case.rater1, "evaluation:rate_review")  # the success message is read
    post(case.rater1, "evaluation:rate_review")


# ---- discussion and consensus


@pytest.mark.stage("discuss")
def test_notes_are_visible_to_participants_of_the_discussion(case, get, post):
    post(case.rater1, "evaluation:discuss", dimension="impact", text="I have seen the survey.")

    assert "I have seen the survey." in get(case.moderator, "evaluation:discuss").content.decode()
    assert DiscussionNote.objects.get().author == case.rater1.person
    assert post(case.lead, "evaluation:discuss", dimension="impact", text="x").status_code == 403


@pytest.mark.slow
@pytest.mark.stage("moderate")
def test_moderator_saves_consensus_per_dimension_and_hands_over(case, get, post):
    codes = ("relevance", "effectiveness", "coherence", "sustainability", "efficiency", "impact")

    page = get(case.moderator, "evaluation:moderate").content.decode()
    assert page.index('id="impact"') < page.index('id="relevance"')  # the largest gap comes first
    for code in codes:
        data = {f"{code}-choice": "2", f"{code}-reason": "Agreed.", f"{code}-version": "", "dimension": code}
        assert post(case.moderator, "evaluation:moderate", **data).url.endswith(f"#{code}")
    post(case.moderator, "evaluation:hand_over")

    assert set(Consensus.objects.values_list("level", flat=True)) == {2}
    assert case.evaluation.stage == "review"


@pytest.mark.stage("moderate")
def test_consensus_without_reason_is_reported_at_its_field(case, post):
    page = post(case.moderator, "evaluation:moderate", **{"dimension": "impact", "impact-choice": "2"})

    assert page.status_code == 200
    assert "impact-reason" in page.content.decode()
    assert not Consensus.objects.exists()


@pytest.mark.stage("moderate")
def test_consensus_edit_conflict_shows_both_versions(case, post):
    case.agree(codes=["impact"])
    data = {"dimension": "impact", "impact-choice": "1", "impact-reason": "Another window.", "impact-version": ""}

    page = post(case.moderator, "evaluation:moderate", **data)

    assert page.status_code == 409
    assert "We agreed on it." in page.content.decode()
    assert "Another window." in page.content.decode()


@pytest.mark.stage("review")
def test_moderator_sees_the_requested_changes_without_names(case, get):
    case.decide(
        case.committee1,
        "request_changes",
        reason="The reasons are thin.",
        dimensions={"impact": ("request_changes", "Cite the survey.")},
        reopen_ratings=True,
    )

    for page in ("evaluation:moderate", "evaluation:evaluation_detail"):
        text = get(case.moderator, page).content.decode()
        assert "The reasons are thin." in text
        assert "Cite the survey." in text
        assert case.committee1.person.name not in text
    assert "Reconsider" in get(case.rater1, "evaluation:evaluation_detail").content.decode()


# ---- coordinators


def test_coordinator_assigns_raters_extends_and_moves_the_stage(case, get, post):
    new = PersonFactory(name="Rut Berg")
    until = case.round.rate_on

    assert "Rut Berg" not in get(case.coordinator, "evaluation:assign").content.decode()  # until she is searched
    post(case.coordinator, "evaluation:assign", act="rater", **{"rater-person": new.pk, "rater-capacity": "peer"})
    post(case.coordinator, "evaluation:assign", act="extend", **{"extend-until": until.isoformat()})
    post(case.coordinator, "evaluation:assign", act="move", verb="start_rating", **{"move-reason": "All are there."})

    assert case.evaluation.assignments.active().filter(person=new, capacity=Capacity.PEER).exists()
    assert (case.evaluation.stage, case.evaluation.transitions.get().reason) == ("rate", "All are there.")
    assignment = case.evaluation.assignments.get(person=new)
    assert post(case.coordinator, "evaluation:assign", act="withdraw", row="²").status_code == 404
    post(case.coordinator, "evaluation:assign", act="withdraw", row=assignment.pk)
    assert RaterAssignment.objects.get(pk=assignment.pk).withdrawn_at is not None


def test_refused_assignment_is_reported_on_the_form(case, post):
    page = post(
        case.coordinator,
        "evaluation:assign",
        act="rater",
        **{"rater-person": case.expert.person.pk, "rater-capacity": "peer"},
    )

    assert "This person has a conflict of interest with this city." in page.content.decode()


def test_coordinator_records_conflicts_and_appoints_substitutes(case, get, post):
    conflict_fields = {"conflict-person": case.committee2.person.pk, "conflict-reason": "Advised the city in 2024."}
    post(case.coordinator, "evaluation:assign", act="conflict", **conflict_fields)
    assert get(case.committee2, "evaluation:evaluation_detail").status_code == 404
    substitute = PersonFactory()
    substitute_fields = {"substitute-person": substitute.pk, "substitute-reason": "Only one member is free."}
    post(case.coordinator, "evaluation:assign", act="substitute", **substitute_fields)
    assert SubstituteAppointment.objects.get().person == substitute
    conflict = case.evaluation.conflicts.get()

    post(case.coordinator, "evaluation:assign", act="forgive", row=conflict.pk)

    assert get(case.committee2, "evaluation:evaluation_detail").status_code == 200
    assert post(case.coordinator, "evaluation:assign", act="nonsense").status_code == 404


def test_coordinator_assigns_the_moderator(case, post):
    new = PersonFactory()

    post(case.coordinator, "evaluation:assign", act="moderator", **{"moderator-person": new.pk})

    assert case.evaluation.moderator == new


def _round_fields(case):
    days = ["declare_on", "rate_on", "discuss_on", "moderate_on", "review_on", "decide_by"]
    fields = {name: getattr(case.round, name).isoformat() for name in days}
    return fields | {"name": "Second round", "framework": case.framework.pk, "period": case.round.period.pk}


def test_rounds_created_at_the_same_moment_are_one_and_an_error_message(case, client, monkeypatch):
    create = rounds.create_round

    def create_second(**given):
        """Create after another request, which came after this one's form had been checked."""
        create(**given)
        return create(**given)

    monkeypatch.setattr(rounds, "create_round", create_second)
    client.force_login(case.coordinator)

    response = client.post(reverse("evaluation:round_create"), _round_fields(case))

    assert response.status_code == 200
    assert "Another round has this name. Choose another name." in response.content.decode()
    assert EvaluationRound.objects.filter(name="Second round").count() == 1


def test_coordinator_creates_a_round_and_adds_an_evaluation(case, client, city):
    strategy = StrategyFactory(city=city, published=True)
    EvaluationFactory(strategy=strategy, round__period=case.round.period)
    fields = _round_fields(case)
    url = reverse("evaluation:round_create")
    assert client.get(url).status_code == 302
    client.force_login(case.partner)
    assert client.post(url, fields).status_code == 403
    client.force_login(case.coordinator)
    assert client.get(url).status_code == 200
    wrong = client.post(url, fields | {"decide_by": case.round.declare_on.isoformat()})
    assert not EvaluationRound.objects.filter(name="Second round").exists()
    assert wrong.status_code == 200

    response = client.post(url, fields)
    round_ = EvaluationRound.objects.get(name="Second round")
    assert response.url == round_.get_absolute_url()
    assert strategy.title in client.get(response.url).content.decode()
    client.post(reverse("evaluation:evaluation_add", args=[round_.pk]), {"strategy": strategy.pk})

    assert Evaluation.objects.filter(round=round_, strategy=strategy).exists()
    client.post(reverse("evaluation:evaluation_add", args=[round_.pk]), {"strategy": ""})
    assert round_.evaluations.count() == 1


# ---- conflicts and questions


def test_rater_who_declares_a_conflict_loses_access(case, get, post):
    assert get(case.rater1, "evaluation:conflict_declare").status_code == 200
    assert post(case.rater1, "evaluation:conflict_declare", reason="").status_code == 200

    response = post(case.rater1, "evaluation:conflict_declare", reason="I advised them.")

    assert response.url == reverse("evaluation:round_list")
    assert get(case.rater1, "evaluation:rate_review").status_code == 403  # a trainer sees only that it exists


@pytest.mark.stage("review")
def test_question_is_answered_by_officials_of_the_city(case, get, post):
    question = committee.ask_question(case.evaluation, by=case.committee1, text="Who was asked?")

    assert "Who was asked?" in get(case.lead, "evaluation:evaluation_detail").content.decode()
    assert get(case.partner, "evaluation:question_answer", question.pk).status_code == 404
    assert get(case.moderator, "evaluation:question_answer", question.pk).status_code == 404
    assert get(case.lead, "evaluation:question_answer", question.pk).status_code == 200
    assert post(case.lead, "evaluation:question_answer", question.pk, text="").status_code == 200
    post(case.lead, "evaluation:question_answer", question.pk, text="Four hundred newcomers.")

    question.refresh_from_db()
    assert (question.answer, question.answered_by) == ("Four hundred newcomers.", case.lead)
    again = post(case.lead, "evaluation:question_answer", question.pk, text="Five hundred.")
    assert "has already been answered" in again.content.decode()


def test_reasons_of_conflicts_are_visible_to_coordinators_only(case, get):
    conflicts.declare_conflict(case.evaluation, by=case.rater2, reason="A secret reason.")

    for user in (case.rater1, case.moderator, case.lead, case.committee1, case.partner):
        assert "A secret reason." not in get(user, "evaluation:evaluation_detail").content.decode()
    assert "A secret reason." in get(case.coordinator, "evaluation:assign").content.decode()


@pytest.mark.parametrize("pk", ["²", "9" * 30, "x"])
def test_desk_url_with_invalid_pk_returns_404(client, case, pk):
    client.force_login(case.committee1)

    assert client.get(f"/admin/evaluation/evaluation/{pk}/change/").status_code == 404


@pytest.mark.stage("discuss")
def test_character_that_cannot_be_stored_is_no_server_error(client, case):
    client.force_login(case.rater1)

    response = client.post(reverse("evaluation:discuss", args=[case.pk]), {"dimension": "\0", "text": "Why?"})

    assert response.status_code == 404
