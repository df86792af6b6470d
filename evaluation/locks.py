"""Database triggers that lock evaluations against every kind of write. See docs/adr/0004.

What a published evaluation rests on never changes; decisions and transitions are written while their stage lasts.
"""

from accounts.page_versions import person_sql
from core import triggers
from core.triggers import Trigger
from core.versions import bump_on_change
from strategies.exceptions import PERIOD_IS_LOCKED
from strategies.locks import hold_period_sql, is_locked_sql
from strategies.models import CityPeriod

from .enums import (
    CLOSED_RECOMMENDATION,
    RECOMMENDATION_TRANSITIONS,
    TRANSITIONS,
    UNDER_WAY,
    RecommendationState,
    Stage,
)
from .models import (
    Assessment,
    BlindLevel,
    Citation,
    CommitteeReview,
    ConflictOfInterest,
    Consensus,
    DimensionReview,
    Evaluation,
    EvaluationResult,
    ManagementResponse,
    RaterAssignment,
    Rating,
    Recommendation,
    RecommendationProgress,
    RecommendationTransition,
    RoundResult,
    StageTransition,
    SubstituteAppointment,
)

EVALUATION = Evaluation._meta.db_table
PUBLISHED = "epi: the evaluation is published"

# SQL for the evaluation id of a row; ``{row}`` is NEW, OLD or a table alias.
OWN_EVALUATION = "{row}.evaluation_id"
OF_ASSESSMENT = f"(SELECT a.evaluation_id FROM {Assessment._meta.db_table} a WHERE a.id = {{row}}.assessment_id)"
OF_RATING = (
    f"(SELECT a.evaluation_id FROM {Assessment._meta.db_table} a JOIN {Rating._meta.db_table} r "
    "ON r.assessment_id = a.id WHERE r.id = {row}.rating_id)"
)
LOCKED_MODELS = {  # model: (SQL for its evaluation id, its other unique keys as SQL over NEW and the stored row t)
    Evaluation: ("{row}.id", ["t.round_id = NEW.round_id AND t.strategy_id = NEW.strategy_id"]),
    Assessment: (OWN_EVALUATION, ["t.evaluation_id = NEW.evaluation_id AND t.rater_id = NEW.rater_id"]),
    Rating: (OF_ASSESSMENT, ["t.assessment_id = NEW.assessment_id AND t.dimension_id = NEW.dimension_id"]),
    Citation: (OF_RATING, []),
    Consensus: (OWN_EVALUATION, ["t.evaluation_id = NEW.evaluation_id AND t.dimension_id = NEW.dimension_id"]),
}
HISTORIES = {Assessment: OWN_EVALUATION, Rating: OF_ASSESSMENT, Consensus: OWN_EVALUATION}


_IS_UNFINISHED = f"e.stage NOT IN ('{Stage.PUBLISHED}', '{Stage.REMOVED}')"


def _is_published_sql(evaluation: str) -> str:
    return f"EXISTS (SELECT 1 FROM {EVALUATION} e WHERE e.id = {evaluation} AND e.stage = '{Stage.PUBLISHED}')"


def _lock_sql(evaluation: str) -> str:
    return f"PERFORM 1 FROM {EVALUATION} e WHERE e.id = {evaluation} FOR SHARE;"


def _only_while(model, evaluation: str, condition: str, message: str) -> Trigger:
    """Return a trigger that refuses inserts into ``model`` unless ``condition`` is true of its evaluation ``e``."""
    table = model._meta.db_table
    holds = f"EXISTS (SELECT 1 FROM {EVALUATION} e WHERE e.id = {evaluation} AND {condition})"
    return Trigger(f"epi_{table}_due", table, "INSERT", f"NOT {holds}", message, _lock_sql(evaluation))


