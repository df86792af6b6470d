"""Services of evaluations and reports that are called at the same moment (``test_races``)."""

from evaluation.enums import Capacity
from evaluation.models import (
    CommitteeQuestion,
    CommitteeReview,
    ConflictOfInterest,
    Consensus,
    DiscussionNote,
    Evaluation,
    EvaluationRound,
    Framework,
    ManagementResponse,
    RaterAssignment,
    Rating,
    RecommendationProgress,
    ReviewVisit,
    SubstituteAppointment,
)
from evaluation.services import (
    committee,
    conflicts,
    consensus,
    discussion,
    frameworks,
    ratings,
    recommendation_progress,
    responses,
    rounds,
)
from reports.models import Report
from reports.services import reports
from tests.factories import PersonFactory

TIMES = 6
ANY = None  # the same input may be saved more than once


def _rounds(world):
    row = world.evaluations["rate"].round
    days = ("declare_on", "rate_on", "discuss_on", "moderate_on", "review_on", "decide_by")
    given = {"framework": row.framework, "period": row.period, "name": "Same"} | {
        day: getattr(row, day) for day in days
    }
    return EvaluationRound, ANY, lambda n: rounds.create_round(by=world.roles["coordinator"], **given)


def _evaluations(world):
    row = EvaluationRound.objects.get(pk=world.evaluations["rate"].round_id)
    row.pk, row.name, row._state.adding = None, "A second round", True
    row.save()
    return Evaluation, 1, lambda n: rounds.add_evaluation(row, world.strategy, by=world.roles["coordinator"])


def _raters(world):
    person, by = PersonFactory(), world.roles["coordinator"]
    return RaterAssignment, 1, lambda n: rounds.assign_rater(world.evaluations["rate"], person, Capacity.PEER, by=by)


def _moderators(world):
    person, by = PersonFactory(), world.roles["coordinator"]
    chosen = Evaluation.objects.filter(moderator=person)
    return chosen, 1, lambda n: rounds.set_moderator(world.evaluations["declare"], person, by=by)


def _substitutes(world):
    person, by = PersonFactory(), world.roles["coordinator"]
    return (
        SubstituteAppointment,
        1,
        lambda n: rounds.appoint_substitute(world.evaluations["moderate"], person, by=by, reason="Same."),
    )


def _conflicts(world):
    by = world.roles["rater_discuss"]
    return (
        ConflictOfInterest,
        1,
        lambda n: conflicts.declare_conflict(world.evaluations["declare"], by=by, reason="Same."),
    )


def _ratings(world):
    by, row = world.roles["rater_discuss"], world.evaluations["rate"]
    return Rating, 1, lambda n: ratings.save_rating(row, world.dimension, by=by, level=2, reasons="Same.")


def _assessments(world):
    by = world.roles["rater"]
    row = world.evaluations["rate"]
    return Rating, 0, lambda n: ratings.submit_assessment(row, by=by)


def _notes(world):
    by, row = world.roles["rater"], world.evaluations["discuss"]
    return DiscussionNote, 1, lambda n: discussion.add_note(row, world.dimension, by=by, text="Same words.")


def _consensus(world):
    row = world.evaluations["moderate"]
    Consensus.objects.filter(evaluation=row, dimension=world.dimension).delete()
    by = world.roles["moderator"]
    return Consensus, 1, lambda n: consensus.save_consensus(row, world.dimension, by=by, level=2, reason="Same.")


def _questions(world):
    by, row = world.roles["scientific"], world.evaluations["review"]
    return CommitteeQuestion, 1, lambda n: committee.ask_question(row, by=by, text="Same?")


def _decisions(world):
    by, row = world.roles["substitute"], world.evaluations["review"]
    stated = committee.decision_hash(row)
    return (
        CommitteeReview,
        1,
        lambda n: committee.decide(row, by=by, decision="request_changes", reason="Same.", snapshot_hash=stated),
    )


def _visits(world):
    by, row = world.roles["coordinator"], world.evaluations["review"]
    return ReviewVisit, 1, lambda n: committee.record_visit(row, by=by)


def _responses(world):
    row, by = world.recommendations["published"], world.roles["official"]
    given = {"by": by, "decision": "accept", "version": 0}
    return ManagementResponse, 1, lambda n: responses.save_response(row, reason="Same.", **given)


def _progress(world):
    row, by, open_period = world.recommendations["answered"], world.roles["official"], world.periods["open"]
    given = {"by": by, "text": "Same.", "version": 0}
    return RecommendationProgress, 1, lambda n: recommendation_progress.report_progress(row, open_period, **given)


def _frameworks(world):
    return Framework, 0, lambda n: frameworks.load_framework()


def _versions(world):
    return Framework, TIMES, lambda n: frameworks.create_next_version(world.framework, by=world.roles["coordinator"])


def _reports(world):
    return Report, 1, lambda n: reports.issue_report(kind="network_period", period=world.quarters["published"])


RACES_OF_EVALUATIONS = {
    "rounds.create_round": _rounds,
    "rounds.add_evaluation": _evaluations,
    "rounds.assign_rater": _raters,
    "rounds.set_moderator": _moderators,
    "rounds.appoint_substitute": _substitutes,
    "ratings.save_rating": _ratings,
    "ratings.submit_assessment": _assessments,
    "discussion.add_note": _notes,
    "consensus.save_consensus": _consensus,
    "committee.ask_question": _questions,
    "committee.record_visit": _visits,
    "committee.decide": _decisions,
    "conflicts.declare_conflict": _conflicts,
    "responses.save_response": _responses,
    "recommendation_progress.report_progress": _progress,
    "frameworks.load_framework": _frameworks,
    "frameworks.create_next_version": _versions,
    "reports.issue_report": _reports,
}
