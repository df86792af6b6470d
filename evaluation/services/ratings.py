"""One rater's assessment: saved dimension by dimension, submitted once, then changed only during the discussion."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.models import Person
from cities.rules import person_of
from core import clock
from core.exceptions import EditConflict
from evaluation.enums import Decision, Stage
from evaluation.exceptions import (
    AlreadySubmitted,
    AssessmentIncomplete,
    LevelOrReasonRequired,
    NeverSubmitted,
    NotInStage,
    PermissionRefused,
    RatingIncomplete,
    StrengthNeedsReason,
    UnknownLevel,
    UnknownSource,
)
from evaluation.models import Assessment, Citation, CommitteeReview, Dimension, Evaluation, RaterAssignment, Rating
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
    person, assignment = _rater(evaluation, by)
    if dimension.framework_id != evaluation.round.framework_id:
        raise PermissionRefused
    assessment, _created = Assessment.objects.select_for_update().get_or_create(
        evaluation=evaluation, rater=person, defaults={"capacity": assignment.capacity}
    )
    _check_open(evaluation, assessment, dimension)
    texts = not_assessed_reason.strip(), reasons.strip(), strength_reason.strip()
    _check_level(evaluation, level, texts[0])
    if assessment.submitted_at and not (texts[1] if level is not None else texts[0]):
        raise RatingIncomplete
    if strength_override and not texts[2]:
        raise StrengthNeedsReason
    fields = {"level": level, "strength_override": strength_override}
    fields |= dict(zip(("not_assessed_reason", "reasons", "strength_reason"), texts, strict=True))
    rating = _rating_to_change(assessment, dimension, version, fields)
    for name, value in fields.items():
        setattr(rating, name, value)
    rating.updated_at = clock.now()
    rating.save()
    _cite(rating, citations, citable_sources(evaluation, assessment.capacity))
    return rating


def _rater(evaluation: Evaluation, user: Any) -> tuple[Person, RaterAssignment]:
    person = person_of(user)
    if person is None or not Evaluation.objects.rated_by(person).filter(pk=evaluation.pk).exists():
        raise PermissionRefused
    return person, evaluation.assignments.active().get(person=person)


def _check_open(evaluation: Evaluation, assessment: Assessment, dimension: Dimension) -> None:
    """Raise unless the rating may be changed now.

    Not submitted: only in the rate stage. Submitted: in the discussion, and in moderation for reopened dimensions.
    """
    stage, is_submitted = evaluation.stage, assessment.submitted_at is not None
    if stage == Stage.RATE:
        if is_submitted:
            raise AlreadySubmitted
        return
    if stage == Stage.DISCUSS or (stage == Stage.MODERATE and dimension.pk in reopened_dimensions(evaluation)):
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


def _rating_to_change(assessment: Assessment, dimension: Dimension, version: int | None, fields: dict) -> Rating:
    """Return the row to write to.

    Raises EditConflict for a stale version, unless the fields equal what is stored (the same form posted twice).
    """
    rating = Rating.objects.select_for_update().filter(assessment=assessment, dimension=dimension).first()
    if rating is None:
        return Rating(assessment=assessment, dimension=dimension)
    if rating.version == version:
        rating.version += 1
    elif any(getattr(rating, name) != value for name, value in fields.items()):
        raise EditConflict
    return rating


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


@transaction.atomic
def submit_assessment(evaluation: Evaluation, *, by: Any) -> Assessment:
    """Submit the ratings of all dimensions; return the assessment, unchanged if it was submitted already.

    Submitting reveals no other rating. In the discuss stage, ratings that were complete when the rate stage ended can
    be submitted as they stand, marked as late. Raises PermissionRefused, NotInStage, NeverSubmitted (late and
    incomplete) or AssessmentIncomplete.
    """
    evaluation = locked(evaluation)
    person, _assignment = _rater(evaluation, by)
    assessment = Assessment.objects.select_for_update().filter(evaluation=evaluation, rater=person).first()
    if assessment is not None and assessment.submitted_at is not None:
        return assessment
    if evaluation.stage not in {Stage.RATE, Stage.DISCUSS}:
        raise NotInStage
    missing, is_late = missing_dimensions(evaluation, assessment), evaluation.stage == Stage.DISCUSS
    if assessment is None or missing:
        raise NeverSubmitted if is_late else AssessmentIncomplete(_named(missing, assessment))
    assessment.submitted_at, assessment.submitted_late = clock.now(), is_late
    assessment.version += 1
    assessment.save(update_fields=["submitted_at", "submitted_late", "version"])
    if is_late:
        keep_blind_levels([assessment])
    return assessment


def _named(missing: Sequence[Dimension], assessment: Assessment | None) -> list[str]:
    """Return the names of the dimensions, with what is missing if a level is chosen."""
    ratings = assessment.ratings.all() if assessment is not None else []
    unexplained = {rating.dimension_id for rating in ratings if rating.lacks_reasons}
    with_reasons = _("%(dimension)s (its reasons)")
    return [with_reasons % {"dimension": row.name} if row.pk in unexplained else row.name for row in missing]


def missing_dimensions(evaluation: Evaluation, assessment: Assessment | None) -> list[Dimension]:
    done = set()
    if assessment is not None:
        done = {rating.dimension_id for rating in assessment.ratings.all() if rating.is_complete}
    return [dimension for dimension in evaluation.round.framework.dimensions.all() if dimension.pk not in done]
