"""The city integration pact: drafting its versions, and moving a version from draft to in force and beyond."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.models import City
from core import clock, locales
from core.available import Check, register, require
from core.exceptions import InputRefused, ReasonMissing
from core.services import lock, require_rule, save_with_history, set_fields, translate_lock_errors, validate
from core.snapshots import canonical, sha256_hex
from pilot.enums import NEEDS_REASON, TRANSITIONS, PactState, PactVerb
from pilot.exceptions import OwnSignatureMissing, PactDraftExists, PactFrozen, PactIncomplete, PactStateChanged
from pilot.models import Pact, PactInvitation, PactSnapshot, PactText, PactTransition, PactVersion, Signature
from pilot.selectors.pacts import FROZEN_FIELDS, draft_texts, texts_of

# ---- what may be done now


def _needs_state(verb: str) -> Check:
    def check(version: PactVersion, _user: Any) -> None:
        if version.state not in TRANSITIONS[verb][0]:
            raise PactStateChanged

    return check


def _check_is_draft(version: PactVersion, _user: Any) -> None:
    if version.state == PactState.WITHDRAWN:
        raise PactStateChanged
    if not version.is_draft:
        raise PactFrozen


def _check_is_complete(version: PactVersion, _user: Any) -> None:
    _needs_state("open")(version, _user)
    texts = list(version.texts.all())
    if not any(text.is_authoritative for text in texts):
        raise PactIncomplete
    if not all(text.title.strip() and text.text.strip() for text in texts):
        raise PactIncomplete(_("Every language needs a title and a text before the pact is opened for signature."))


def _check_city_has_signed(version: PactVersion, _user: Any) -> None:
    _needs_state("put_in_force")(version, _user)
    if not Signature.objects.of_the_city().signed().filter(pact_version=version).exists():
        raise OwnSignatureMissing


def _check_no_draft(pact: Pact, _user: Any) -> None:
    if pact.versions.filter(state=PactState.DRAFT).exists():
        raise PactDraftExists


register(Pact, "draft", "pilot.add_pactversion", check=_check_no_draft)
register(PactVersion, "change", "pilot.change_pactversion", check=_check_is_draft)
register(PactVersion, "open", "pilot.open_pactversion", check=_check_is_complete)
register(PactVersion, "put_in_force", "pilot.put_in_force_pactversion", check=_check_city_has_signed)
for _verb in ("close", "supersede", "withdraw"):
    register(PactVersion, _verb, f"pilot.{_verb}_pactversion", check=_needs_state(_verb))

# ---- drafts


@transaction.atomic
def draft_first_version(city: City, *, by: Any, language: str, title: str, text: str) -> PactVersion:
    """Create the city's pact with the draft of version 1, whose authoritative text this is.

    Raises PermissionRefused, PactDraftExists if the city has a pact already, or InputRefused.
    """
    city = lock(city)
    pact = Pact(city=city)
    require_rule(by, "pilot.add_pact", pact)
    if Pact.objects.filter(city=city).exists():
        raise PactDraftExists(_("The city already has a pact. Draft a new version of it."))
    pact.save()
    version = PactVersion.objects.create(pact=pact, number=1)
    text_row = PactText(pact_version=version, language=language, title=title, text=text, is_authoritative=True)
    validate(text_row)
    save_with_history(text_row, by)
    return version


@transaction.atomic
def draft_next_version(pact: Pact, *, by: Any) -> PactVersion:
    """Create the draft of the next version, with the texts of the latest. Raises PermissionRefused or PactDraftExists.

    A translation that was older than the authoritative text stays marked.
    """
    pact = lock(pact, "city")
    require(pact, "draft", by)
    versions = list(pact.versions.order_by("-number"))
    latest = next((row for row in versions if row.state != PactState.WITHDRAWN), versions[0])
    texts = texts_of(latest)
    version = PactVersion.objects.create(pact=pact, number=versions[0].number + 1)
    source = ""
    for shown in texts:  # the authoritative one first
        row = PactText(pact_version=version, language=shown.language, title=shown.title, text=shown.text)
        row.is_authoritative = shown.is_authoritative
        source = source or row.content_sha256
        row.source_sha256 = "" if shown.is_older or shown.is_authoritative else source
        save_with_history(row, by)
    return version


@transaction.atomic
def add_text(version: PactVersion, *, by: Any, language: str, title: str, text: str) -> PactText:
    """Add the text in another language, a translation of the authoritative one as it is now.

    Raises PermissionRefused, PactFrozen or InputRefused.
    """
    version = _lock_for(version, "change", by)
    row = PactText(pact_version=version, language=language, title=title, text=text)
    row.source_sha256 = _source_of(version)
    validate(row)
    with translate_lock_errors():
        save_with_history(row, by)
    return row


@transaction.atomic
def save_text(row: PactText, *, by: Any, fields: Mapping[str, Any], version: int | None) -> PactText:
    """Change language, title or text of a draft. A translation that is saved counts as checked against its source.

    Raises PermissionRefused, PactFrozen or InputRefused; EditConflict if ``version`` is not the stored one.
    """
    pact_version = _lock_for(row.pact_version, "change", by)
    row = lock(row)
    row.pact_version = pact_version
    is_changed = set_fields(row, fields, version)
    source = "" if row.is_authoritative else _source_of(pact_version)
    if not is_changed and row.source_sha256 == source:
        return row
    row.source_sha256 = source
    validate(row)
    with translate_lock_errors():
        save_with_history(row, by)
    return row


@transaction.atomic
def make_authoritative(row: PactText, *, by: Any) -> PactText:
    """Make this text of a draft the authoritative one. Translations that were up to date stay so.

    Raises PermissionRefused or PactFrozen.
    """
    version = _lock_for(row.pact_version, "change", by)
    rows = {text.pk: text for text in version.texts.select_for_update()}
    older = {text.pk for text in draft_texts(version) if text.is_older}
    chosen = rows.pop(row.pk)
    if chosen.is_authoritative:
        return chosen
    for text in rows.values():  # before the chosen one, since only one is authoritative at a time
        is_old = text.pk in older or chosen.pk in older
        _set_source(text, is_authoritative=False, source="" if is_old else chosen.content_sha256, by=by)
    _set_source(chosen, is_authoritative=True, source="", by=by)
    return chosen


def _set_source(text: PactText, *, is_authoritative: bool, source: str, by: Any) -> None:
    if set_fields(text, {"is_authoritative": is_authoritative, "source_sha256": source}, text.version):
        save_with_history(text, by)


def _source_of(version: PactVersion) -> str:
    return next((text.content_sha256 for text in version.texts.all() if text.is_authoritative), "")


# ---- from draft to in force


@transaction.atomic
def open_version(version: PactVersion, *, by: Any) -> PactVersion:
    """Open the draft for signature and freeze its texts. Raises PermissionRefused, PactStateChanged, PactIncomplete."""
    version = _lock_for(version, "open", by)
    contents = version_contents(version)
    version = _change_state(version, "open", by=by)
    snapshot = canonical(contents)
    PactSnapshot.objects.create(pact_version=version, snapshot=snapshot, sha256=sha256_hex(snapshot))
    return version


def version_contents(version: PactVersion) -> dict[str, Any]:
    """Return what is frozen of a version: city, number and the texts in every language."""
    city = version.pact.city
    return {
        "kind": "pact",
        "schema_version": PactSnapshot.SCHEMA_VERSION,
        "city": {"id": city.pk, "name": city.name, "slug": city.slug, "country": city.country},
        "number": version.number,
        "texts": [{name: getattr(text, name) for name in FROZEN_FIELDS} for text in draft_texts(version)],
    }


@transaction.atomic
def close_signing(version: PactVersion, *, by: Any) -> PactVersion:
    """Close the signing: links that were sent no longer sign. Raises PermissionRefused or PactStateChanged."""
    version = _change_state(_lock_for(version, "close", by), "close", by=by)
    _end_links(version)
    return version


@transaction.atomic
def put_in_force(version: PactVersion, *, by: Any, day: date) -> PactVersion:
    """Put the version in force from ``day``, and supersede the one in force and older ones that wait for signatures.

    Raises PermissionRefused, PactStateChanged, OwnSignatureMissing, or InputRefused for a day in the future or before
    the older version's.
    """
    version = _lock_for(version, "put_in_force", by)
    lock(version.pact)
    others = list(PactVersion.objects.select_for_update().filter(pact=version.pact_id).exclude(pk=version.pk))
    current = next((row for row in others if row.state == PactState.IN_FORCE), None)
    _refuse_day(version, current, day)
    for row in others:
        is_older_open = row.number < version.number and row.state in (PactState.OPEN, PactState.CLOSED)
        if row is current or is_older_open:
            _end_links(_change_state(row, "supersede", by=by, day=day))
    return _change_state(version, "put_in_force", by=by, day=day)


def _refuse_day(version: PactVersion, current: PactVersion | None, day: date) -> None:
    if day > version.pact.city.today:
        raise InputRefused({"day": _("The date is in the future. Put the version in force on that day.")})
    if current is not None and current.in_force_from and day < current.in_force_from:
        words = {"number": current.number, "day": locales.day(current.in_force_from)}
        raise InputRefused(
            {"day": _("Version %(number)s came into force on %(day)s. Choose that day or a later one.") % words}
        )


@transaction.atomic
def supersede_version(version: PactVersion, *, by: Any, reason: str) -> PactVersion:
    """End a version without putting another one in force. Raises PermissionRefused, PactStateChanged, ReasonMissing."""
    version = _lock_for(version, "supersede", by)
    if not reason.strip():
        raise ReasonMissing
    version = _change_state(version, "supersede", by=by, reason=reason)
    _end_links(version)
    return version


@transaction.atomic
def withdraw_version(version: PactVersion, *, by: Any, reason: str) -> PactVersion:
    """Withdraw a version that is not in force. Raises PermissionRefused, PactStateChanged or ReasonMissing."""
    version = _change_state(_lock_for(version, "withdraw", by), "withdraw", by=by, reason=reason)
    _end_links(version)
    return version


def _end_links(version: PactVersion) -> None:
    PactInvitation.objects.open().filter(signature__pact_version=version).update(ended_at=clock.now())


def _lock_for(version: PactVersion, name: str, by: Any) -> PactVersion:
    """Return the row, locked until the commit. Raises why ``by`` may not do it now (``core.available``)."""
    version = lock(version, "pact__city")
    require(version, name, by)
    return version


def _change_state(
    version: PactVersion, verb: str, *, by: Any, day: date | None = None, reason: str = ""
) -> PactVersion:
    """Change the state of a locked row. Inserting the PactTransition updates the version by a trigger."""
    if verb in NEEDS_REASON and not reason.strip():
        raise ReasonMissing
    day = day or version.pact.city.today
    move = PactTransition.objects.create(
        pact_version=version,
        number=version.transition_count + 1,
        verb=verb,
        from_state=version.state,
        to_state=TRANSITIONS[verb][1],
        day=day,
        reason=reason.strip(),
        by=by,
    )
    if verb == PactVerb.PUT_IN_FORCE:
        version.in_force_from = day
    elif version.state == PactState.IN_FORCE:
        version.in_force_until = day
    version.state, version.transition_count = move.to_state, move.number
    version.save(update_fields=["state", "transition_count", "in_force_from", "in_force_until"])
    return version
