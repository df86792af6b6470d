"""Pages with several forms: saving one of them loses nothing that was typed into the others."""

import pytest
from django.urls import reverse

from evaluation.models import CommitteeQuestion, CommitteeReview, Consensus, DiscussionNote
from evaluation.services import committee
from tests.evaluation.conftest import CODES
from tests.factories import EvaluationFactory, PersonFactory

pytestmark = pytest.mark.django_db
TYPED = "Half a sentence about relevance"


@pytest.fixture
def post(client, case):
    def post(user, name, **data):
        client.force_login(user)
        return client.post(reverse(name, args=[case.pk]), data)

    return post


def consensus_data(code, **changed):
    """Return what the moderation page posts: all dimensions, one of them filled in."""
    empty = {f"{one}-{field}": "" for one in CODES for field in ("reason", "not_assessed_reason", "version")}
    return empty | {f"{code}-choice": "2", f"{code}-reason": "Agreed.", "dimension": code} | changed


# ---- moderation


@pytest.mark.stage("moderate")
def test_saving_one_consensus_keeps_the_text_of_the_others(case, post):
    typed = {"relevance-reason": TYPED, "relevance-choice": "4"}

    page = post(case.moderator, "evaluation:moderate", **consensus_data("impact", **typed))

    assert list(Consensus.objects.values_list("dimension__code", flat=True)) == ["impact"]
    forms = {side.dimension.code: form for side, form, _is_unsaved in page.context["rows"]}
    assert (forms["relevance"]["reason"].value(), forms["relevance"]["choice"].value()) == (TYPED, "4")
    assert forms["impact"]["version"].value() == 1
    text = page.content.decode()
    assert "The consensus on Impact has been saved." in text
    assert text.count("not saved yet") == 1
    assert "Please correct the following" not in text


@pytest.mark.stage("moderate")
def test_error_in_one_consensus_keeps_the_text_of_the_others(case, post):
    typed = {"relevance-reason": TYPED, "impact-reason": ""}

    page = post(case.moderator, "evaluation:moderate", **consensus_data("impact", **typed))

    assert not Consensus.objects.exists()
    assert TYPED in page.content.decode()
    assert page.content.decode().count("Please correct the following") == 1


@pytest.mark.stage("moderate")
def test_saving_the_only_typed_consensus_redirects(case, post):
    assert post(case.moderator, "evaluation:moderate", **consensus_data("impact")).status_code == 302


@pytest.mark.stage("moderate")
def test_handing_over_asks_to_save_what_is_typed_first(case, post):
    case.agree()
    stored = {f"{code}-{name}": value for code in CODES for name, value in (("choice", "3"), ("version", "1"))}
    stored |= {f"{code}-reason": "We agreed on it." for code in CODES}
    stored |= {f"{code}-not_assessed_reason": "" for code in CODES}

    page = post(case.moderator, "evaluation:hand_over", **stored | {"relevance-reason": TYPED})

    assert case.evaluation.stage == "moderate"
    assert "Not saved yet: Relevance." in page.content.decode()
    assert TYPED in page.content.decode()
    assert post(case.moderator, "evaluation:hand_over", **stored).status_code == 302
    assert case.evaluation.stage == "review"


# ---- discussion


@pytest.mark.stage("discuss")
def test_adding_a_note_keeps_the_other_notes(case, post):
    notes = {f"text-{code}": "" for code in CODES} | {"text-impact": "I saw the survey.", "text-relevance": TYPED}

    page = post(case.rater1, "evaluation:discuss", dimension="impact", **notes)

    assert DiscussionNote.objects.get().text == "I saw the survey."
    assert page.content.decode().count(TYPED) == 1
    assert page.context["view"].form["impact"].value() == ""
    again = post(case.rater1, "evaluation:discuss", dimension="relevance", **notes | {"text-impact": ""})
    assert again.status_code == 302
    assert DiscussionNote.objects.count() == 2


@pytest.mark.stage("discuss")
def test_empty_note_keeps_the_other_notes(case, post):
    page = post(case.rater1, "evaluation:discuss", dimension="impact", **{"text-impact": "", "text-relevance": TYPED})

    assert not DiscussionNote.objects.exists()
    assert TYPED in page.content.decode()


# ---- the committee's review