def _transition_triggers() -> list[Trigger]:
    """Return triggers by which a stage changes only after its StageTransition was written, in the same transaction.

    The newest transition leads from the old stage to the new one. A transition without its change of stage would be
    the last one of its evaluation: the next must begin where it ended, and at the current stage.
    """
    legal = " OR ".join(
        f"(NEW.verb = '{verb}' AND NEW.from_stage = '{source}' AND NEW.to_stage = '{target}')"
        for verb, (sources, target) in TRANSITIONS.items()
        for source in sorted(sources)
    )
    table = StageTransition._meta.db_table
    newest = f"(SELECT MAX(n.id) FROM {table} n WHERE n.evaluation_id = {{evaluation}})"
    moves = (
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.id = {newest.format(evaluation='NEW.id')} "
        "AND t.from_stage = OLD.stage AND t.to_stage = NEW.stage)"
    )
    ended = f"(SELECT t.to_stage FROM {table} t WHERE t.id = {newest.format(evaluation='NEW.evaluation_id')})"
    at_its_stage = (
        f"EXISTS (SELECT 1 FROM {EVALUATION} e WHERE e.id = NEW.evaluation_id AND e.stage = NEW.from_stage) "
        f"AND NEW.from_stage = COALESCE({ended}, '{Stage.DECLARE}')"
    )
    before_newest = f"NEW.id < {newest.format(evaluation='NEW.evaluation_id')} AND NEW.id <> -1"  # -1: none yet, SQLite
    return [
        Trigger(
            f"epi_{EVALUATION}_stage",
            EVALUATION,
            "UPDATE",
            f"OLD.stage <> '{Stage.PUBLISHED}' AND NEW.stage IS DISTINCT FROM OLD.stage AND NOT {moves}",
            "epi: a stage changes by a transition only",
        ),
        Trigger(
            f"epi_{EVALUATION}_begins",
            EVALUATION,
            "INSERT",
            f"NEW.stage <> '{Stage.DECLARE}' OR NEW.cycle <> 1",
            "epi: an evaluation begins with its first stage",
        ),
        Trigger(
            f"epi_{table}_due",
            table,
            "INSERT",
            f"({before_newest}) OR NOT ({at_its_stage} AND ({legal}))",
            "epi: a transition starts from the current stage",
            f"PERFORM 1 FROM {EVALUATION} e WHERE e.id = NEW.evaluation_id FOR UPDATE;",
        ),
    ]


def _decision_triggers() -> list[Trigger]:
    reviews = CommitteeReview._meta.db_table
    reviewed = f"(SELECT c.evaluation_id FROM {reviews} c WHERE c.id = NEW.review_id)"
    cycle = f"(SELECT c.cycle FROM {reviews} c WHERE c.id = NEW.review_id)"
    decides = f"e.stage = '{Stage.REVIEW}' AND e.cycle = "
    return [
        _only_while(CommitteeReview, "NEW.evaluation_id", f"{decides} NEW.cycle", "epi: decided while it is reviewed"),
        _only_while(DimensionReview, reviewed, f"{decides} {cycle}", "epi: decided while it is reviewed"),
        _only_while(
            EvaluationResult,
            "NEW.evaluation_id",
            f"e.stage = '{Stage.PUBLISHED}'",
            "epi: a result comes with its publication",
        ),
        Trigger(
            f"epi_{EVALUATION}_cycle", EVALUATION, "UPDATE", "NEW.cycle < OLD.cycle", "epi: a cycle does not come again"
        ),
        _only_while(
            BlindLevel,
            OF_RATING.format(row="NEW"),
            f"e.stage IN ('{Stage.RATE}', '{Stage.DISCUSS}')",
            "epi: blind levels are kept before the moderation",
        ),
    ]


def _round_trigger() -> Trigger:
    """Refuse the result of a round in which something is still to be published, unless it says why."""
    table = RoundResult._meta.db_table
    is_unfinished = f"EXISTS (SELECT 1 FROM {EVALUATION} e WHERE e.round_id = NEW.round_id AND {_IS_UNFINISHED})"
    return Trigger(
        f"epi_{table}_due",
        table,
        "INSERT",
        f"NEW.reason = '' AND {is_unfinished}",
        "epi: a round closes with its last publication, or with a reason",
    )


# ---- recommendations

RECOMMENDATION = Recommendation._meta.db_table
RECOMMENDATION_IS_CLOSED = "epi: the recommendation is closed"
_CLOSED = ", ".join(f"'{state}'" for state in sorted(CLOSED_RECOMMENDATION))
_FIXED = ("source", "evaluation_id", "body_id", "city_id", "dimension_id", "text", "done_when", "priority", "author_id")


def _hold_recommendation(recommendation: str) -> str:
    return f"PERFORM 1 FROM {RECOMMENDATION} r WHERE r.id = {recommendation} FOR SHARE;"


