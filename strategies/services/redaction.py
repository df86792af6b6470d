"""Redaction of updates and evidence, in every revision of a period that holds them (``core.redaction``)."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from core import redaction
from core.redaction import LINK, MARK, Redactable, Redaction
from core.services import lock
from strategies.enums import PeriodVerb
from strategies.models import (
    ActionUpdate,
    CityPeriod,
    Evidence,
    PeriodComment,
    PeriodRevision,
    RevisionAction,
    RevisionIndicator,
)

from .transitions import change_state, freeze, send_state_changed

UPDATE_VIEWS = ("update_edit", "update_history", "update_withdraw")
Change = Callable[[dict], bool]  # of the entry of an action or indicator in a snapshot; whether it changed


def register() -> None:
    redaction.register_frozen(PeriodRevision, "snapshot")
    redaction.register_frozen(RevisionAction, "contents")
    redaction.register_frozen(RevisionIndicator, "contents")
    redaction.register(
        Redactable(
            ActionUpdate,
            texts=("text", "challenges", "next_step", "spent_reason", "withdrawn_reason"),
            addresses={f"strategies:{name}": _update for name in UPDATE_VIEWS}
            | {"strategies:action_detail": _update_on_page},
            forms=lambda row: [reverse(f"strategies:{name}", args=[row.pk]) for name in UPDATE_VIEWS],
            hold=lambda row: _hold([row.city_period_id]),
            redact_frozen=_redact_update,
            consequences=lambda row: _consequences([row.city_period_id], _holds_update(row)),
        )
    )
    redaction.register(
        Redactable(
            Evidence,
            texts=("title",),
            links=("link",),
            files=("file",),
            addresses={"strategies:evidence_withdraw": _evidence, "cities:file": _evidence_of_file},
            hold=lambda row: _hold(_periods_of(row)),
            redact_frozen=_redact_evidence,
            consequences=lambda row: _consequences(_periods_of(row), _holds_evidence(row)),
        )
    )


# ---- the record of an address


def _update(arguments: Mapping[str, Any], _fragment: str) -> ActionUpdate | None:
    return ActionUpdate.objects.filter(pk=arguments["pk"]).first()


def _update_on_page(arguments: Mapping[str, Any], fragment: str) -> ActionUpdate | None:
    """Return the update that the address of an action names: ``/actions/3/#update-12``."""
    kind, _separator, pk = fragment.partition("-")
    if kind != "update" or not (pk.isascii() and pk.isdecimal() and len(pk) <= 18):
        return None
    return ActionUpdate.objects.filter(pk=int(pk), action=arguments["pk"]).first()


def _evidence(arguments: Mapping[str, Any], _fragment: str) -> Evidence | None:
    return Evidence.objects.filter(pk=arguments["pk"]).first()


def _evidence_of_file(arguments: Mapping[str, Any], _fragment: str) -> Evidence | None:
    return Evidence.objects.filter(file__uuid=arguments["uuid"]).first()


# ---- locks: of the period, as a submission takes it


def _hold(periods: Iterable[int]) -> None:
    for city_period in CityPeriod.objects.filter(pk__in=periods).order_by("pk"):
        lock(city_period)


def _same_file(row: Evidence) -> Any:
    """Return all evidence with the file of this one, this one included."""
    return Evidence.objects.filter(Q(pk=row.pk) | (Q(file=row.file_id) & Q(file__isnull=False)))


def _periods_of(row: Evidence) -> set[int]:
    found = _same_file(row).values_list("update__city_period", "value__city_period")
    return {pk for pair in found for pk in pair if pk is not None}


# ---- frozen revisions


def _redact_update(made: Redaction) -> None:
    def change(entry: dict) -> bool:
        updates = [update for update in entry.get("updates", ()) if update["id"] == made.row.pk]
        changed = [_set(update, name, MARK) for update in updates for name in made.names]
        return any(changed)

    _redact_revisions(made, [made.row.city_period_id], change)


def _redact_evidence(made: Redaction) -> None:
    uuids = {str(stored.uuid) for stored in made.files}
    titled = {made.row.pk} if "title" in made.names else set()
    titled |= _blank_titles_of_others(made)

    def change(entry: dict) -> bool:
        changed = []
        for piece in _pieces(entry):
            if piece["id"] in titled:
                changed.append(_set(piece, "title", MARK))
            if piece["id"] == made.row.pk and "link" in made.names:
                changed.append(_set(piece, "link", LINK))
            if piece["file"] and piece["file"]["uuid"] in uuids:
                changed.append(_set(piece["file"], "name", MARK))
        return any(changed)

    _redact_revisions(made, _periods_of(made.row), change)