@pytest.fixture
def typed_review(case):
    """Return what the review page posts with both of its buttons."""
    case.to("review")
    comments = {f"comment-{code}": f"{TYPED} {code}" for code in CODES}
    return comments | {
        "snapshot_hash": committee.decision_hash(case.evaluation),
        "reason": "Not done yet",
        "decision": "approve",
        "changes-impact": "on",
        "dimension": "impact",
        "text": "Who was asked?",
    }


@pytest.mark.stage("review")
def test_asking_a_question_keeps_the_comments(case, post, typed_review):
    page = post(case.committee1, "admin:evaluation_review_ask", **typed_review)

    assert CommitteeQuestion.objects.get().text == "Who was asked?"
    form = page.context["form"]
    assert [form[f"comment-{code}"].value() for code in CODES] == [f"{TYPED} {code}" for code in CODES]
    assert (form["reason"].value(), form["decision"].value(), form["changes-impact"].value()) == (
        "Not done yet",
        "approve",
        True,
    )
    assert form["snapshot_hash"].value() == typed_review["snapshot_hash"]
    assert not page.context["question_form"].initial.get("text")
    assert "Please correct the following" not in page.content.decode()


@pytest.mark.stage("review")
def test_empty_question_keeps_the_comments(case, post, typed_review):
    page = post(case.committee1, "admin:evaluation_review_ask", **typed_review | {"text": ""})

    assert not CommitteeQuestion.objects.exists()
    assert f"{TYPED} impact" in page.content.decode()


@pytest.mark.stage("review")
def test_decision_asks_to_send_the_typed_question_first(case, post, typed_review):
    fields = {name: value for name, value in typed_review.items() if name != "changes-impact"}

    page = post(case.committee1, "admin:evaluation_review", **fields)

    assert not CommitteeReview.objects.exists()
    assert "Your question to the city has not been sent." in page.content.decode()
    assert page.context["question_form"].initial["text"] == "Who was asked?"
    post(case.committee1, "admin:evaluation_review", **fields | {"text": ""})
    assert CommitteeReview.objects.get().decision == "approve"


# ---- the round


@pytest.fixture
def post_round(client, case):
    def post(name, **data):
        client.force_login(case.coordinator)
        return client.post(reverse(name, args=[case.round.pk]), data)

    return post


@pytest.fixture
def other_strategy(case):
    """Return a strategy whose city has submitted the period of the round, and is in another round."""
    return EvaluationFactory(round__period=case.round.period).strategy


def test_adding_a_city_keeps_a_typed_reason_to_close_the_round(case, post_round, other_strategy):
    page = post_round("evaluation:evaluation_add", strategy=other_strategy.pk, reason=TYPED)

    assert case.round.evaluations.filter(strategy=other_strategy).exists()
    assert page.context["close_form"]["reason"].value() == TYPED
    text = page.content.decode()
    assert TYPED in text
    assert f"The evaluation of {other_strategy.city} has been added." in text


def test_city_that_cannot_be_added_keeps_a_typed_reason(post_round):
    assert TYPED in post_round("evaluation:evaluation_add", strategy="", reason=TYPED).content.decode()


def test_missing_reason_keeps_the_chosen_city(case, post_round, other_strategy):
    page = post_round("evaluation:round_close", strategy=other_strategy.pk, reason="")

    assert f'value="{other_strategy.pk}" selected' in page.content.decode()


# ---- assignments


def test_naming_a_moderator_keeps_a_typed_conflict(case, post):
    new = PersonFactory()
    data = {"moderator-person": new.pk, "conflict-reason": TYPED, "rater-person": "", "rater-capacity": "self"}

    page = post(case.coordinator, "evaluation:assign", act="moderator", **data)

    assert case.evaluation.moderator == new
    assert TYPED in page.content.decode()
    alone = data | {"conflict-reason": "", "moderator-person": PersonFactory().pk}
    alone = post(case.coordinator, "evaluation:assign", act="moderator", **alone)
    assert alone.status_code == 302


def test_enter_key_changes_nothing_on_the_page_of_assignments(case, post):
    page = post(case.coordinator, "evaluation:assign", act="", **{"conflict-reason": TYPED})

    assert page.status_code == 200
    assert TYPED in page.content.decode()


def test_withdrawing_a_rater_keeps_a_typed_conflict(case, post):
    assignment = case.evaluation.assignments.first()

    page = post(case.coordinator, "evaluation:assign", withdraw=assignment.pk, **{"conflict-reason": TYPED})

    assignment.refresh_from_db()
    assert assignment.withdrawn_at is not None
    assert TYPED in page.content.decode()
