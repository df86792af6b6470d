"""Database triggers: waivers stay as they were written, and a version of a pact never changes once it is opened.

See docs/adr/0004.
"""

from core import triggers
from core.triggers import Effect, Trigger

from .enums import PactState, PactVerb
from .exceptions import PACT_IS_FROZEN
from .models import GateWaiver, PactSnapshot, PactText, PactTransition, PactVersion

VERSION = PactVersion._meta.db_table
TRANSITION = PactTransition._meta.db_table
OWN_VERSION = "{row}.pact_version_id"
STARTS = f"{{row}}.verb = '{PactVerb.PUT_IN_FORCE}'"
ENDS = f"{{row}}.verb = '{PactVerb.SUPERSEDE}' AND {{row}}.from_state = '{PactState.IN_FORCE}'"


def _is_frozen(version: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM {VERSION} v WHERE v.id = {version} AND v.state = '{PactState.DRAFT}')"


def _lock_version(version: str) -> str:
    return f"PERFORM 1 FROM {VERSION} v WHERE v.id = {version} FOR SHARE;"


def _version_triggers() -> list[Trigger | Effect]:
    """Return triggers by which state and dates of a version change only together with its next transition."""
    starts, ends = STARTS.format(row="m"), ENDS.format(row="m")
    has_transition = (
        f"NEW.transition_count = OLD.transition_count + 1 AND EXISTS (SELECT 1 FROM {TRANSITION} m "
        "WHERE m.pact_version_id = NEW.id AND m.number = NEW.transition_count "
        "AND m.from_state = OLD.state AND m.to_state = NEW.state "
        f"AND NEW.in_force_from IS NOT DISTINCT FROM (CASE WHEN {starts} THEN m.day ELSE OLD.in_force_from END) "
        f"AND NEW.in_force_until IS NOT DISTINCT FROM (CASE WHEN {ends} THEN m.day ELSE OLD.in_force_until END))"
    )
    columns = ("state", "transition_count", "in_force_from", "in_force_until")
    touched = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    moved = "NEW.id <> OLD.id OR NEW.pact_id <> OLD.pact_id OR NEW.number <> OLD.number"
    stored = (
        f"EXISTS (SELECT 1 FROM {VERSION} t WHERE t.id = NEW.id OR (t.pact_id = NEW.pact_id AND "
        f"(t.number = NEW.number OR t.state = '{PactState.DRAFT}')))"
    )
    follows_last = (
        f"EXISTS (SELECT 1 FROM {VERSION} v WHERE v.id = NEW.pact_version_id AND v.state = NEW.from_state "
        "AND v.transition_count + 1 = NEW.number)"
    )
    return [
        Trigger(
            f"epi_{VERSION}_upd",
            VERSION,
            "UPDATE",
            f"({moved}) OR (({touched}) AND NOT ({has_transition}))",
            "epi: a pact changes its status by a transition only",
        ),
        Trigger(
            f"epi_{VERSION}_ins",
            VERSION,
            "INSERT",
            f"NEW.state <> '{PactState.DRAFT}' OR NEW.transition_count <> 0 OR NEW.in_force_from IS NOT NULL "
            f"OR NEW.in_force_until IS NOT NULL OR {stored}",
            "epi: a version of a pact begins as the only draft",
        ),
        Trigger(
            f"epi_{VERSION}_del", VERSION, "DELETE", "OLD.transition_count > 0", "epi: a pact with transitions stays"
        ),
        Trigger(
            f"epi_{TRANSITION}_ins",
            TRANSITION,
            "INSERT",
            f"NOT ({follows_last})",
            "epi: a transition follows the one before",
            f"PERFORM 1 FROM {VERSION} v WHERE v.id = NEW.pact_version_id FOR UPDATE;",
        ),
        Effect(
            f"epi_{TRANSITION}_moves",
            TRANSITION,
            f"UPDATE {VERSION} SET state = NEW.to_state, transition_count = NEW.number, "
            f"in_force_from = CASE WHEN {STARTS.format(row='NEW')} THEN NEW.day ELSE in_force_from END, "
            f"in_force_until = CASE WHEN {ENDS.format(row='NEW')} THEN NEW.day ELSE in_force_until END "
            "WHERE id = NEW.pact_version_id",
        ),
    ]


def _text_triggers() -> list[Trigger]:
    """Return triggers for what is frozen: it comes with the opening, and no history of a text follows it."""
    snapshot, history = PactSnapshot._meta.db_table, PactText.history.model._meta.db_table
    opened = (
        f"EXISTS (SELECT 1 FROM {VERSION} v WHERE v.id = NEW.pact_version_id AND v.state = '{PactState.OPEN}' "
        "AND v.transition_count = 1)"
    )
    version = OWN_VERSION.format(row="NEW")
    return [
        Trigger(
            f"epi_{snapshot}_due",
            snapshot,
            "INSERT",
            f"NOT {opened}",
            "epi: a pact is frozen when it is opened for signature",
            _lock_version(version),
        ),
        Trigger(f"epi_{history}_ins", history, "INSERT", _is_frozen(version), PACT_IS_FROZEN, _lock_version(version)),
    ]


def register() -> None:
    triggers.freeze_until_withdrawn(GateWaiver, ("phase_id", "requirement"))
    triggers.register(*_version_triggers(), *_text_triggers())
    keys = [
        "t.pact_version_id = NEW.pact_version_id AND t.language = NEW.language",
        "t.pact_version_id = NEW.pact_version_id AND t.is_authoritative AND NEW.is_authoritative",
    ]
    triggers.lock(PactText, OWN_VERSION, _is_frozen, PACT_IS_FROZEN, keys=keys, hold=_lock_version)
    triggers.freeze(PactTransition, unique=[("pact_version_id", "number")])
    triggers.freeze(PactSnapshot, unique=[("pact_version_id",)])
