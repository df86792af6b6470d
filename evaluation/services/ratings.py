"""One rater's assessment: saved dimension by dimension, submitted once, then changed only during the discussion."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.rules import person_of
from core import clock
from core.available import register, require
from core.exceptions import PermissionRefused
from core.services import save_with_history, set_fields
from evaluation.enums import Decision, Stage
from evaluation.exceptions import (
    AlreadySubmitted,
    AssessmentIncomplete,
    LevelOrReasonRequired,
    NeverSubmitted,
    NotInStage,
    RatingIncomplete,
    StrengthNeedsReason,
    UnknownLevel,
    UnknownSource,
)
from evaluation.models import Assessment, Citation, CommitteeReview, Dimension, Evaluation, Rating
from evaluation.selectors.citable import citable_sources

from .blind_levels import keep_blind_levels
from .rounds import locked


@transaction.atomic
def save_rating(
    evaluation: Evaluation,
    dimension: Dimension,
    *,
    by: Any,
    level: int | None = None,
    not_assessed_reason: str = "",
    reasons: str = "",
    strength_override: str = "",
    strength_reason: str = "",
    citations: Sequence[str] = (),
    version: int | None = None,
) -> Rating:
    """Save the rating of one dimension. It may be incomplete until the assessment is submitted.

    ``citations`` are keys of ``citable_sources``. ``version`` is the version that the form was opened on, None for the
    first save. Raises PermissionRefused, NotInStage, AlreadySubmitted, NeverSubmitted, LevelOrReasonRequired,
    UnknownLevel, RatingIncomplete, StrengthNeedsReason, UnknownSource or EditConflict.
    """
    evaluation = locked(evaluation)
    require(evaluation, "save_rating", by)
    person = person_of(by)
    if dimension.framework_id != evaluation.round.framework_id:
        raise PermissionRefused
    assessment, _created = Assessment.objects.select_for_update().get_or_create(
        evaluation=evaluation,
        rater=person,
        defaults={"capacity": evaluation.assignments.active().get(person=person).capacity},
    )
    check_open(evaluation, assessment, dimension)
    texts = not_assessed_reason.strip(), reasons.strip(), strength_reason.strip()
    _check_level(evaluation, level, texts[0])
    if assessment.submitted_at and not (texts[1] if level is not None else texts[0]):
        raise RatingIncomplete
    if strength_override and not texts[2]:
        raise StrengthNeedsReason(errors={"strength_reason": StrengthNeedsReason.message})
    fields = {"level": level, "strength_override": strength_override}
    fields |= dict(zip(("not_assessed_reason", "reasons", "strength_reason"), texts, strict=True))
    found = Rating.objects.select_for_update().filter(assessment=assessment, dimension=dimension).first()
    rating = found or Rating(assessment=assessment, dimension=dimension)
    is_changed = set_fields(rating, fields, version)
    rating.updated_at = clock.now()
    save_with_history(rating, by, new_version=is_changed or rating.version == version)
    _cite(rating, citations, citable_sources(evaluation, assessment.capacity))
    return rating


def _check_can_rate(evaluation: Evaluation, user: Any) -> None:
    check_open(evaluation, Assessment.objects.filter(evaluation=evaluation, rater=person_of(user)).first())


register(Evaluation, "save_rating", "evaluation.rate_evaluation", check=_check_can_rate)


def check_open(evaluation: Evaluation, assessment: Assessment | None, dimension: Dimension | None = None) -> None:
    """Raise unless the rating of ``dimension``, or of any, may be changed now.

    Not submitted: only in the rate stage. Submitted: in the discussion, and in moderation for reopened dimensions.
    """
    stage, is_submitted = evaluation.stage, assessment is not None and assessment.submitted_at is not None
    if stage == Stage.RATE:
        if is_submitted:
            raise AlreadySubmitted
        return
    reopened = reopened_dimensions(evaluation)
    if stage == Stage.DISCUSS or (dimension.pk in reopened if dimension else reopened):
        if not is_submitted:
            raise NeverSubmitted
        return
    raise NotInStage


def reopened_dimensions(evaluation: Evaluation) -> set[int]:
    """Return the ids of dimensions whose ratings the committee reopened; empty outside the moderation that follows."""
    if evaluation.stage != Stage.MODERATE or evaluation.cycle == 1:
        return set()
    asked = CommitteeReview.objects.filter(
        evaluation=evaluation, cycle=evaluation.cycle - 1, decision=Decision.REQUEST_CHANGES, reopens_ratings=True
    )
    named = asked.filter(dimensions__decision=Decision.REQUEST_CHANGES)
    return set(named.values_list("dimensions__dimension", flat=True))


def _check_level(evaluation: Evaluation, level: int | None, not_assessed_reason: str) -> None:
    if level is not None and not_assessed_reason:
        raise LevelOrReasonRequired
    if level is not None and str(level) not in evaluation.round.framework.scale:
        raise UnknownLevel


def _cite(rating: Rating, keys: Sequence[str], sources: dict) -> None:
    """Set the citations to ``keys``. A source that is no longer citable may stay if it was cited before.

    Raises UnknownSource for any other key that is not in ``sources``.
    """
    wanted = dict.fromkeys(keys)
    kept = {f"{kind}:{pk}" for kind, pk in (citation.source for citation in rating.citations.all())}
    if not set(wanted) <= kept | sources.keys():
        raise UnknownSource
    for citation in rating.citations.all():
        if "{}:{}".format(*citation.source) not in wanted:
            citation.delete()
    for key in wanted:
        if key not in kept:
            source = sources[key]
            column = {"document": "evidence_id"}.get(source.kind, f"{source.kind}_id")
            Citation.objects.create(rating=rating, kind=source.kind, **{column: source.pk})


def _check_can_be_submitted(evaluation: Evaluation, user: Any) -> None:
    assessment = Assessment.objects.filter(evaluation=evaluation, rater=person_of(user)).first()
    if assessment is not None and assessment.submitted_at is not None:
        return
    if evaluation.stage not in {Stage.RATE, Stage.DISCUSS}:
        raise NotInStage
    missing = missing_dimensions(evaluation, assessment)
    if assessment is None or missing:
        is_late = evaluation.stage == Stage.DISCUSS
        raise NeverSubmitted if is_late else AssessmentIncomplete(_named(missing, assessment))


register(Evaluation, "submit_assessment", "evaluation.rate_evaluation", check=_check_can_be_submitted)


@transaction.atomic
def submit_assessment(evaluation: Evaluation, *, by: Any) -> Assessment:
    """Submit the ratings of all dimensions; return the assessment, unchanged if it was submitted already.

    Submitting reveals no other rating. In the discuss stage, ratings that were complete when the rate stage ended can
    be submitted as they stand, marked as late. Raises PermissionRefused, NotInStage, NeverSubmitted (late and
    incomplete) or AssessmentIncomplete.
    """
    evaluation = locked(evaluation)
    require(evaluation, "submit_assessment", by)
    is_late = evaluation.stage == Stage.DISCUSS
    assessment = Assessment.objects.select_for_update().get(evaluation=evaluation, rater=person_of(by))
    if assessment.submitted_at is not None:
        return assessment
    assessment.submitted_at, assessment.submitted_late = clock.now(), is_late
    save_with_history(assessment, by, update_fields=["submitted_at", "submitted_late", "version"])
    if is_late:
        keep_blind_levels([assessment])
    return assessment


def _named(missing: Sequence[Dimension], assessment: Assessment | None) -> list[str]:
    """Return the names of the dimensions, with what is missing if a level is chosen."""
    ratings = assessment.ratings.all() if assessment is not None else []
    unexplained = {rating.dimension_id for rating in ratings if rating.lacks_reasons}
    with_reasons = _("%(dimension)s (reasons)")
    return [with_reasons % {"dimension": row.name} if row.pk in unexplained else row.name for row in missing]


def missing_dimensions(evaluation: Evaluation, assessment: Assessment | None) -> list[Dimension]:
    done = set()
    if assessment is not None:
        done = {rating.dimension_id for rating in assessment.ratings.all() if rating.is_complete}
    return [dimension for dimension in evaluation.round.framework.dimensions.all() if dimension.pk not in done]
