"""Access of evaluation participants to the evaluated revision; registered in ``apps.ready()``."""

from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from cities.rules import person_of
from evaluation.models import Evaluation


def evaluated_revisions(user: Any) -> Q | None:
    """Return a Q over PeriodRevision for those that the user rates, moderates or may review, or None.

    Access includes the evidence of records with visibility network or public, as it was frozen, even after the city has
    submitted a newer revision.
    """
    person = person_of(user)
    if person is None:
        return None
    rows = Evaluation.objects
    parts = (rows.rated_by(person), rows.moderated_by(person), rows.reviewable_by(user))
    judged = [Q(pk__in=mine.values("revision")) for mine in parts if not mine.query.is_empty()]
    return reduce(or_, judged) if judged else None
