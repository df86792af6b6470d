"""Database triggers: waivers stay as they were written, a version of a pact never changes once it is opened, and a
signature never changes once it is given.

See docs/adr/0004.
"""

from cities.models import City
from core import triggers
from core.triggers import Effect, Trigger

from .enums import SIGNABLE, SIGNATURE_TRANSITIONS, PactState, PactVerb, SignatureState
from .exceptions import PACT_IS_FROZEN
from .models import GateWaiver, Pact, PactInvitation, PactSnapshot, PactText, PactTransition, PactVersion, Signature

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


# ---- signatures

SIGNATURE = Signature._meta.db_table
IS_SIGNED = ", ".join(f"'{state}'" for state in sorted(SIGNATURE_TRANSITIONS["withdraw"][0]))
WITHDRAWING = ("state", "withdrawn_on", "withdrawal_reason")
SIGNATURE_IS_LOCKED = "epi: a signature is only withdrawn"


def _is_own_in_force() -> str:
    """Return SQL: the signature ``NEW`` is the city's own, of the version in force."""
    return (
        f"EXISTS (SELECT 1 FROM {VERSION} v JOIN {Pact._meta.db_table} p ON p.id = v.pact_id "
        f"JOIN {City._meta.db_table} c ON c.id = p.city_id "
        f"WHERE v.id = NEW.pact_version_id AND v.state = '{PactState.IN_FORCE}' "
        "AND c.municipality_id = NEW.organisation_id)"
    )


def _city_has_signed() -> str:
    """Return SQL: the city itself has signed the version of the transition ``NEW``."""
    return (
        f"EXISTS (SELECT 1 FROM {SIGNATURE} s JOIN {VERSION} v ON v.id = s.pact_version_id "
        f"JOIN {Pact._meta.db_table} p ON p.id = v.pact_id JOIN {City._meta.db_table} c ON c.id = p.city_id "
        f"WHERE v.id = NEW.pact_version_id AND s.state IN ({IS_SIGNED}) AND c.municipality_id = s.organisation_id)"
    )


def _signature_triggers() -> list[Trigger]:
    """Return triggers by which signatures follow their transitions, and name the hash of what was frozen."""
    legal = " OR ".join(
        f"(OLD.state = '{source}' AND NEW.state = '{target}')"
        for sources, target in SIGNATURE_TRANSITIONS.values()
        for source in sorted(sources)
    )
    kept = [field.column for field in Signature._meta.fields if field.name not in WITHDRAWING]
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in kept)
    withdrawn = f"OLD.state = '{SignatureState.WITHDRAWN}'"
    locked = f"OLD.state IN ({IS_SIGNED}) AND (({changed}) OR NEW.state <> '{SignatureState.WITHDRAWN}')"
    states = ", ".join(f"'{state}'" for state in SIGNABLE)
    takes = f"EXISTS (SELECT 1 FROM {VERSION} v WHERE v.id = NEW.pact_version_id AND v.state IN ({states}))"
    hash_of = f"SELECT 1 FROM {PactSnapshot._meta.db_table} s WHERE s.pact_version_id = NEW.pact_version_id"
    has_hash = f"NEW.state NOT IN ({IS_SIGNED}) OR EXISTS ({hash_of} AND s.sha256 = NEW.sha256)"
    fixed = ("id", "pact_version_id", "organisation_id")
    moved = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in fixed)
    same_key = "t.id = NEW.id OR (t.pact_version_id = NEW.pact_version_id AND t.organisation_id = NEW.organisation_id)"
    return [
        Trigger(
            f"epi_{SIGNATURE}_upd",
            SIGNATURE,
            "UPDATE",
            f"({moved}) OR ({withdrawn}) OR ({locked}) "
            f"OR (NEW.state IS DISTINCT FROM OLD.state AND NOT ({legal})) OR NOT ({has_hash})",
            SIGNATURE_IS_LOCKED,
        ),
        Trigger(
            f"epi_{SIGNATURE}_takes",
            SIGNATURE,
            "UPDATE",
            f"NEW.state IS DISTINCT FROM OLD.state AND NEW.state <> '{SignatureState.WITHDRAWN}' AND NOT ({takes})",
            "epi: a pact is signed once it is opened for signature",
            _lock_version("NEW.pact_version_id"),
        ),
        Trigger(
            f"epi_{SIGNATURE}_own",
            SIGNATURE,
            "UPDATE",
            f"NEW.state = '{SignatureState.WITHDRAWN}' AND {_is_own_in_force()}",
            "epi: a pact in force keeps the signature of its city",
            _lock_version("NEW.pact_version_id"),
        ),
        Trigger(
            f"epi_{SIGNATURE}_ins",
            SIGNATURE,
            "INSERT",
            f"NEW.state NOT IN ('{SignatureState.INVITED}', '{SignatureState.SIGNED_ON_PAPER}') OR NOT ({has_hash}) "
            f"OR NOT ({takes}) OR EXISTS (SELECT 1 FROM {SIGNATURE} t WHERE {same_key})",
            "epi: a pact is signed once it is opened for signature",
            _lock_version("NEW.pact_version_id"),
        ),
        Trigger(f"epi_{SIGNATURE}_del", SIGNATURE, "DELETE", "TRUE", SIGNATURE_IS_LOCKED),
        Trigger(
            f"epi_{TRANSITION}_signed",
            TRANSITION,
            "INSERT",
            f"NEW.verb = '{PactVerb.PUT_IN_FORCE}' AND NOT ({_city_has_signed()})",
            "epi: a pact in force is signed by its city",
        ),
    ]


def _invitation_triggers() -> list[Trigger]:
    """Return triggers by which a link only ends, and never begins again or leads elsewhere."""
    table = PactInvitation._meta.db_table
    kept = [field.column for field in PactInvitation._meta.fields if field.name not in ("ended_at", "is_replaced")]
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in kept)
    return [
        Trigger(
            f"epi_{table}_upd",
            table,
            "UPDATE",
            f"({changed}) OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at) "
            "OR (OLD.is_replaced AND NOT NEW.is_replaced)",
            "epi: a link to sign only ends",
        )
    ]


def register() -> None:
    triggers.freeze_until_withdrawn(GateWaiver, ("phase_id", "requirement"))
    triggers.register(*_version_triggers(), *_text_triggers())
    triggers.register(*_signature_triggers(), *_invitation_triggers())
    keys = [
        "t.pact_version_id = NEW.pact_version_id AND t.language = NEW.language",
        "t.pact_version_id = NEW.pact_version_id AND t.is_authoritative AND NEW.is_authoritative",
    ]
    triggers.lock(PactText, OWN_VERSION, _is_frozen, PACT_IS_FROZEN, keys=keys, hold=_lock_version)
    triggers.freeze(PactTransition, unique=[("pact_version_id", "number")])
    triggers.freeze(PactSnapshot, unique=[("pact_version_id",)])
