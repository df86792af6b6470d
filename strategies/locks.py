"""Database triggers that lock periods. They apply to forms, the shell, bulk calls and SQL of other processes.

A fact can be added, changed or deleted only while its city period is not locked. Snapshot rows are inserted once,
while the period is in the state *submitted*, and never changed. See docs/adr/0004.
"""

from accounts.page_versions import SITE_SQL
from cities.models import StoredFile
from core import triggers
from core.triggers import Effect, Trigger
from core.versions import bump_on_change

from .enums import LOCKED, NEXT_REVISION, PeriodState, StrategyStatus
from .exceptions import PERIOD_IS_LOCKED
from .models import (
    ActionUpdate,
    CityPeriod,
    Evidence,
    IndicatorValue,
    MilestoneDropped,
    MilestoneReached,
    Narrative,
    PeriodComment,
    PeriodRevision,
    PeriodTransition,
    RevisionAction,
    RevisionFile,
    RevisionIndicator,
    Strategy,
)

STATES = ", ".join(f"'{state}'" for state in sorted(LOCKED))
PERIOD = CityPeriod._meta.db_table
REVISION = PeriodRevision._meta.db_table
VERBS = ", ".join(f"'{verb}'" for verb in sorted(NEXT_REVISION))
NEXT = f"CASE WHEN {{verb}} IN ({VERBS}) THEN 1 ELSE 0 END"

# SQL for the id of the city period that the row ``{row}`` belongs to.
OWN = "{row}.city_period_id"
OF_UPDATE = f"(SELECT u.city_period_id FROM {ActionUpdate._meta.db_table} u WHERE u.id = {{row}}.update_id)"
OF_VALUE = f"(SELECT v.city_period_id FROM {IndicatorValue._meta.db_table} v WHERE v.id = {{row}}.value_id)"
FACTS = {  # model: (its city period, its other unique keys as SQL over NEW and the stored row ``t``)
    ActionUpdate: (OWN, ["t.uuid = NEW.uuid"]),
    IndicatorValue: (OWN, ["t.indicator_id = NEW.indicator_id AND t.city_period_id = NEW.city_period_id"]),
    Narrative: (OWN, ["t.city_period_id = NEW.city_period_id"]),
    MilestoneReached: (OF_UPDATE, ["t.update_id = NEW.update_id AND t.milestone_id = NEW.milestone_id"]),
    MilestoneDropped: (OF_UPDATE, ["t.update_id = NEW.update_id AND t.milestone_id = NEW.milestone_id"]),
    Evidence: (f"COALESCE({OF_UPDATE}, {OF_VALUE})", []),
}


def is_locked_sql(period: str) -> str:
    return f"EXISTS (SELECT 1 FROM {PERIOD} p WHERE p.id = {period} AND p.state IN ({STATES}))"


def hold_period_sql(period: str) -> str:
    return f"PERFORM 1 FROM {PERIOD} p WHERE p.id = {period} FOR SHARE;"


def _period_triggers() -> list[Trigger | Effect]:
    transitions = PeriodTransition._meta.db_table
    has_transition = (
        f"NEW.transition_count = OLD.transition_count + 1 AND EXISTS (SELECT 1 FROM {transitions} m "
        "WHERE m.city_period_id = NEW.id AND m.number = NEW.transition_count "
        "AND m.from_state = OLD.state AND m.to_state = NEW.state "
        f"AND NEW.revision = OLD.revision + {NEXT.format(verb='m.verb')})"
    )
    touched = (
        "NEW.state IS DISTINCT FROM OLD.state OR NEW.transition_count IS DISTINCT FROM OLD.transition_count "
        "OR NEW.revision IS DISTINCT FROM OLD.revision"
    )
    moved = "NEW.id <> OLD.id OR NEW.city_id <> OLD.city_id OR NEW.period_id <> OLD.period_id"
    follows_last = (
        f"EXISTS (SELECT 1 FROM {PERIOD} p WHERE p.id = NEW.city_period_id AND p.state = NEW.from_state "
        "AND p.transition_count + 1 = NEW.number AND p.revision = NEW.revision)"
    )
    same_key = "t.id = NEW.id OR (t.city_id = NEW.city_id AND t.period_id = NEW.period_id)"
    stored = f"EXISTS (SELECT 1 FROM {PERIOD} t WHERE {same_key})"
    return [
        Trigger(
            f"epi_{PERIOD}_upd",
            PERIOD,
            "UPDATE",
            f"({moved}) OR (({touched}) AND NOT ({has_transition}))",
            "epi: a period changes state by a transition only",
        ),
        Trigger(
            f"epi_{PERIOD}_ins",
            PERIOD,
            "INSERT",
            f"NEW.state <> 'scheduled' OR NEW.transition_count <> 0 OR NEW.revision <> 1 OR {stored}",
            "epi: a period begins as scheduled",
        ),
        Trigger(
            f"epi_{PERIOD}_del", PERIOD, "DELETE", "OLD.transition_count > 0", "epi: a period with transitions stays"
        ),
        Trigger(
            f"epi_{transitions}_ins",
            transitions,
            "INSERT",
            f"NOT ({follows_last})",
            "epi: a transition follows the one before",
            f"PERFORM 1 FROM {PERIOD} p WHERE p.id = NEW.city_period_id FOR UPDATE;",
        ),
        Effect(
            f"epi_{transitions}_moves",
            transitions,
            f"UPDATE {PERIOD} SET state = NEW.to_state, transition_count = NEW.number, "
            f"revision = revision + {NEXT.format(verb='NEW.verb')} WHERE id = NEW.city_period_id",
        ),
    ]


