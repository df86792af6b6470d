"""Keep the blind levels of submitted ratings. Agreement is computed from them; the ratings may be revised later."""

from collections.abc import Iterable

from core import clock
from evaluation.models import Assessment, BlindLevel, Rating


def keep_blind_levels(assessments: Iterable[Assessment]) -> None:
    """Keep the present level of each rating in submitted assessments that has no blind level yet.

    Pass all assessments of an evaluation when its blind stage ends. Later pass only one that is submitted late: ratings
    of others may have been revised, and those whose blind level is unknown stay so.
    """
    submitted = Rating.objects.filter(assessment__in=assessments, assessment__submitted_at__isnull=False)
    at = clock.now()
    BlindLevel.objects.bulk_create(
        BlindLevel(rating=rating, level=rating.level, kept_at=at) for rating in submitted.filter(blind=None)
    )
