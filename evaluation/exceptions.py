"""Errors of evaluations and reports. Each message is shown to the user and says what to do next."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from core.exceptions import UserFacingError


class EvaluationError(UserFacingError):
    """Base class. Subclasses set ``message``, which says what to do next."""


class PermissionRefused(EvaluationError):
    message = _("This is not yours to do. Ask the coordinator who is asked to do it.")


class ReasonMissing(EvaluationError):
    message = _("Say why, in a sentence.")


# ---- frameworks and rounds


class FrameworkInUse(EvaluationError):
    message = _("A round uses this framework, so it no longer changes. Make a new version of it instead.")


class NothingSubmitted(EvaluationError):
    message = _("This city has not submitted the round's period yet. Add its evaluation once it has.")


class WrongRevision(EvaluationError):
    message = _("That revision is not the newest one of this city and this round's period. Choose the newest.")


class AlreadyAdded(EvaluationError):
    message = _("This strategy is evaluated in this round already.")


class AlreadyRated(EvaluationError):
    message = _("Somebody has begun to rate this evaluation, so it stays in its round.")


class RoundClosed(EvaluationError):
    message = _("This round is closed and its agreement is published. Add the city to another round.")


class AssignmentClosed(EvaluationError):
    message = _("The stage for this is over. Raters are named before the discussion, a moderator before the review.")


class SelfAssignment(EvaluationError):
    message = _("Nobody gives a task to themselves. Ask another coordinator.")


class HasConflict(EvaluationError):
    message = _("This person has a conflict of interest with this city. Choose somebody else.")


class NotCityMember(EvaluationError):
    message = _("Only people of this city assess it in that capacity. Choose a member of its bodies.")


class NotCommitteeMember(EvaluationError):
    message = _("Only current members of the scientific committee rate in that capacity.")


class AlreadyRater(EvaluationError):
    message = _("This person rates this evaluation, and whoever rates neither moderates nor decides.")


class AlreadyModerator(EvaluationError):
    message = _("This person moderates this evaluation, and the moderator neither rates nor decides.")


class SubstituteNotNeeded(EvaluationError):
    message = _("At least two members of the committee are free to decide, so no substitute is needed.")


class IneligibleSubstitute(EvaluationError):
    message = _("A substitute needs an account and may not be a coordinator. Choose somebody else.")


class DeclarationClosed(EvaluationError):
    message = _("The result has been published, so nothing is declared any more. Write to the coordinator.")


# ---- stages


class TransitionNotAllowed(EvaluationError):
    message = _("The evaluation is in another stage by now, so this can no longer be done. Read the page again.")


class NoRatingsSubmitted(EvaluationError):
    message = _("No rating has been submitted yet, so there is nothing to discuss. Extend the stage.")


class ModeratorMissing(EvaluationError):
    message = _("There is no moderator yet. Name one first.")


class ConsensusIncomplete(EvaluationError):
    """Names the dimensions that have no consensus yet."""

    def __init__(self, names: Sequence[str]):
        super().__init__(
            _("Write down the consensus for every dimension first. Still missing: %(names)s.")
            % {"names": ", ".join(str(name) for name in names)}
        )


class InvalidExtension(EvaluationError):
    message = _("Choose a day that lies ahead and after the present end of this stage.")


# ---- ratings, discussion, consensus


class NotInStage(EvaluationError):
    message = _("This is not the stage for it. The page of the evaluation says when it is.")


class AlreadySubmitted(EvaluationError):
    message = _("You have submitted your ratings. They can be changed again when the discussion begins.")


class NeverSubmitted(EvaluationError):
    message = _(
        "You did not submit your ratings while the stage lasted, so they cannot be changed any more. Ratings of every "
        "dimension can still be submitted as they are, until the moderation begins."
    )


class LevelOrReasonRequired(EvaluationError):
    message = _("Choose a level, or say why this dimension cannot be assessed; not both.")


class UnknownLevel(EvaluationError):
    message = _("This level is not in the framework's scale.")


class RatingIncomplete(EvaluationError):
    message = _("A submitted rating needs a level with reasons, or why it is not assessed.")


class AssessmentIncomplete(EvaluationError):
    """Names the dimensions that have no complete rating yet."""

    def __init__(self, names: Sequence[str]):
        super().__init__(
            _("Rate every dimension, with reasons, before submitting. Still missing: %(names)s.")
            % {"names": ", ".join(str(name) for name in names)}
        )


class UnknownSource(EvaluationError):
    message = _("One of the chosen sources is not part of what is judged here. Choose again.")


class StrengthNeedsReason(EvaluationError):
    message = _("You judge the evidence differently from what the citations give. Say why.")


# ---- the committee


class SnapshotChanged(EvaluationError):
    message = _(
        "What is on the desk has changed since you opened it. Read it again and decide then; your text is kept."
    )


class AlreadyDecided(EvaluationError):
    message = _("You have decided on this already. A decision is not changed.")


class ContradictoryDecision(EvaluationError):
    message = _("You approve the whole but ask for changes in a dimension. Request changes, or approve each dimension.")


class NothingToReopen(EvaluationError):
    message = _("Name the dimensions whose ratings should be reopened: request changes there, with a comment.")


class AlreadyAnswered(EvaluationError):
    message = _("This question has been answered already.")