# ---- strategies: adopted, published and superseded once


def _strategy_triggers() -> list[Trigger]:
    table, adopted = Strategy._meta.db_table, f"OLD.status = '{StrategyStatus.ADOPTED}'"
    undone = [f"({adopted} AND NEW.status IS DISTINCT FROM OLD.status)"]
    undone += [
        f"(OLD.{column} IS NOT NULL AND NEW.{column} IS DISTINCT FROM OLD.{column})"
        for column in ("published_at", "superseded_at")
    ]
    message = "epi: an adopted strategy stays adopted"
    return [
        Trigger(f"epi_{table}_upd", table, "UPDATE", " OR ".join(undone), message),
        Trigger(f"epi_{table}_del", table, "DELETE", adopted, message),
    ]


# ---- snapshot rows: inserted once, with the submission

TEXT_COLUMNS = {"health": "health", "stage": "status"}  # column: key in ``contents``
NUMBER_COLUMNS = ("progress", "expected", "budget", "spent", "update_count")  # their keys are named the same


def _column_differs(path: str, column: str, *, is_number: bool) -> str:
    """Return SQL that is true where a column differs from the value in the row's JSON ``contents``."""
    stored = f"JSON_TEXT(NEW.contents, '{path}')"
    stored = f"CAST({stored} AS NUMERIC)" if is_number else stored
    return f"{stored} IS DISTINCT FROM NEW.{column}"


def _frozen_triggers() -> list[Trigger]:
    due = f"p.state = '{PeriodState.SUBMITTED}' AND p.revision = "
    is_submitted = f"EXISTS (SELECT 1 FROM {PERIOD} p WHERE p.id = NEW.city_period_id AND {due} NEW.number)"
    of_newest = (
        f"EXISTS (SELECT 1 FROM {REVISION} r JOIN {PERIOD} p ON p.id = r.city_period_id "
        f"WHERE r.id = NEW.revision_id AND {due} r.number AND STRPOS(r.snapshot, {{stored}}) > 0)"
    )
    file_of_evidence = (  # identified by the hash of its content, which is in the snapshot too
        f"(SELECT f.sha256 FROM {StoredFile._meta.db_table} f JOIN {Evidence._meta.db_table} e ON e.file_id = f.id "
        "WHERE f.id = NEW.file_id AND e.id = NEW.evidence_id)"
    )
    action_id, indicator_id = (_column_differs("id", name, is_number=True) for name in ("action_id", "indicator_id"))
    figures = [_column_differs(key, column, is_number=False) for column, key in TEXT_COLUMNS.items()]
    figures += [_column_differs(name, name, is_number=True) for name in NUMBER_COLUMNS]
    value = _column_differs("value.value", "value", is_number=True)
    refused = {
        RevisionAction: [f"NOT {of_newest.format(stored='NEW.contents')}", action_id, *figures],
        RevisionIndicator: [f"NOT {of_newest.format(stored='NEW.contents')}", indicator_id, value],
        RevisionFile: [f"NOT {of_newest.format(stored=file_of_evidence)}"],
    }
    held = f"(SELECT r.city_period_id FROM {REVISION} r WHERE r.id = NEW.revision_id)"
    return [
        Trigger(
            f"epi_{REVISION}_due",
            REVISION,
            "INSERT",
            f"NOT {is_submitted}",
            "epi: a revision comes with its submission",
            hold_period_sql("NEW.city_period_id"),
        ),
        *(
            Trigger(
                f"epi_{model._meta.db_table}_due",
                model._meta.db_table,
                "INSERT",
                " OR ".join(conditions),
                "epi: a frozen row is taken from its snapshot",
                hold_period_sql(held),
            )
            for model, conditions in refused.items()
        ),
    ]


def register() -> None:
    for model, (period, keys) in FACTS.items():
        triggers.lock(model, period, is_locked_sql, PERIOD_IS_LOCKED, keys=keys, hold=hold_period_sql)
    triggers.register(*_period_triggers(), *_frozen_triggers())
    triggers.freeze(PeriodTransition, unique=[("city_period_id", "number")])
    triggers.freeze(PeriodRevision, unique=[("city_period_id", "number")])
    triggers.freeze(RevisionAction, unique=[("revision_id", "action_id")])
    triggers.freeze(RevisionIndicator, unique=[("revision_id", "indicator_id")])
    triggers.freeze(RevisionFile, unique=[("revision_id", "evidence_id")])
    triggers.freeze(PeriodComment)
    triggers.register(*_strategy_triggers())
    bump_on_change(Strategy, SITE_SQL, columns=["city_id", "status", "superseded_at", "replaces_id"])
