"""What pages offer is what services do: every operation, in every state of its row, for every role."""

import copy
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache

import pytest
from django.db import transaction

from accounts import services as mails
from accounts.models import Mail
from cities.enums import BodyKind, Role
from cities.models import Event, Invitation
from cities.rules import person_of
from cities.selectors import people_for_decisions
from cities.services import decisions, events, invitations, memberships, minutes
from core import available, clock
from core.available import available_actions
from core.exceptions import UserFacingError
from evaluation.enums import BY_DATE
from evaluation.models import CommitteeQuestion, ManagementResponse, Rating
from evaluation.services import (
    committee,
    conflicts,
    consensus,
    discussion,
    ratings,
    recommendation_progress,
    recommendations,
    removal,
    responses,
    round_results,
    rounds,
    stages,
)
from pilot.gates import GATES
from pilot.services import pacts, phases, signatures
from reports.services import reports
from strategies.models import IndicatorValue
from strategies.services import decisions as decision_links
from strategies.services import periods, plans, updates, values
from tests.factories import ActionFactory, ObjectiveFactory, OrganisationFactory, PersonFactory, member
from tests.pilot.pact_data import sign_on_paper

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

REASON = "For a reason."


def period_calls(world):
    lead = world.roles["lead"].person
    return {
        "open": lambda row, by: periods.open_period(row, by=by),
        "submit": lambda row, by: periods.submit_period(row, by=by, on_behalf_of=lead),
        "publish": lambda row, by: periods.publish_period(row, by=by),
        "reopen": lambda row, by: periods.reopen_period(row, by=by, reason=REASON),
        "return": lambda row, by: periods.return_period(row, by=by, comments=REASON),
        "accept": lambda row, by: periods.accept_period(row, by=by),
        "request_reopen": lambda row, by: periods.request_reopen(row, by=by, reason=REASON),
        "decline_reopen": lambda row, by: periods.decline_reopen(row, by=by, reason=REASON),
        "comment": lambda row, by: periods.comment_period(row, by=by, text=REASON),
        "endorse": lambda row, by: periods.endorse_period(row, by=by),
        "write_narrative": lambda row, by: periods.save_narrative(row, by=by, text=REASON, language="en", version=1),
    }


def evaluation_calls(world):
    dimension, later = world.dimension, clock.today() + timedelta(days=400)
    rater, hash_of = PersonFactory(), cache(committee.decision_hash)
    moves = {verb: lambda row, by, verb=verb: stages.move_stage(row, verb, by=by, reason=REASON) for verb in BY_DATE}
    return moves | {
        "declare_conflict": lambda row, by: conflicts.declare_conflict(row, by=by, reason=REASON),
        "save_rating": lambda row, by: ratings.save_rating(
            row, dimension, by=by, level=2, reasons=REASON, version=rating_version(row, dimension, by)
        ),
        "submit_assessment": lambda row, by: ratings.submit_assessment(row, by=by),
        "add_note": lambda row, by: discussion.add_note(row, dimension, by=by, text=REASON),
        "save_consensus": lambda row, by: consensus.save_consensus(
            row, dimension, by=by, level=3, reason=REASON, version=1
        ),
        "decide": lambda row, by: committee.decide(
            row, by=by, decision="approve", reason=REASON, snapshot_hash=hash_of(row)
        ),
        "ask_question": lambda row, by: committee.ask_question(row, by=by, text=REASON),
        "assign_rater": lambda row, by: rounds.assign_rater(row, rater, "peer", by=by),
        "withdraw_rater": lambda row, by: rounds.withdraw_rater(row.assignments.active().last(), by=by),
        "set_moderator": lambda row, by: rounds.set_moderator(row, rater, by=by),
        "extend_stage": lambda row, by: rounds.extend_stage(row, by=by, until=later),
        "remove": lambda row, by: removal.remove_evaluation(row, by=by, reason=REASON),
        "recommend": lambda row, by: recommendations.draft_in_evaluation(
            row, by=by, fields={"text": REASON, "done_when": REASON}
        ),
    }


