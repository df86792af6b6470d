"""Access of evaluation participants to the evaluated revision; registered in ``apps.ready()``."""

from typing import Any

from django.db.models import Q

from cities.rules import person_of
from evaluation.models import Evaluation


def evaluated_revisions(user: Any) -> Q:
    """Return a Q over PeriodRevision for those that the user rates, moderates or may review.

    Access includes the evidence of records with visibility network or public, as it was frozen, even after the city has
    submitted a newer revision.
    """
    person = person_of(user)
    if person is None:
        return Q(pk=None)
    rows = Evaluation.objects
    judged = Q(pk=None)
    for mine in (rows.rated_by(person), rows.moderated_by(person), rows.reviewable_by(user)):
        judged |= Q(pk__in=mine.values("revision"))
    return judged
