"""The locks of periods as database triggers: they hold for forms, shell, bulk calls and SQL of other processes.

A fact may be added, changed or taken away only while its city period is not locked. See docs/adr/0004.
"""

from epi_site.shared import triggers
from epi_site.shared.triggers import Trigger

from .enums import LOCKED
from .exceptions import PERIOD_IS_LOCKED
from .models import (
    ActionUpdate,
    CityPeriod,
    Evidence,
    IndicatorValue,
    MilestoneReached,
    Narrative,
    PeriodMove,
    PeriodRevision,
    RevisionAction,
    RevisionFile,
    RevisionIndicator,
)

STATES = ", ".join(f"'{state}'" for state in sorted(LOCKED))
PERIOD = CityPeriod._meta.db_table

# Which city period a row of the table belongs to, as SQL over the row ``{row}``.
OWN = "{row}.city_period_id"
OF_UPDATE = f"(SELECT u.city_period_id FROM {ActionUpdate._meta.db_table} u WHERE u.id = {{row}}.update_id)"
OF_VALUE = f"(SELECT v.city_period_id FROM {IndicatorValue._meta.db_table} v WHERE v.id = {{row}}.value_id)"
FACTS = {  # model: (its city period, its other unique keys as SQL over NEW and the stored row t)
    ActionUpdate: (OWN, ["t.uuid = NEW.uuid"]),
    IndicatorValue: (OWN, ["t.indicator_id = NEW.indicator_id AND t.city_period_id = NEW.city_period_id"]),
    Narrative: (OWN, ["t.city_period_id = NEW.city_period_id"]),
    MilestoneReached: (OF_UPDATE, ["t.update_id = NEW.update_id AND t.milestone_id = NEW.milestone_id"]),
    Evidence: (f"COALESCE({OF_UPDATE}, {OF_VALUE})", []),
}


def _locked(period: str) -> str:
    return f"EXISTS (SELECT 1 FROM {PERIOD} p WHERE p.id = {period} AND p.state IN ({STATES}))"


def _hold(period: str) -> str:
    return f"PERFORM 1 FROM {PERIOD} p WHERE p.id = {period} FOR SHARE;"


def _fact_triggers(model, period: str, keys: list[str]) -> list[Trigger]:
    table = model._meta.db_table
    new, old, stored = (period.format(row=row) for row in ("NEW", "OLD", "t"))
    same_key = [
        f"EXISTS (SELECT 1 FROM {table} t WHERE {key} AND {_locked(stored)})" for key in ["t.id = NEW.id", *keys]
    ]
    other_key = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.id <> OLD.id AND {key} AND {_locked(stored)})" for key in keys
    )
    moved = f"NEW.id <> OLD.id OR {_locked(old)} OR {_locked(new)}" + (f" OR {other_key}" if other_key else "")
    return [
        Trigger(
            f"epi_{table}_ins", table, "INSERT", " OR ".join([_locked(new), *same_key]), PERIOD_IS_LOCKED, _hold(new)
        ),
        Trigger(f"epi_{table}_upd", table, "UPDATE", moved, PERIOD_IS_LOCKED, _hold(old) + _hold(new)),
        Trigger(f"epi_{table}_del", table, "DELETE", _locked(old), PERIOD_IS_LOCKED, _hold(old)),
    ]


def _period_triggers() -> list[Trigger]:
    moves = PeriodMove._meta.db_table
    with_move = (
        f"NEW.move_count = OLD.move_count + 1 AND EXISTS (SELECT 1 FROM {moves} m WHERE m.city_period_id = NEW.id "
        "AND m.number = NEW.move_count AND m.from_state = OLD.state AND m.to_state = NEW.state)"
    )
    touched = (
        "NEW.state IS DISTINCT FROM OLD.state OR NEW.move_count IS DISTINCT FROM OLD.move_count "
        "OR NEW.revision IS DISTINCT FROM OLD.revision"
    )
    moved = "NEW.id <> OLD.id OR NEW.city_id <> OLD.city_id OR NEW.period_id <> OLD.period_id"
    in_step = (
        f"EXISTS (SELECT 1 FROM {PERIOD} p WHERE p.id = NEW.city_period_id AND p.state = NEW.from_state "
        "AND p.move_count + 1 = NEW.number)"
    )
    same_key = "t.id = NEW.id OR (t.city_id = NEW.city_id AND t.period_id = NEW.period_id)"
    stored = f"EXISTS (SELECT 1 FROM {PERIOD} t WHERE {same_key})"
    return [
        Trigger(
            f"epi_{PERIOD}_upd",
            PERIOD,
            "UPDATE",
            f"({moved}) OR (({touched}) AND NOT ({with_move}))",
            "epi: a period moves with its move alone",
        ),
        Trigger(
            f"epi_{PERIOD}_ins",
            PERIOD,
            "INSERT",
            f"NEW.state <> 'scheduled' OR NEW.move_count <> 0 OR {stored}",
            "epi: a period begins as scheduled",
        ),
        Trigger(f"epi_{PERIOD}_del", PERIOD, "DELETE", "OLD.move_count > 0", "epi: a period that has moved stays"),
        Trigger(f"epi_{moves}_ins", moves, "INSERT", f"NOT ({in_step})", "epi: a move follows the one before"),
    ]


def register() -> None:
    for model, (period, keys) in FACTS.items():
        triggers.register(*_fact_triggers(model, period, keys))
    triggers.register(*_period_triggers())
    triggers.freeze(PeriodMove, unique=[("city_period_id", "number")])
    triggers.freeze(PeriodRevision, unique=[("city_period_id", "number")])
    triggers.freeze(RevisionAction, unique=[("revision_id", "action_id")])
    triggers.freeze(RevisionIndicator, unique=[("revision_id", "indicator_id")])
    triggers.freeze(RevisionFile, unique=[("revision_id", "evidence_id")])
    for model in FACTS:
        triggers.freeze(model.history.model)
