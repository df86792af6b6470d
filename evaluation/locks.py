"""Database triggers that lock evaluations and reports, whatever code writes to the database. See docs/adr/0004.

- The rows behind a published evaluation never change.
- Decisions and stage moves are inserted only during their stage.
- Report files are inserted only while the report is being built. A ready report never changes.
"""

from epi_site.shared import triggers
from epi_site.shared.triggers import Trigger

from .enums import TRANSITIONS, ReportState, Stage
from .models import (
    Assessment,
    Citation,
    CommitteeReview,
    Consensus,
    DimensionReview,
    Evaluation,
    EvaluationResult,
    Rating,
    Report,
    ReportFile,
    StageMove,
)

EVALUATION = Evaluation._meta.db_table
REPORT = Report._meta.db_table
PUBLISHED = "epi: the evaluation is published"

# SQL for the evaluation id of a row; ``{row}`` is NEW, OLD or a table alias.
OWN = "{row}.evaluation_id"
OF_ASSESSMENT = f"(SELECT a.evaluation_id FROM {Assessment._meta.db_table} a WHERE a.id = {{row}}.assessment_id)"
OF_RATING = (
    f"(SELECT a.evaluation_id FROM {Assessment._meta.db_table} a JOIN {Rating._meta.db_table} r "
    "ON r.assessment_id = a.id WHERE r.id = {row}.rating_id)"
)
JUDGED = {  # model: (SQL for its evaluation id, its other unique keys as SQL over NEW and the stored row t)
    Evaluation: ("{row}.id", ["t.round_id = NEW.round_id AND t.strategy_id = NEW.strategy_id"]),
    Assessment: (OWN, ["t.evaluation_id = NEW.evaluation_id AND t.rater_id = NEW.rater_id"]),
    Rating: (OF_ASSESSMENT, ["t.assessment_id = NEW.assessment_id AND t.dimension_id = NEW.dimension_id"]),
    Citation: (OF_RATING, []),
    Consensus: (OWN, ["t.evaluation_id = NEW.evaluation_id AND t.dimension_id = NEW.dimension_id"]),
}
HISTORIES = {Evaluation: "", Assessment: OWN, Rating: OF_ASSESSMENT, Consensus: OWN}
ONCE_READY = ("state", "engine", "template_version", "ready_at")  # frozen once ready; other columns freeze on insert


def _published(evaluation: str) -> str:
    return f"EXISTS (SELECT 1 FROM {EVALUATION} e WHERE e.id = {evaluation} AND e.stage = '{Stage.PUBLISHED}')"


def _hold(evaluation: str) -> str:
    return f"PERFORM 1 FROM {EVALUATION} e WHERE e.id = {evaluation} FOR SHARE;"


def _only_while(model, evaluation: str, condition: str, message: str) -> Trigger:
    """Return a trigger that refuses inserts into ``model`` unless ``condition`` is true of its evaluation ``e``."""
    table = model._meta.db_table
    holds = f"EXISTS (SELECT 1 FROM {EVALUATION} e WHERE e.id = {evaluation} AND {condition})"
    return Trigger(f"epi_{table}_due", table, "INSERT", f"NOT {holds}", message, _hold(evaluation))


def _stage_triggers() -> list[Trigger]:
    legal = " OR ".join(
        f"(NEW.verb = '{verb}' AND NEW.from_stage = '{source}' AND NEW.to_stage = '{target}')"
        for verb, (sources, target) in TRANSITIONS.items()
        for source in sorted(sources)
    )
    reviews = CommitteeReview._meta.db_table
    reviewed = f"(SELECT c.evaluation_id FROM {reviews} c WHERE c.id = NEW.review_id)"
    cycle = f"(SELECT c.cycle FROM {reviews} c WHERE c.id = NEW.review_id)"
    decides = f"e.stage = '{Stage.REVIEW}' AND e.cycle = "
    return [
        _only_while(
            StageMove,
            "NEW.evaluation_id",
            f"e.stage = NEW.from_stage AND ({legal})",
            "epi: a move leads on from the stage that lasts",
        ),
        _only_while(CommitteeReview, "NEW.evaluation_id", f"{decides} NEW.cycle", "epi: decided while it is reviewed"),
        _only_while(DimensionReview, reviewed, f"{decides} {cycle}", "epi: decided while it is reviewed"),
        _only_while(
            EvaluationResult,
            "NEW.evaluation_id",
            f"e.stage = '{Stage.PUBLISHED}'",
            "epi: a result comes with its publication",
        ),
    ]


def _report_triggers() -> list[Trigger]:
    files = ReportFile._meta.db_table
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in ONCE_READY)
    building = f"EXISTS (SELECT 1 FROM {REPORT} r WHERE r.id = NEW.report_id AND r.state = '{ReportState.BUILDING}')"
    return [
        Trigger(
            f"epi_{REPORT}_ready",
            REPORT,
            "UPDATE",
            f"OLD.state = '{ReportState.READY}' AND ({changed})",
            "epi: the report is ready and stays so",
        ),
        Trigger(
            f"epi_{files}_due",
            files,
            "INSERT",
            f"NOT {building}",
            "epi: files come while the report is built",
            f"PERFORM 1 FROM {REPORT} r WHERE r.id = NEW.report_id FOR SHARE;",
        ),
    ]


def register() -> None:
    for model, (evaluation, keys) in JUDGED.items():
        triggers.lock(model, evaluation, _published, PUBLISHED, keys=keys, hold=_hold)
    for model, evaluation in HISTORIES.items():
        history = model.history.model
        triggers.freeze(history)
        if evaluation:
            table, judged = history._meta.db_table, evaluation.format(row="NEW")
            triggers.register(
                Trigger(f"epi_{table}_ins", table, "INSERT", _published(judged), PUBLISHED, _hold(judged))
            )
    triggers.register(*_stage_triggers(), *_report_triggers())
    triggers.freeze(StageMove)
    triggers.freeze(CommitteeReview, unique=[("evaluation_id", "member_id", "cycle")])
    triggers.freeze(DimensionReview, unique=[("review_id", "dimension_id")])
    triggers.freeze(EvaluationResult, unique=[("evaluation_id",)])
    triggers.freeze(ReportFile, unique=[("report_id", "name")])
    triggers.freeze(
        Report,
        ["period_revision_id", "language", "snapshot", "sha256", "schema_version", "issued_at", "issued_by_id"],
        unique=[("number",), ("kind", "city_id", "period_id", "revision")],
    )