def recommendation_calls(world):
    return {
        "change": lambda row, by: recommendations.change_draft(
            row, by=by, fields={"text": REASON}, version=row.version
        ),
        "issue": lambda row, by: recommendations.issue(row, by=by),
        "withdraw": lambda row, by: recommendations.withdraw(row, by=by, reason=REASON),
        "complete": lambda row, by: recommendations.complete(row, by=by),
        "publish": lambda row, by: recommendations.publish(row, by=by),
        "respond": lambda row, by: responses.save_response(row, by=by, **response_to(row)),
        "answer": lambda row, by: responses.answer(row, by=by),
        "report_progress": lambda row, by: recommendation_progress.report_progress(
            row, world.periods["open"] if row.city_id else world.quarters["open"], by=by, text=REASON, version=1
        ),
    }


def response_to(row):
    """Return the fields of the stored response, so that a sent one stays complete."""
    stored = ManagementResponse.objects.filter(recommendation=row).first()
    names = ("decision", "reason", "responsible", "due_on", "version")
    return {name: getattr(stored, name) for name in names} if stored else {"decision": "accept", "version": 0}


def rating_version(evaluation, dimension, user):
    rows = Rating.objects.filter(assessment__evaluation=evaluation, assessment__rater=person_of(user))
    return rows.filter(dimension=dimension).values_list("version", flat=True).first()


NOT_ASKED = {"appoint_substitute"}  # also needs that too few members are free, which depends on the person


def action_calls(_world):
    return {
        "change": lambda row, by: plans.save_part(row, by=by, fields={"title": "Changed"}),
        "publish": lambda row, by: plans.publish_action(row, by=by),
        "withdraw": lambda row, by: plans.withdraw_part(row, by=by, reason=REASON),
        "restore": lambda row, by: plans.restore_part(row, by=by, code="9.9.9"),
        "log": lambda row, by: updates.log_update(
            row, by=by, data=updates.UpdateInput(date=clock.today(), text=REASON, stage="ongoing", visibility="network")
        ),
    }


def part_calls(_world):
    return {
        "change": lambda row, by: plans.save_part(row, by=by, fields={}),
        "withdraw": lambda row, by: plans.withdraw_part(row, by=by, reason=REASON),
        "restore": lambda row, by: plans.restore_part(row, by=by, code="9.9.9"),
    }


def strategy_calls(_world):
    return {
        "change": lambda row, by: plans.save_part(row, by=by, fields={"title": "Changed"}),
        "adopt": lambda row, by: plans.adopt_strategy(row, by=by, on=clock.today()),
        "comment": lambda row, by: plans.comment_strategy(row, by=by, text=REASON),
        "begin_next": lambda row, by: plans.add_strategy(
            row.city, by=by, fields={"title": "Next", "year_from": 2030, "year_to": 2034, "language": "en"}
        ),
        "publish": lambda row, by: plans.publish_strategy(row, by=by),
    }


def indicator_calls(world):
    return part_calls(world) | {
        "enter_value": lambda row, by: values.set_value(
            row, world.periods["scheduled"], by=by, value=Decimal(3), confirmed=True
        )
    }


def value_calls(_world):
    return {
        "change": lambda row, by: values.set_value(
            row.indicator, row.city_period, by=by, value=Decimal(3), version=row.version, confirmed=True
        ),
        "withdraw": lambda row, by: values.withdraw_value(row, by=by, reason=REASON),
    }


def update_calls(_world):
    return {
        "change": lambda row, by: updates.change_update(
            row,
            by=by,
            data=updates.UpdateInput(date=row.date, text=REASON, stage="ongoing", visibility="network"),
            version=row.version,
        ),
        "withdraw": lambda row, by: updates.withdraw_update(row, by=by, reason=REASON),
    }


def parts(world):
    names = ("area", "objective", "milestone", "budget_line", "swot", "risk")
    found = {name: getattr(world, name) for name in names}
    earlier = earlier_action(world).objective
    return found | {"earlier objective": earlier, "earlier area": earlier.area, "coming area": world.coming.areas.get()}


def earlier_action(world):
    return ActionFactory(objective=ObjectiveFactory(area__strategy=world.earlier))


def report_calls(_world):
    return {"retry": lambda row, by: reports.retry_report(row, by=by)}


def mail_calls(_world):
    return {"send_again": lambda row, by: mails.resend_mail(row, by=by)}


def membership_calls(world):
    to = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, world.city).person
    return {
        "end": lambda row, by: memberships.end_membership(row, by=by),
        "hand_over": lambda row, by: memberships.hand_over(row, to=to, by=by),
        "allow_sign_in": lambda row, by: memberships.allow_sign_in(row, by=by),
    }


def invitation_calls(_world):
    return {"withdraw": lambda row, by: invitations.withdraw_invitation(row, by=by)}


