"""Recommendations: who writes, issues, sees, answers and completes them, and what the database refuses."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Mail
from cities.enums import BodyKind, Role
from core import clock
from core.exceptions import EditConflict, InputRefused, PermissionRefused, ReasonMissing
from evaluation.enums import RECOMMENDATION_TRANSITIONS, RecommendationState
from evaluation.exceptions import (
    AlreadyPublished,
    PublishedWithEvaluation,
    RecommendationClosed,
    RecommendationNotPossible,
    ResponseIncomplete,
)
from evaluation.models import ManagementResponse, Recommendation, RecommendationTransition
from evaluation.services import recommendations, responses
from tests.factories import (
    ActionFactory,
    CityFactory,
    DimensionFactory,
    ManagementResponseFactory,
    RecommendationFactory,
    member,
    move_recommendation,
    one_for_each_role,
)

pytestmark = pytest.mark.django_db

TEXT = {"text": "Offer courses in the evening.", "done_when": "They are in the programme.", "priority": "high"}


@pytest.fixture
def city(db):
    return CityFactory(name="Linköping")


@pytest.fixture
def roles(city):
    found = one_for_each_role(city, CityFactory(name="Ghent"))
    found["expert_chair"] = member(BodyKind.EXPERT_GROUP, Role.CHAIR, city)
    found["local_chair"] = member(BodyKind.LOCAL_COMMITTEE, Role.CHAIR, city)
    return found


def body_of(user):
    return user.person.memberships.get().body


def seen_by(row, roles) -> set[str]:
    """Return who sees the row, by the list and by the rule, which must agree."""
    listed = {name for name, user in roles.items() if Recommendation.objects.visible_to(user).filter(pk=row.pk)}
    allowed = {name for name, user in roles.items() if user.has_perm("evaluation.view_recommendation", row)}
    assert listed == allowed
    return listed


def emails(kind) -> Counter:
    """Return how many emails of a kind went to each address. Their texts are in the reader's language."""
    return Counter(Mail.objects.filter(key__startswith=kind).values_list("recipient", flat=True))


CITY = {"viewer", "expert", "local_committee", "official", "lead", "expert_chair", "local_chair"}
NETWORK = {"partner", "trainer", "scientific", "coordinator"}  # without the member in conflict


# ---- drafts


DRAFTERS = {  # source, by: who sees the draft
    ("committee", "scientific"): {"scientific"},
    ("network_office", "coordinator"): {"coordinator"},
    ("expert_group", "expert_chair"): {"expert_chair"},
    ("body_decision", "local_chair"): {"local_chair"},
}


@pytest.mark.parametrize("source, by", DRAFTERS)
def test_draft_is_seen_by_those_who_may_issue_it(roles, city, source, by):
    user = roles[by]
    body = body_of(user) if by.endswith("_chair") else None

    row = recommendations.draft_from(source, by=user, city=city, body=body, fields=TEXT)

    assert (row.state, row.author, row.city) == ("draft", user, city)
    assert seen_by(row, roles) == DRAFTERS[source, by]
    assert {name for name, user in roles.items() if user.has_perm("evaluation.issue_recommendation", row)} == {by}


@pytest.mark.parametrize("source", ["committee", "network_office", "expert_group", "body_decision", "peer_review"])
def test_draft_of_others_is_refused_and_not_kept(roles, city, source):
    allowed = {name for wanted, name in DRAFTERS if wanted == source}
    body = {"expert_group": "expert_chair", "body_decision": "local_chair"}.get(source)

    for name, user in roles.items():
        if name in allowed or name == "public":
            continue
        of = body_of(roles[body]) if body else None
        with pytest.raises(PermissionRefused):
            recommendations.draft_from(source, by=user, city=city, body=of, fields=TEXT)

    assert not Recommendation.objects.exists()


def test_chair_recommends_to_own_city_only(roles, city):
    other = CityFactory()
    row = recommendations.draft_from(
        "expert_group", by=roles["expert_chair"], city=other, body=body_of(roles["expert_chair"]), fields=TEXT
    )

    assert row.city == city
    body = body_of(roles["expert_chair"])
    with pytest.raises(PermissionRefused):
        recommendations.draft_from("body_decision", by=roles["expert_chair"], body=body, fields=TEXT)


