"""Errors of evaluations and reports. Each message is shown to the user and says what to do next."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from core.exceptions import UserFacingError


class EvaluationError(UserFacingError):
    """Base class. Subclasses set ``message``, which says what to do next."""


class ReasonStored(EvaluationError):
    """A subclass says what is stored, ``reason``, and what is not, ``typed``: nothing that was typed is lost."""

    message = ""

    def __init__(self, reason: str, typed: str):
        super().__init__(self.message % {"reason": reason, "typed": typed})


class ConflictStored(ReasonStored):
    message = _(
        "This conflict of interest is already recorded, with the reason “%(reason)s”. Not saved: “%(typed)s”. "
        "To change the reason, a coordinator must withdraw the declaration and record it again."
    )


class ConflictRecordedByOthers(ReasonStored):
    """Does not show the stored reason: only coordinators read it."""

    message = _(
        "A coordinator has already recorded that you have a conflict of interest in this evaluation. Not "
        "saved: “%(typed)s”. Ask the coordinator to add your text."
    )


class SubstituteStored(ReasonStored):
    message = _(
        "This person is already a substitute, with the reason “%(reason)s”. Not saved: “%(typed)s”. The reason "
        "for an appointment cannot be changed."
    )


class RoundClosedBefore(ReasonStored):
    message = _(
        "This round is already closed, with the reason “%(reason)s”. Not saved: “%(typed)s”. A round is closed "
        "once, with one reason."
    )


class RoundComplete(ReasonStored):
    message = _(
        "This round closed automatically when its last evaluation was finished. Not saved: “%(typed)s”. You do "
        "not need to do anything."
    )


# ---- frameworks and rounds


class FrameworkInUse(EvaluationError):
    message = _("A round uses this framework, so it cannot be changed. Create a new version instead.")


class NothingSubmitted(EvaluationError):
    message = _(
        "This city has not submitted its report for the round’s period. Add its evaluation when the report has been "
        "submitted."
    )


class WrongRevision(EvaluationError):
    message = _("That is not the city’s latest revision for the round’s period. Choose the latest one.")


class AlreadyAdded(EvaluationError):
    message = _("This strategy is already part of this round.")


class AlreadyRated(EvaluationError):
    message = _("Rating has started, so this evaluation cannot be removed from its round.")


class RoundClosed(EvaluationError):
    message = _(
        "This round is closed and the agreement of its raters has been published. Add the city to another round."
    )


class AssignmentClosed(EvaluationError):
    message = _("It is too late. Raters must be appointed before the discussion, the moderator before the review.")


class SelfAssignment(EvaluationError):
    message = _("You cannot give yourself a task. Ask another coordinator.")


class HasConflict(EvaluationError):
    message = _("This person has a conflict of interest with this city. Choose someone else.")


class NotCityMember(EvaluationError):
    message = _("Only members of this city’s bodies can rate in this capacity. Choose one of them.")


class NotCommitteeMember(EvaluationError):
    message = _("Only current members of the scientific committee can rate in this capacity. Choose one of them.")


class AlreadyRater(EvaluationError):
    message = _("This person rates this evaluation. Raters cannot moderate or decide. Choose someone else.")


class AlreadyModerator(EvaluationError):
    message = _("This person moderates this evaluation. The moderator cannot rate or decide. Choose someone else.")


class SubstituteNotNeeded(EvaluationError):
    message = _("At least two committee members can decide, so no substitute is needed.")


class IneligibleSubstitute(EvaluationError):
    message = _("A substitute must have an account and cannot be a coordinator. Choose someone else.")


class DeclarationClosed(EvaluationError):
    message = _(
        "The result has been published, so you can no longer declare a conflict of interest here. Contact the "
        "coordinator."
    )


# ---- stages


class TransitionNotAllowed(EvaluationError):
    message = _("The evaluation has moved to another stage, so you can no longer do this. Reload the page.")


class NoRatingsSubmitted(EvaluationError):
    message = _("No ratings have been submitted, so there is nothing to discuss. Extend the stage.")


class ModeratorMissing(EvaluationError):
    message = _("There is no moderator. Appoint one first.")


class ConsensusIncomplete(EvaluationError):
    """Names the dimensions that have no consensus yet."""

    def __init__(self, names: Sequence[str]):
        super().__init__(
            _("Record the consensus for every dimension first. Missing: %(names)s.")
            % {"names": ", ".join(str(name) for name in names)}
        )


class InvalidExtension(EvaluationError):
    message = _("Enter a date in the future that is after the current end of this stage.")


# ---- ratings, discussion, consensus


class NotInStage(EvaluationError):
    message = _("You cannot do this at this stage. See the dates on the evaluation page.")


class AlreadySubmitted(EvaluationError):
    message = _("You have submitted your ratings. You can change them again when the discussion starts.")


class NeverSubmitted(EvaluationError):
    message = _(
        "Rating ended before you submitted, so you can no longer change your ratings. If you have rated every "
        "dimension, you can still submit them as they are until moderation starts."
    )


class LevelOrReasonRequired(EvaluationError):
    message = _("Choose a level or explain why this dimension cannot be assessed, but not both.")


class UnknownLevel(EvaluationError):
    message = _("This level is not on the framework’s scale. Choose another level.")


class RatingIncomplete(EvaluationError):
    message = _("A submitted rating needs a level with reasons, or a reason for not assessing.")


class AssessmentIncomplete(EvaluationError):
    """Names the dimensions that have no complete rating yet."""

    def __init__(self, names: Sequence[str]):
        super().__init__(
            _("Rate every dimension and give your reasons before you submit. Missing: %(names)s.")
            % {"names": ", ".join(str(name) for name in names)}
        )


class UnknownSource(EvaluationError):
    message = _("One of the chosen sources is not part of the evidence for this evaluation. Choose again.")


class StrengthNeedsReason(EvaluationError):
    message = _("Your choice differs from the strength calculated from your citations. Explain why.")


# ---- the committee


class SnapshotChanged(EvaluationError):
    message = _(
        "This evaluation has changed since you opened it. Check the changes before you decide. Your text has been kept."
    )


class AlreadyDecided(EvaluationError):
    message = _("You have already decided on this evaluation. A decision cannot be changed.")


class ContradictoryDecision(EvaluationError):
    message = _(
        "You approve the whole evaluation but request changes in a dimension. Request changes, or approve every "
        "dimension."
    )


class NothingToReopen(EvaluationError):
    message = _("To reopen ratings, request changes in at least one dimension and add a comment there.")


class AlreadyAnswered(EvaluationError):
    message = _("This question has already been answered.")


# ---- recommendations


class RecommendationNotPossible(EvaluationError):
    message = _("The status of this recommendation has changed, so you can no longer do this. Reload the page.")


class RecommendationClosed(EvaluationError):
    message = _("This recommendation is closed, so its response and progress can no longer be changed.")


class ResponseIncomplete(EvaluationError):
    """Names in ``errors`` what a response needs before it is sent."""

    message = _("The response is not complete. Complete it, then send it.")


class AlreadyPublished(EvaluationError):
    message = _("Everyone can already see this recommendation.")


class PublishedWithEvaluation(EvaluationError):
    message = _("This recommendation is published together with its evaluation.")