def expired_invitation(world):
    fields = {"name": "Ida", "body": world.office, "role": Role.VIEWER, "invited_by": world.roles["lead"]}
    return Invitation.objects.create(
        email="ida@example.org", token_hash="0", expires_at=clock.now() - timedelta(days=1), **fields
    )


def round_calls(world):
    return {
        "add_evaluation": lambda row, by: rounds.add_evaluation(row, world.earlier, by=by),
        "close": lambda row, by: round_results.close_round(row, by=by, reason=REASON),
    }


def question_calls(_world):
    return {"answer": lambda row, by: committee.answer_question(row, by=by, text=REASON)}


def decided(event):
    return {"text": REASON, "responsible": people_for_decisions(event).first(), "due_on": clock.today()}


def event_calls(_world):
    return {
        "change": lambda row, by: events.save_event(row, by=by, fields={"title": "Changed"}, version=row.version),
        "publish": lambda row, by: events.publish_event(row, by=by),
        "cancel": lambda row, by: events.cancel_event(row, by=by, reason=REASON),
        "write_minutes": lambda row, by: minutes.save_minutes(row, by=by, text=REASON),
        "approve_minutes": lambda row, by: minutes.approve_minutes(row, by=by),
        "reopen_minutes": lambda row, by: minutes.reopen_minutes(row, by=by, reason=REASON),
        "record_decision": lambda row, by: decisions.record_decision(row, by=by, fields=decided(row)),
    }


def decision_calls(world):
    objective = {"objective": world.objective, "title": "From a decision", "code": "9.9.8"}
    dates = {"starts_on": clock.today(), "ends_on": clock.today()}
    return {
        "change": lambda row, by: decisions.change_decision(row, by=by, version=row.version, fields={"text": REASON}),
        "complete": lambda row, by: decisions.complete_decision(row, by=by),
        "drop": lambda row, by: decisions.drop_decision(row, by=by, reason=REASON),
        "link": lambda row, by: decision_links.link_decision(row, by=by, action=None),
        "make_action": lambda row, by: decision_links.add_action(row, by=by, fields=objective | dates),
    }


def phase_calls(_world):
    return {
        "set_dates": lambda row, by: phases.set_dates(row, by=by, version=row.version),
        "waive": lambda row, by: phases.waive_requirement(row, GATES[row.kind][-1].key, by=by, reason=REASON),
    }


def pact_calls(_world):
    return {"draft": lambda row, by: pacts.draft_next_version(row, by=by)}


def pact_version_calls(world):
    signatory = OrganisationFactory()
    return {
        "change": lambda row, by: pacts.add_text(row, by=by, language="fi", title="Sopimus", text=REASON),
        "open": lambda row, by: pacts.open_version(row, by=by),
        "close": lambda row, by: pacts.close_signing(row, by=by),
        "put_in_force": lambda row, by: pacts.put_in_force(row, by=by, day=world.city.today),
        "supersede": lambda row, by: pacts.supersede_version(row, by=by, reason=REASON),
        "withdraw": lambda row, by: pacts.withdraw_version(row, by=by, reason=REASON),
        "invite": lambda row, by: signatures.invite_signatory(
            row, by=by, organisation=signatory, sector="private", name="Ines", email="ines@another.example"
        ),
        "record": lambda row, by: sign_on_paper(row, world.roles["lead"], signatory, by=by),
    }


def signature_calls(world):
    return {"withdraw": lambda row, by: signatures.withdraw_signature(row, by=by, on=world.city.today, reason=REASON)}


def signatures_of_pact(world):
    own = world.pact_in_force.signatures.get(organisation=world.city.municipality)
    return {"signed": world.signature, "own": own, "invited": world.pact_invitation.signature}


def link_calls(_world):
    return {"send_again": lambda row, by: signatures.send_again(row, by=by)}


def links_to_sign(world):
    newest = signatures.send_again(world.pact_invitation, by=world.roles["lead"])
    return {"replaced": world.pact_invitation, "newest": newest}


def pacts_to_draft(world):
    pacts.withdraw_version(world.pact_draft, by=world.roles["lead"], reason=REASON)
    return {"drafted": world.other_pact_draft.pact, "free": world.pact}