def test_draft_needs_its_texts_and_is_changed_by_version(roles, city):
    with pytest.raises(InputRefused) as refused:
        recommendations.draft_from(
            "committee", by=roles["scientific"], city=city, fields=TEXT | {"text": " ", "done_when": ""}
        )
    row = recommendations.draft_from("committee", by=roles["scientific"], city=city, fields=TEXT)
    changed = recommendations.change_draft(
        row, by=roles["scientific"], fields={"text": "Offer two courses."}, version=row.version
    )

    assert set(refused.value.errors) >= {"text", "done_when"}
    assert changed.text == "Offer two courses."
    with pytest.raises(EditConflict):
        recommendations.change_draft(row, by=roles["scientific"], fields=TEXT, version=row.version)


# ---- who sees an issued one


def test_issued_one_without_evaluation_is_hidden_from_the_public_until_it_is_published(roles, city):
    row = RecommendationFactory(city=city, verbs=("issue",))

    assert seen_by(row, roles) == CITY | NETWORK
    with pytest.raises(PermissionRefused):
        recommendations.publish(row, by=roles["official"])
    recommendations.publish(row, by=roles["lead"])

    row.refresh_from_db()
    assert row.is_public
    assert seen_by(row, roles) == set(roles)
    with pytest.raises(AlreadyPublished):
        recommendations.publish(row, by=roles["lead"])


def test_one_to_the_network_is_seen_by_cities_and_published_by_a_coordinator(roles):
    row = RecommendationFactory(city=None, verbs=("issue",))

    assert seen_by(row, roles) == CITY | NETWORK | {"other_official", "scientific_conflicted"}
    with pytest.raises(PermissionRefused):
        recommendations.publish(row, by=roles["lead"])
    recommendations.publish(row, by=roles["coordinator"])
    assert seen_by(row, roles) == set(roles)


def test_withdrawn_draft_stays_hidden_and_issued_one_stays_readable(roles, city):
    draft, issued = RecommendationFactory(city=city), RecommendationFactory(city=city, verbs=("issue",))

    for row in (draft, issued):
        with pytest.raises(ReasonMissing):
            recommendations.withdraw(row, by=roles["coordinator"], reason=" ")
        recommendations.withdraw(row, by=roles["coordinator"], reason="Said twice.")

    with pytest.raises(RecommendationNotPossible):
        recommendations.publish(issued, by=roles["lead"])
    assert seen_by(draft, roles) == {"coordinator"}
    assert seen_by(issued, roles) == CITY | NETWORK
    assert set(emails("recommendation-withdrawn")) == {roles[name].email for name in ("official", "lead")}


# ---- in an evaluation


@pytest.mark.stage("review")
def test_those_of_an_evaluation_are_issued_and_public_with_its_publication(case):
    by_moderator = recommendations.draft_in_evaluation(case.evaluation, by=case.moderator, fields=TEXT)
    by_committee = recommendations.draft_in_evaluation(case.evaluation, by=case.committee1, fields=TEXT)
    early = recommendations.draft_in_evaluation(case.evaluation, by=case.committee2, fields=TEXT)
    people = {name: getattr(case, name) for name in ("moderator", "committee1", "committee2", "committee3")}
    people |= {name: getattr(case, name) for name in ("lead", "official", "partner", "rater1", "coordinator")}
    early = recommendations.issue(early, by=case.committee1)

    assert (by_moderator.source, by_committee.source) == ("evaluation", "committee")
    assert seen_by(by_moderator, people) == {"moderator", "committee1", "committee2"}
    assert seen_by(by_committee, people) == {"committee1", "committee2"}
    # trainers and partners read what is issued; the member in conflict does not before publication
    assert seen_by(early, people) == set(people) - {"committee3"}
    with pytest.raises(PublishedWithEvaluation):
        recommendations.publish(early, by=case.lead)

    case.to("published")

    rows = Recommendation.objects.filter(evaluation=case.pk)
    assert {row.state for row in rows} == {"issued"}
    assert {row.is_public for row in rows} == {True}
    verbs = RecommendationTransition.objects.filter(recommendation=by_moderator).values_list("verb", "by")
    assert list(verbs) == [("issue", None)]
    assert emails("recommendation-issued") == Counter({user.email: 3 for user in (case.lead, case.official)})