def _blank_titles_of_others(made: Redaction) -> set[int]:
    """Blank the titles of other evidence with the file that repeat its name. Returns their ids."""
    names, found = {stored.name for stored in made.files}, set()
    for other in _same_file(made.row).exclude(pk=made.row.pk) if names else ():
        if redaction.texts_of(other, ["title"]) & names:
            redaction.blank_texts(made, other, ["title"])
            found.add(other.pk)
    return found


def _pieces(entry: dict) -> Iterator[dict]:
    """Yield the evidence in the entry of an action or of an indicator."""
    facts = entry["updates"] if "updates" in entry else [entry["value"]] if entry["value"] else []
    for fact in facts:
        yield from fact["evidence"]


def _set(entry: dict, name: str, value: str) -> bool:
    if not entry.get(name) or entry[name] == value:
        return False
    entry[name] = value
    return True


def _redact_revisions(made: Redaction, periods: Iterable[int], change: Change) -> None:
    for city_period in CityPeriod.objects.filter(pk__in=periods).order_by("pk"):
        for revision in city_period.revisions.order_by("number"):
            is_held = made.redact_json(
                revision, "snapshot", lambda contents: _change_all(contents, change), sha256=revision.sha256
            )
            for row in (*revision.actions.all(), *revision.indicators.all()) if is_held else ():
                made.redact_json(row, "contents", change)
            if is_held and _is_newest(revision, city_period):
                _issue_next(made, city_period, revision)


def _change_all(contents: dict, change: Change) -> bool:
    changed = [change(entry) for entry in (*contents["actions"], *contents["indicators"])]
    return any(changed)


def _is_newest(revision: PeriodRevision, city_period: CityPeriod) -> bool:
    """Return whether the revision is the one that the period is locked with: a reopened one is submitted again."""
    return city_period.is_locked and revision.number == city_period.revision


def _issue_next(made: Redaction, city_period: CityPeriod, revision: PeriodRevision) -> None:
    """Issue the next revision from the redacted snapshot. What was decided on the one before is carried over."""
    decided = city_period.transitions.filter(
        revision=revision.number, verb__in=[PeriodVerb.ACCEPT, PeriodVerb.PUBLISH]
    ).order_by("number")
    carried, requests = list(decided), list(city_period.comments.open_requests())
    city_period, transition = change_state(city_period, PeriodVerb.REDACT, by=made.record.by, text=made.record.reason)
    contents = json.loads(revision.snapshot) | {"revision": city_period.revision}
    issued = freeze(city_period, contents, schema_version=revision.schema_version)
    for before in carried:
        change_state(city_period, before.verb, by=before.by, carried_from=before.at)
    for asked in requests:
        again = {name: getattr(asked, name) for name in ("kind", "text", "author", "at")}
        PeriodComment.objects.create(city_period=city_period, revision=city_period.revision, **again)
    send_state_changed(city_period, transition, issued)


# ---- what a redaction will do


def _holds_update(row: ActionUpdate) -> Change:
    return lambda entry: any(update["id"] == row.pk for update in entry.get("updates", ()))


def _holds_evidence(row: Evidence) -> Change:
    ids = set(_same_file(row).values_list("pk", flat=True))
    return lambda entry: any(piece["id"] in ids for piece in _pieces(entry))


def _consequences(periods: Iterable[int], holds: Change) -> Iterator[str]:
    rows = CityPeriod.objects.filter(pk__in=periods).select_related("city", "period").order_by("pk")
    for city_period in rows:
        for revision in city_period.revisions.order_by("number"):
            if not _change_all(json.loads(revision.snapshot), holds):
                continue
            words = {"period": city_period, "number": revision.number, "next": city_period.revision + 1}
            if _is_newest(revision, city_period):
                yield (
                    _(
                        "%(period)s: revision %(number)s is redacted and replaced by revision %(next)s. Its figures "
                        "stay the same."
                    )
                    % words
                )
            else:
                yield _("%(period)s: revision %(number)s is redacted.") % words
