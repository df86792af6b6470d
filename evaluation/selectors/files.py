"""Who takes part in an evaluation reads the evidence of the revision that is judged; registered in ``apps.ready()``."""

from typing import Any

from django.db.models import F, Q

from cities.enums import Visibility
from cities.rules import is_scientific_member, person_of
from evaluation.models import Evaluation
from strategies.models import Evidence

HANDED_ON = [Visibility.NETWORK, Visibility.PUBLIC]


def judged_evidence(user: Any) -> Q:
    """Over StoredFile: what hung on handed-on records when the revision was frozen that the user rates or moderates.

    Committee members read the network's files anyway; a substitute reads what she has to decide on.
    """
    person = person_of(user)
    if person is None:
        return Q(pk=None)
    judged = Q(pk__in=Evaluation.objects.rated_by(person).values("pk"))
    judged |= Q(pk__in=Evaluation.objects.moderated_by(person).values("pk"))
    if not is_scientific_member(user):
        judged |= Q(pk__in=Evaluation.objects.on_desk_of(user).values("pk"))
    mine = Evaluation.objects.filter(judged).values("revision")
    files = Q(pk=None)
    for kind in ("update", "value"):
        frozen = f"{kind}__city_period__revisions"
        rows = Evidence.objects.filter(
            Q(withdrawn_at=None) | Q(withdrawn_at__gt=F(f"{frozen}__created_at")),
            **{
                f"{frozen}__in": mine,
                f"{kind}__visibility__in": HANDED_ON,
                "created_at__lte": F(f"{frozen}__created_at"),
            },
        )
        files |= Q(pk__in=rows.filter(file__isnull=False).values("file"))
    return files