@pytest.mark.stage("discuss")
def test_moderator_drafts_from_the_discussion_on_and_the_committee_sees_it_from_the_review_on(case):
    row = recommendations.draft_in_evaluation(case.evaluation, by=case.moderator, fields=TEXT)

    for user in (case.committee1, case.rater1, case.official, case.lead, case.coordinator, case.expert):
        assert not Recommendation.objects.visible_to(user).exists()
        with pytest.raises(PermissionRefused):
            recommendations.draft_in_evaluation(case.evaluation, by=user, fields=TEXT)
    with pytest.raises(PermissionRefused):
        recommendations.issue(row, by=case.moderator)

    case.to("review")
    assert Recommendation.objects.visible_to(case.committee1).get() == row
    assert not Recommendation.objects.visible_to(case.committee3).exists()


@pytest.mark.stage("rate")
def test_nobody_drafts_while_the_ratings_are_blind(case):
    for user in (case.moderator, case.committee1, case.rater1):
        with pytest.raises(PermissionRefused):
            recommendations.draft_in_evaluation(case.evaluation, by=user, fields=TEXT)


@pytest.mark.stage("review")
def test_dimension_of_another_framework_is_refused_for_a_recommendation(case):
    with pytest.raises(InputRefused):
        recommendations.draft_in_evaluation(
            case.evaluation, by=case.moderator, fields=TEXT | {"dimension": DimensionFactory()}
        )


# ---- responses


@pytest.fixture
def issued(city, roles):
    return RecommendationFactory(city=city, verbs=("issue",))


def response_fields(roles, **more):
    due_on = clock.today() + timedelta(days=60)
    return {"decision": "accept", "responsible": roles["official"].person, "due_on": due_on} | more


def test_official_drafts_and_lead_sends_the_response(roles, issued, city):
    action = ActionFactory(city=city)
    draft = responses.save_response(issued, by=roles["official"], version=0, **response_fields(roles, actions=[action]))

    assert set(ManagementResponse.objects.visible_to(roles["partner"])) == set()
    assert set(ManagementResponse.objects.visible_to(roles["viewer"])) == set()
    assert set(ManagementResponse.objects.visible_to(roles["lead"])) == {draft}
    with pytest.raises(PermissionRefused):
        responses.answer(issued, by=roles["official"])
    responses.answer(issued, by=roles["lead"])

    issued.refresh_from_db()
    assert (issued.state, issued.response.answered_by, list(issued.response.actions.all())) == (
        "answered",
        roles["lead"],
        [action],
    )
    assert set(ManagementResponse.objects.visible_to(roles["partner"])) == {draft}
    assert set(ManagementResponse.objects.visible_to(roles["public"])) == set()
    assert emails("recommendation-answered") == Counter([roles["coordinator"].email])


@pytest.mark.parametrize("name", ["viewer", "expert", "local_committee", "other_official", "former", "superuser"])
def test_response_of_others_is_refused(roles, issued, name):
    for service in (responses.save_response, responses.send_response):
        with pytest.raises(PermissionRefused):
            service(issued, by=roles[name], version=0, **response_fields(roles))

    assert not ManagementResponse.objects.exists()


@pytest.mark.parametrize("name", ["coordinator", "partner", "scientific", "trainer"])
def test_network_does_not_answer_for_a_city(roles, issued, name):
    with pytest.raises(PermissionRefused):
        responses.save_response(issued, by=roles[name], version=0, **response_fields(roles))


def test_coordinator_answers_for_the_network(roles):
    row = RecommendationFactory(city=None, verbs=("issue",))
    with pytest.raises(PermissionRefused):
        responses.save_response(row, by=roles["lead"], decision="accept", version=0)
    fields = response_fields(roles, responsible=roles["coordinator"].person)
    responses.send_response(row, by=roles["coordinator"], version=0, **fields)

    row.refresh_from_db()
    assert row.state == "answered"