def _recommendation_triggers() -> list[Trigger]:
    """Return triggers by which a state changes by a transition only, and what was issued keeps its text."""
    transitions = RecommendationTransition._meta.db_table
    newest = f"(SELECT MAX(n.id) FROM {transitions} n WHERE n.recommendation_id = {{row}})"
    moves = (
        f"EXISTS (SELECT 1 FROM {transitions} t WHERE t.id = {newest.format(row='NEW.id')} "
        "AND t.from_state = OLD.state AND t.to_state = NEW.state)"
    )
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _FIXED)
    once = " OR ".join(
        f"(OLD.{column} IS NOT NULL AND NEW.{column} IS DISTINCT FROM OLD.{column})"
        for column in ("issued_at", "issued_on", "published_at", "published_by_id")
    )
    ended = f"(SELECT t.to_state FROM {transitions} t WHERE t.id = {newest.format(row='NEW.recommendation_id')})"
    at_its_state = (
        f"EXISTS (SELECT 1 FROM {RECOMMENDATION} r WHERE r.id = NEW.recommendation_id AND r.state = NEW.from_state) "
        f"AND NEW.from_state = COALESCE({ended}, '{RecommendationState.DRAFT}')"
    )
    legal = " OR ".join(
        f"(NEW.verb = '{verb}' AND NEW.from_state = '{source}' AND NEW.to_state = '{target}')"
        for verb, (sources, target) in RECOMMENDATION_TRANSITIONS.items()
        for source in sorted(sources)
    )
    text_is_fixed = f"OLD.state <> '{RecommendationState.DRAFT}' AND ({changed}) AND NOT ({triggers.REDACTION})"
    return [
        Trigger(
            f"epi_{RECOMMENDATION}_state",
            RECOMMENDATION,
            "UPDATE",
            f"NEW.id <> OLD.id OR (NEW.state IS DISTINCT FROM OLD.state AND NOT {moves})",
            "epi: a recommendation changes state by a transition only",
        ),
        Trigger(
            f"epi_{RECOMMENDATION}_fixed",
            RECOMMENDATION,
            "UPDATE",
            f"({text_is_fixed}) OR {once}",
            "epi: an issued recommendation keeps its text",
        ),
        Trigger(
            f"epi_{RECOMMENDATION}_begins",
            RECOMMENDATION,
            "INSERT",
            f"NEW.state <> '{RecommendationState.DRAFT}' "
            f"OR EXISTS (SELECT 1 FROM {RECOMMENDATION} t WHERE t.id = NEW.id)",
            "epi: a recommendation begins as a draft",
        ),
        Trigger(f"epi_{RECOMMENDATION}_del", RECOMMENDATION, "DELETE", "TRUE", "epi: a recommendation stays"),
        Trigger(
            f"epi_{transitions}_due",
            transitions,
            "INSERT",
            f"NOT ({at_its_state} AND ({legal}))",
            "epi: a transition starts from the current state",
            f"PERFORM 1 FROM {RECOMMENDATION} r WHERE r.id = NEW.recommendation_id FOR UPDATE;",
        ),
    ]


def _response_triggers() -> list[Trigger]:
    """Return triggers that lock the response, and the actions linked to it, when the recommendation is closed."""
    response = ManagementResponse._meta.db_table
    links = ManagementResponse.actions.through._meta.db_table

    def is_closed(recommendation: str) -> str:
        return f"EXISTS (SELECT 1 FROM {RECOMMENDATION} r WHERE r.id = {recommendation} AND r.state IN ({_CLOSED}))"

    def of_link(row: str) -> str:
        return f"(SELECT m.recommendation_id FROM {response} m WHERE m.id = {row}.managementresponse_id)"

    is_draft = (
        f"EXISTS (SELECT 1 FROM {RECOMMENDATION} r WHERE r.id = NEW.recommendation_id "
        f"AND r.state = '{RecommendationState.DRAFT}')"
    )
    replaced = f"EXISTS (SELECT 1 FROM {response} t WHERE t.id = NEW.id OR t.recommendation_id = NEW.recommendation_id)"
    moved = "NEW.id <> OLD.id OR NEW.recommendation_id <> OLD.recommendation_id"
    unsent = " OR ".join(
        f"(OLD.{column} IS NOT NULL AND NEW.{column} IS DISTINCT FROM OLD.{column})"
        for column in ("answered_at", "answered_by_id")
    )
    turned = "OLD.answered_at IS NOT NULL AND NEW.decision IS DISTINCT FROM OLD.decision AND NEW.decision = 'reject'"
    own, message = "{row}.recommendation_id", RECOMMENDATION_IS_CLOSED
    hold_new, hold_old = (_hold_recommendation(own.format(row=row)) for row in ("NEW", "OLD"))
    closed_old = is_closed("OLD.recommendation_id")
    return [
        Trigger(
            f"epi_{response}_ins",
            response,
            "INSERT",
            f"{is_closed('NEW.recommendation_id')} OR {is_draft} OR {replaced}",
            message,
            hold_new,
        ),
        Trigger(
            f"epi_{response}_upd",
            response,
            "UPDATE",
            f"({closed_old} OR {moved} OR {unsent} OR ({turned})) AND NOT ({triggers.REDACTION})",
            message,
            hold_old,
        ),
        Trigger(f"epi_{response}_del", response, "DELETE", "TRUE", "epi: a response stays"),
        *(
            Trigger(f"epi_{links}_{name}", links, before, " OR ".join(is_closed(of_link(row)) for row in rows), message)
            for name, before, rows in (
                ("ins", "INSERT", ["NEW"]),
                ("upd", "UPDATE", ["OLD", "NEW"]),
                ("del", "DELETE", ["OLD"]),
            )
        ),
    ]


