"""Keep the blind levels of submitted ratings. Agreement is computed from them; the ratings may be revised later."""

from core import clock
from evaluation.models import BlindLevel, Evaluation, Rating


def keep_blind_levels(evaluation: Evaluation) -> None:
    """Keep the present level of each submitted rating that has no blind level yet.

    Call it when the blind stage ends, and for each assessment that is submitted late.
    """
    submitted = Rating.objects.filter(assessment__evaluation=evaluation, assessment__submitted_at__isnull=False)
    at = clock.now()
    BlindLevel.objects.bulk_create(
        BlindLevel(rating=rating, level=rating.level, kept_at=at) for rating in submitted.filter(blind=None)
    )