def test_incomplete_response_is_kept_as_a_draft_but_not_sent(roles, issued):
    with pytest.raises(ResponseIncomplete):
        responses.answer(issued, by=roles["lead"])
    responses.save_response(issued, by=roles["lead"], decision="partly", version=0)

    with pytest.raises(ResponseIncomplete) as error:
        responses.answer(issued, by=roles["lead"])
    assert set(error.value.errors) == {"reason", "responsible", "due_on"}
    with pytest.raises(ResponseIncomplete):
        responses.send_response(issued, by=roles["lead"], decision="reject", version=1)
    issued.refresh_from_db()
    assert (issued.state, issued.response.decision) == ("issued", "partly")


def test_rejection_closes_the_recommendation_with_its_reason(roles, issued):
    responses.send_response(issued, by=roles["lead"], decision="reject", reason="No money.", version=0)

    issued.refresh_from_db()
    assert (issued.state, issued.is_closed, issued.due_on) == ("rejected", True, None)
    assert issued.transitions.last().reason == "No money."
    with pytest.raises(RecommendationClosed):
        responses.save_response(issued, by=roles["lead"], version=1, **response_fields(roles))


def test_sent_response_is_changed_by_the_lead_alone_and_never_into_a_rejection(roles, issued):
    responses.send_response(issued, by=roles["lead"], version=0, **response_fields(roles))
    version = ManagementResponse.objects.get().version

    with pytest.raises(PermissionRefused):
        responses.save_response(issued, by=roles["official"], version=version, **response_fields(roles))
    with pytest.raises(InputRefused):
        responses.save_response(issued, by=roles["lead"], decision="reject", reason="No.", version=version)
    with pytest.raises(InputRefused):
        responses.save_response(issued, by=roles["lead"], decision="accept", version=version)
    with pytest.raises(EditConflict):
        responses.save_response(issued, by=roles["lead"], version=0, **response_fields(roles))
    later = clock.today() + timedelta(days=200)
    responses.save_response(issued, by=roles["lead"], version=version, **response_fields(roles, due_on=later))

    assert ManagementResponse.objects.get().due_on == later
    with pytest.raises(RecommendationNotPossible):
        responses.answer(issued, by=roles["lead"])


def test_response_names_people_and_actions_of_the_city_only(roles, issued):
    action = ActionFactory()
    with pytest.raises(InputRefused):
        responses.save_response(
            issued, by=roles["lead"], version=0, **response_fields(roles, responsible=roles["other_official"].person)
        )
    with pytest.raises(InputRefused):
        responses.save_response(issued, by=roles["lead"], version=0, **response_fields(roles, actions=[action]))


def test_draft_is_neither_answered_nor_published(roles):
    draft = RecommendationFactory(city=None)

    with pytest.raises(RecommendationNotPossible):
        recommendations.publish(draft, by=roles["coordinator"])

    with pytest.raises(RecommendationNotPossible):
        responses.save_response(draft, by=roles["coordinator"], decision="accept", version=0)


# ---- completion


def test_completion_is_confirmed_by_who_issued_it_or_the_committee(roles, issued, city):
    ManagementResponseFactory(recommendation=issued)
    may = {name for name, user in roles.items() if user.has_perm("evaluation.confirm_recommendation", issued)}

    assert may == {"coordinator", "scientific"}
    for name in ("lead", "official", "expert_chair", "scientific_conflicted", "partner"):
        with pytest.raises(PermissionRefused):
            recommendations.complete(issued, by=roles[name])
    recommendations.complete(issued, by=roles["scientific"])

    issued.refresh_from_db()
    assert issued.state == "completed"
    assert set(emails("recommendation-completed")) == {roles[name].email for name in ("official", "lead")}


def test_unanswered_one_cannot_be_completed(roles, issued):
    with pytest.raises(RecommendationNotPossible):
        recommendations.complete(issued, by=roles["coordinator"])


# ---- the database


