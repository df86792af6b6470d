"""What pages say if the evaluated revision rests on figures that have been corrected since."""

from typing import Any

from django.utils.functional import SimpleLazyObject

from evaluation.models import Evaluation
from strategies.models import PeriodRevision
from strategies.selectors.corrections import correction_sentence


def lazy_correction(evaluation: Evaluation, user: Any) -> Any:
    """Return the sentence, or ""; it is read only by pages that show it."""
    readable = PeriodRevision.objects.visible_to(user)
    return SimpleLazyObject(lambda: correction_sentence(evaluation.revision_id, readable))