def pact_versions(world):
    lead = world.roles["lead"]
    draft = world.pact.versions.filter(state="draft").first() or pacts.draft_next_version(world.pact, by=lead)
    closed = pacts.open_version(draft, by=lead)
    sign_on_paper(closed, lead)
    closed = pacts.close_signing(closed, by=lead)
    versions = {name: getattr(world, name) for name in ("pact_in_force", "pact_open", "other_pact_draft")}
    return versions | {"closed": closed, "draft": pacts.draft_next_version(world.pact, by=lead)}


CASES = {
    "periods": (lambda world: world.periods, period_calls),
    "evaluations": (lambda world: world.evaluations, evaluation_calls),
    "actions": (
        lambda world: {"published": world.action, "unpublished": world.unpublished, "withdrawn": world.withdrawn},
        action_calls,
    ),
    "strategies": (
        lambda world: {"current": world.strategy, "coming": world.coming, "draft": world.other_strategy},
        strategy_calls,
    ),
    "parts": (parts, part_calls),
    "indicators": (
        lambda world: {"active": world.indicator, "coming": world.coming.indicators.get()},
        indicator_calls,
    ),
    "updates": (
        lambda world: {
            "own": world.owners_update,
            "open": world.update,
            "withdrawn": world.withdrawn_update,
            "accepted": world.periods["accepted"].updates.filter(visibility="network").first(),
        },
        update_calls,
    ),
    "values": (
        lambda world: {value.city_period.state: value for value in IndicatorValue.objects.all()},
        value_calls,
    ),
    "memberships": (
        lambda world: (
            {role: world.roles[role].person.memberships.get() for role in ("official", "scientific", "former")}
            | {"viewer": world.membership}
        ),
        membership_calls,
    ),
    "invitations": (
        lambda world: {"open": world.invitation, "expired": expired_invitation(world)},
        invitation_calls,
    ),
    "rounds": (
        lambda world: {stage: world.evaluations[stage].round for stage in ("rate", "published")},
        round_calls,
    ),
    "questions": (
        lambda world: {question.text: question for question in CommitteeQuestion.objects.all()},
        question_calls,
    ),
    "emails": (lambda _world: {mail.state: mail for mail in Mail.objects.all()}, mail_calls),
    "recommendations": (lambda world: world.recommendations, recommendation_calls),
    "events": (lambda _world: {event.title: event for event in Event.objects.all()}, event_calls),
    "decisions": (
        lambda world: {
            "open": world.decision,
            "linked": world.linked_decision,
            "done": world.done_decision,
            "dropped": world.dropped_decision,
            "committee's": world.committee_decision,
        },
        decision_calls,
    ),
    "phases": (lambda world: {"dated": world.phase}, phase_calls),
    "pacts": (pacts_to_draft, pact_calls),
    "versions of pacts": (pact_versions, pact_version_calls),
    "signatures": (signatures_of_pact, signature_calls),
    "links to sign": (links_to_sign, link_calls),
    "reports": (lambda world: {"queued": world.network_report, "failed": world.failed_report}, report_calls),
}


def outcome(call, row, user):
    """Return the error that the service raises, as a class; None if it does it. Nothing is kept, and ``row`` stays."""
    try:
        with transaction.atomic():
            call(copy.copy(row), user)
            transaction.set_rollback(True)
    except UserFacingError as error:
        return type(error)
    return None


@contextmanager
def seen_once(row, user):
    """Ask only once whether the user sees the row, not for each operation: none of them is kept."""
    sees = available._sees
    answer = sees(user, row)

    def asked(by, other):
        return answer if (by, other) == (user, row) else sees(by, other)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(available, "_sees", asked)
        yield


def test_every_model_with_operations_is_tested(world):
    tested = {type(row) for rows_of, _calls in CASES.values() for row in rows_of(world).values()}

    assert tested == set(available._operations)


@pytest.mark.parametrize("kind", CASES)
def test_what_is_available_is_what_services_do(world, kind):
    rows_of, calls_of = CASES[kind]
    calls, found, expected = calls_of(world), {}, {}

    for state, made in rows_of(world).items():
        row = type(made)._default_manager.get(pk=made.pk)
        for role, user in world.roles.items():
            with seen_once(row, user):
                said = available_actions(copy.copy(row), user)
                assert said.keys() - NOT_ASKED == calls.keys()
                for name, call in calls.items():
                    key = (state, role, name)
                    found[key] = said[name].reason and type(said[name].reason)
                    expected[key] = outcome(call, row, user)

    differences = {key: (found[key], expected[key]) for key in found if found[key] != expected[key]}
    assert differences == {}
    assert None in found.values()
    assert person_of(world.roles["public"]) is None