def _progress_triggers() -> list[Trigger]:
    """Return triggers that refuse progress of another city's period, and on what is not under way."""
    table, periods = RecommendationProgress._meta.db_table, CityPeriod._meta.db_table
    city = f"(SELECT p.city_id FROM {periods} p WHERE p.id = NEW.city_period_id)"
    fits = (
        f"EXISTS (SELECT 1 FROM {RECOMMENDATION} r WHERE r.id = NEW.recommendation_id "
        f"AND r.city_id IS NOT DISTINCT FROM {city})"
    )
    under_way = ", ".join(f"'{state}'" for state in sorted(UNDER_WAY))
    hold = _hold_recommendation("NEW.recommendation_id")
    moved = " OR ".join(
        f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in ("recommendation_id", "city_period_id", "period_id")
    )

    def is_over(row: str) -> str:
        return (
            f"NOT EXISTS (SELECT 1 FROM {RECOMMENDATION} r WHERE r.id = {row}.recommendation_id "
            f"AND r.state IN ({under_way}))"
        )

    return [
        Trigger(f"epi_{table}_fits", table, "INSERT", f"NOT {fits}", "epi: progress is of the addressed city"),
        Trigger(f"epi_{table}_due", table, "INSERT", is_over("NEW"), RECOMMENDATION_IS_CLOSED, hold),
        Trigger(
            f"epi_{table}_over",
            table,
            "UPDATE",
            f"({moved} OR {is_over('OLD')}) AND NOT ({triggers.REDACTION})",
            RECOMMENDATION_IS_CLOSED,
            hold,
        ),
        Trigger(f"epi_{table}_stays", table, "DELETE", "TRUE", "epi: progress stays"),
    ]


def register() -> None:
    triggers.lock(
        RecommendationProgress,
        "{row}.city_period_id",
        is_locked_sql,
        PERIOD_IS_LOCKED,
        keys=["t.recommendation_id = NEW.recommendation_id AND t.city_period_id = NEW.city_period_id"],
        hold=hold_period_sql,
    )
    triggers.register(*_recommendation_triggers(), *_response_triggers(), *_progress_triggers())
    triggers.freeze(RecommendationTransition)
    bump_on_change(RaterAssignment, person_sql())
    bump_on_change(SubstituteAppointment, person_sql())
    bump_on_change(Evaluation, person_sql("moderator_id"), columns=["moderator_id"])
    for model, (evaluation, keys) in LOCKED_MODELS.items():
        triggers.lock(model, evaluation, _is_published_sql, PUBLISHED, keys=keys, hold=_lock_sql)
    for model, evaluation in HISTORIES.items():
        table, judged = model.history.model._meta.db_table, evaluation.format(row="NEW")
        triggers.register(
            Trigger(f"epi_{table}_ins", table, "INSERT", _is_published_sql(judged), PUBLISHED, _lock_sql(judged))
        )
    triggers.register(*_transition_triggers(), *_decision_triggers(), _round_trigger())
    triggers.freeze(StageTransition)
    triggers.freeze(CommitteeReview, unique=[("evaluation_id", "member_id", "cycle")])
    triggers.freeze(DimensionReview, unique=[("review_id", "dimension_id")])
    triggers.freeze(EvaluationResult, unique=[("evaluation_id",)])
    triggers.freeze(SubstituteAppointment, unique=[("evaluation_id", "person_id")])
    triggers.freeze_until_withdrawn(ConflictOfInterest, ("evaluation_id", "person_id"))
    triggers.freeze_until_withdrawn(RaterAssignment, ("evaluation_id", "person_id"))
    triggers.freeze(BlindLevel, unique=[("rating_id",)])
    triggers.freeze(RoundResult, unique=[("round_id",)])