@pytest.mark.parametrize("verb", RECOMMENDATION_TRANSITIONS)
def test_state_changes_by_a_transition_only(issued, verb):
    target = RECOMMENDATION_TRANSITIONS[verb][1]
    if target != issued.state:
        with pytest.raises(IntegrityError, match="by a transition only"), transaction.atomic():
            Recommendation.objects.filter(pk=issued.pk).update(state=target)
    for state in RecommendationState:
        if state in RECOMMENDATION_TRANSITIONS[verb][0] and state == issued.state:
            continue
        with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
            RecommendationTransition.objects.create(
                recommendation=issued, verb=verb, from_state=state, to_state=target, reason="Because."
            )


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Something else."},
        {"done_when": "Never."},
        {"priority": "low"},
        {"city": None},
        {"issued_on": clock.today() - timedelta(days=9)},
    ],
)
def test_issued_text_never_changes(issued, change):
    with pytest.raises(IntegrityError, match="keeps its text"), transaction.atomic():
        Recommendation.objects.filter(pk=issued.pk).update(**change)
    with pytest.raises(IntegrityError, match="stays"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM evaluation_recommendation WHERE id = %s", [issued.pk])


def test_recommendation_is_not_inserted_as_issued(issued):
    row = RecommendationFactory.build(city=issued.city, author=issued.author, state="issued")
    row.issued_at, row.issued_on = clock.now(), clock.today()

    with pytest.raises(IntegrityError, match="begins as a draft"), transaction.atomic():
        row.save()


def test_response_of_a_closed_one_never_changes(issued, city):
    action = ActionFactory(city=city)
    response = ManagementResponseFactory(recommendation=issued)
    response.actions.add(action)
    move_recommendation(issued, "complete")

    for write in (
        lambda: ManagementResponse.objects.update(reason="Changed."),
        lambda: response.actions.clear(),
        lambda: response.actions.add(ActionFactory()),
        lambda: response.save(),
    ):
        with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
            write()
    with pytest.raises(IntegrityError, match="stays"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM evaluation_managementresponse")


def test_sent_response_stays_sent(issued):
    response = ManagementResponseFactory(recommendation=issued)

    for change in ({"answered_at": None, "answered_by": None}, {"decision": "reject"}):
        with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
            ManagementResponse.objects.filter(pk=response.pk).update(**change)


def test_emails_go_to_who_issues_it_and_sees_it(roles, city):
    """The committee, the chair of the body or the network office; not a member in conflict of interest."""
    chair = member(BodyKind.LOCAL_COMMITTEE, Role.CHAIR, city)
    rows = {
        "committee": RecommendationFactory(source="committee", city=city),
        "body_decision": RecommendationFactory(source="body_decision", body=body_of(chair), city=city),
        "network": RecommendationFactory(source="network_office", city=None),
    }
    for decision, row in zip(("accept", "partly", "reject"), rows.values(), strict=True):
        move_recommendation(row, "issue")
        by, responsible = (roles["lead"], roles["official"]) if row.city else (roles["coordinator"],) * 2
        fields = response_fields(roles, responsible=responsible.person, decision=decision, reason="So it is.")
        responses.send_response(row, by=by, version=0, **fields)

    found = {name: set(emails(f"recommendation-answered/{row.pk}/")) for name, row in rows.items()}
    assert found == {
        "committee": {roles["scientific"].email},
        "body_decision": {chair.email, roles["local_chair"].email},
        "network": {roles["coordinator"].email},
    }
    recommendations.complete(rows["body_decision"], by=chair)
    assert set(emails("recommendation-completed")) == {roles[name].email for name in ("official", "lead")}


def test_one_to_the_network_is_announced_to_coordinators(roles):
    row = recommendations.draft_from("committee", by=roles["scientific"], fields=TEXT)
    recommendations.issue(row, by=roles["scientific"])

    assert set(emails("recommendation-issued")) == {roles["coordinator"].email}
    assert str(row) == TEXT["text"]
    assert row.due_on == row.answer_by


def test_visitor_writes_issues_and_confirms_nothing(roles, issued):
    rows = Recommendation.objects
    for found in (rows.written_by, rows.issuable_by, rows.withdrawable_by, rows.confirmable_by, rows.evaluations_of):
        assert not found(roles["public"]).exists()
    assert set(RecommendationTransition.objects.visible_to(roles["lead"])) == set(issued.transitions.all())
    assert not RecommendationTransition.objects.visible_to(roles["public"]).exists()
