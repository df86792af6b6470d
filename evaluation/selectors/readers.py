"""Who takes part in an evaluation reads the revision that is judged; registered in ``apps.ready()``."""

from typing import Any

from django.db.models import Q

from cities.rules import person_of
from evaluation.models import Evaluation


def judged_revisions(user: Any) -> Q:
    """Over PeriodRevision: those that the user rates, moderates or decides on, and has no conflict with.

    With the evidence of network and public records as they were frozen, also where a newer revision was submitted.
    """
    person = person_of(user)
    if person is None:
        return Q(pk=None)
    rows = Evaluation.objects
    judged = Q(pk=None)
    for mine in (rows.rated_by(person), rows.moderated_by(person), rows.on_desk_of(user)):
        judged |= Q(pk__in=mine.values("revision"))
    return judged
