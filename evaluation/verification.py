"""Checks of ``manage.py verify``: evaluations against their transitions, results against the evaluated revision."""

from itertools import groupby

from core.exceptions import HashMismatch
from core.verification import Result

from .enums import RecommendationState, Stage
from .models import Evaluation, EvaluationResult, Recommendation, RecommendationTransition, StageTransition


def check_transitions() -> Result:
    """Check that each transition begins where the previous one ended, and that the last one led to the stage."""
    result = Result(Evaluation.objects.count())
    columns = ("evaluation", "from_stage", "to_stage", "evaluation__stage")
    transitions = StageTransition.objects.order_by("evaluation", "pk").values_list(*columns)  # one query: one moment
    for pk, group in groupby(transitions.iterator(), key=lambda row: row[0]):
        rows = list(group)
        came_from = [Stage.DECLARE, *(row[2] for row in rows)]
        if [row[1] for row in rows] != came_from[:-1] or rows[-1][3] != came_from[-1]:
            result.differences.append(
                f"evaluation.evaluation {pk}: its transitions do not lead to the stage {rows[-1][3]}"
            )
    unmoved = Evaluation.objects.filter(transitions=None).exclude(stage=Stage.DECLARE)
    result.differences += [f"evaluation.evaluation {row.pk}: its transitions are missing" for row in unmoved]
    return result


def check_recommendations() -> Result:
    """Check that each recommendation's transitions follow each other, and that the last one led to its state."""
    result = Result(Recommendation.objects.count())
    columns = ("recommendation", "from_state", "to_state", "recommendation__state")
    transitions = RecommendationTransition.objects.order_by("recommendation", "pk").values_list(*columns)
    for pk, group in groupby(transitions.iterator(), key=lambda row: row[0]):
        rows = list(group)
        came_from = [RecommendationState.DRAFT, *(row[2] for row in rows)]
        if [row[1] for row in rows] != came_from[:-1] or rows[-1][3] != came_from[-1]:
            result.differences.append(
                f"evaluation.recommendation {pk}: its transitions do not lead to the state {rows[-1][3]}"
            )
    unmoved = Recommendation.objects.filter(transitions=None).exclude(state=RecommendationState.DRAFT)
    result.differences += [f"evaluation.recommendation {row.pk}: its transitions are missing" for row in unmoved]
    return result


def check_results() -> Result:
    """Check that a published result names the hash of the evaluated revision."""
    result = Result()
    for row in EvaluationResult.objects.select_related("evaluation__revision").order_by("pk").iterator(chunk_size=20):
        result.checked += 1
        try:
            rests_on = row.contents["revision"]["sha256"]
        except HashMismatch:
            continue  # the check of hashes names it
        if rests_on != row.evaluation.revision.sha256:
            result.differences.append(f"evaluation.evaluationresult {row.pk}: its revision has another hash")
    return result
