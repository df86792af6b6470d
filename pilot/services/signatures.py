"""Signatures of the pact: invitations by email, signing and declining by link, signatures on paper, withdrawal."""

import secrets
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.models import Organisation, StoredFile
from cities.services.files import mark_file_used
from cities.services.invitations import INVITATIONS_PER_DAY, hash_token, own_addresses
from core import clock
from core.available import register, require
from core.exceptions import InputRefused, ReasonMissing
from core.services import lock, save_with_history, validate
from core.texts import one_line
from pilot.enums import SIGNABLE, SIGNED, UNSIGNED, PactState, SignatureState
from pilot.exceptions import PactStateChanged, SignatureRefused, SigningLinkEnded
from pilot.models import PactInvitation, PactSnapshot, PactVersion, Signature

from . import pact_emails

LINK_DAYS = 60  # a link to sign works as long, or until the signing is closed

# ---- what may be done now


def _check_takes_signatures(version: PactVersion, _user: Any) -> None:
    if version.is_draft:
        raise PactStateChanged(_("Open the version for signature first."))
    if version.state not in SIGNABLE:
        raise PactStateChanged(_("This version has been superseded or withdrawn, so nobody can sign it any more."))


def _check_can_be_sent_again(invitation: PactInvitation, _user: Any) -> None:
    signature = invitation.signature
    _check_takes_signatures(signature.pact_version, _user)
    if signature.state not in UNSIGNED:
        raise SignatureRefused(_("This organisation has already signed."))
    if invitation.is_replaced:
        raise SignatureRefused(_("A newer link has been sent to this address. Send that one again."))


def _check_can_be_withdrawn(signature: Signature, _user: Any) -> None:
    if signature.state not in SIGNED:
        raise SignatureRefused(_("Only a signature that has been given can be withdrawn."))
    version = signature.pact_version
    if version.state == PactState.IN_FORCE and signature.organisation_id == version.pact.city.municipality_id:
        raise SignatureRefused(
            _("The city’s own signature cannot be withdrawn from a version in force. End the version first.")
        )


register(PactVersion, "invite", "pilot.add_signature", check=_check_takes_signatures)
register(PactVersion, "record", "pilot.add_signature", check=_check_takes_signatures)
register(PactInvitation, "send_again", "pilot.send_pactinvitation", check=_check_can_be_sent_again)
register(Signature, "withdraw", "pilot.withdraw_signature", check=_check_can_be_withdrawn)

# ---- invitations


@transaction.atomic
def invite_signatory(
    version: PactVersion, *, by: Any, organisation: Organisation, sector: str, name: str, email: str
) -> PactInvitation:
    """Invite a person to sign for an organisation, and queue the email with the link, which nobody else ever sees.

    An organisation has one signature, also if two of its people are invited; the first who answers, answers for it.
    Raises PermissionRefused, PactStateChanged, SignatureRefused or InputRefused.
    """
    version = _lock_version(version, "invite", by)
    email = email.strip().lower()
    if email in own_addresses(by):
        raise InputRefused({"email": _("You cannot invite yourself to sign. Ask another lead official to do it.")})
    _refuse_too_many(by)
    signature = _signature_of(version, organisation, sector)
    if signature.pk and signature.state not in UNSIGNED:
        raise InputRefused({"organisation": _refusal(signature)})
    if signature.pk is None or signature.state == SignatureState.DECLINED or signature.sector != sector:
        signature.state, signature.sector, signature.decline_reason = SignatureState.INVITED, sector, ""
        signature.answered_at = None
        validate(signature)
        save_with_history(signature, by)
    return _send(signature, name=name, email=email, by=by)


@transaction.atomic
def send_again(invitation: PactInvitation, *, by: Any) -> PactInvitation:
    """Send a new link to the same address, and end the older one. Raises PermissionRefused or why it cannot be sent."""
    version = lock(invitation.signature.pact_version, "pact__city")
    invitation = lock(invitation, "signature__organisation", "signature__pact_version__pact__city")
    require(invitation, "send_again", by)
    _refuse_too_many(by)
    signature = lock(invitation.signature, "organisation")
    signature.pact_version = version
    if signature.state == SignatureState.DECLINED:
        signature.state, signature.decline_reason, signature.answered_at = SignatureState.INVITED, "", None
        save_with_history(signature, by)
    return _send(signature, name=invitation.name, email=invitation.email, by=by)


def _send(signature: Signature, *, name: str, email: str, by: Any) -> PactInvitation:
    older = signature.invitations.filter(email=email)
    older.filter(ended_at=None).update(ended_at=clock.now())
    older.update(is_replaced=True)
    token, moment = secrets.token_urlsafe(32), clock.now()
    invitation = PactInvitation(
        signature=signature, email=email, name=one_line(name), token_hash=hash_token(token), sent_by=by, sent_at=moment
    )
    invitation.expires_at = moment + timedelta(days=LINK_DAYS)
    validate(invitation)
    invitation.save()
    pact_emails.send_link(invitation, token, days=LINK_DAYS)
    return invitation


def _refuse_too_many(by: Any) -> None:
    since = clock.now() - timedelta(days=1)
    if PactInvitation.objects.filter(sent_by=by, sent_at__gt=since).count() >= INVITATIONS_PER_DAY:
        raise SignatureRefused(_("You have reached today’s limit for invitations. Send the rest tomorrow."))


def _signature_of(version: PactVersion, organisation: Organisation, sector: str) -> Signature:
    """Return the stored signature, locked, or a new one."""
    rows = Signature.objects.select_for_update(of=("self",)).filter(pact_version=version, organisation=organisation)
    stored = rows.select_related("organisation").first()
    return stored or Signature(pact_version=version, organisation=organisation, sector=sector)


def _refusal(signature: Signature) -> str:
    if signature.state == SignatureState.WITHDRAWN:
        return _("This organisation has withdrawn its signature. It can sign the next version.")
    return _("This organisation has already signed.")


# ---- the page of the link


def find_link(token: str) -> PactInvitation:
    """Return what was sent with this token, also if it has ended; raises SigningLinkEnded if there is no such link."""
    rows = PactInvitation.objects.select_related(
        "signature__organisation", "signature__pact_version__pact__city", "signature__pact_version__snapshot"
    )
    invitation = rows.filter(token_hash=hash_token(token)).first()
    if invitation is None:
        raise SigningLinkEnded
    return invitation


def refuse_ended(invitation: PactInvitation) -> None:
    """Raise SigningLinkEnded with the reason why the link no longer signs or declines."""
    signature = invitation.signature
    if invitation.is_replaced:
        raise SigningLinkEnded(_("This link has been replaced by a newer one. Open the link in the newest email."))
    if signature.state != SignatureState.INVITED:
        raise SigningLinkEnded(_("Your organisation has already answered."))
    if signature.pact_version.state not in SIGNABLE:
        raise SigningLinkEnded(_("This version of the pact can no longer be signed."))
    if invitation.ended_at is not None:
        raise SigningLinkEnded(_("Signing has been closed. Ask the city if you still want to sign."))
    if invitation.expires_at <= clock.now():
        raise SigningLinkEnded(_("This link has expired. Ask the city to send it again."))


@transaction.atomic
def sign_by_link(token: str, *, name: str, office: str, language: str) -> Signature:
    """Sign for the organisation that was invited, with the hash of the text and the language in which it was read.

    Raises SigningLinkEnded or InputRefused.
    """
    invitation, signature = _lock_by_token(token)
    snapshot = signature.pact_version.snapshot
    if language not in {text["language"] for text in snapshot.contents["texts"]}:
        raise InputRefused({"language": _("Choose one of the languages of the pact.")})
    signature.state = SignatureState.SIGNED_ONLINE
    signature.name, signature.office, signature.language = one_line(name), one_line(office), language
    signature.signed_on, signature.answered_at = signature.pact_version.pact.city.today, clock.now()
    signature.sha256 = snapshot.sha256
    _require_who(signature)
    validate(signature)
    save_with_history(signature, None)
    _end_links(signature)
    pact_emails.notify_of_signature(signature, invitation)
    return signature


@transaction.atomic
def decline_by_link(token: str, *, reason: str) -> Signature:
    """Decline, and tell the city's lead officials and those who have signed. Raises SigningLinkEnded, ReasonMissing."""
    invitation, signature = _lock_by_token(token)
    if not reason.strip():
        raise ReasonMissing
    signature.state, signature.decline_reason = SignatureState.DECLINED, reason.strip()
    signature.answered_at = clock.now()
    validate(signature)
    save_with_history(signature, None)
    _end_links(signature)
    pact_emails.notify_of_decline(signature, invitation)
    return signature


def _lock_by_token(token: str) -> tuple[PactInvitation, Signature]:
    """Return link and signature, with the version and the signature locked until the commit."""
    invitation = find_link(token)
    version = lock(invitation.signature.pact_version, "pact__city", "snapshot")
    signature = lock(invitation.signature, "organisation")
    signature.pact_version = version
    invitation = lock(invitation)
    invitation.signature = signature
    refuse_ended(invitation)
    return invitation, signature


def _end_links(signature: Signature) -> None:
    signature.invitations.filter(ended_at=None).update(ended_at=clock.now())


def _require_who(signature: Signature) -> None:
    errors = {}
    if not signature.name:
        errors["name"] = _("Enter the name of the person who signs.")
    if not signature.office:
        errors["office"] = _("Enter the office in which the person signs, for example “Mayor”.")
    if errors:
        raise InputRefused(errors)


# ---- by the city


@transaction.atomic
def record_on_paper(
    version: PactVersion,
    *,
    by: Any,
    organisation: Organisation,
    sector: str,
    name: str,
    office: str,
    signed_on: date,
    scan: StoredFile,
) -> Signature:
    """Record a signature that was given on paper, with its scan. Links that were sent to the organisation end.

    Raises PermissionRefused, PactStateChanged, FileRefused or InputRefused.
    """
    version = _lock_version(version, "record", by)
    signature = _signature_of(version, organisation, sector)
    if signature.pk and signature.state not in UNSIGNED:
        raise InputRefused({"organisation": _refusal(signature)})
    if signed_on > version.pact.city.today:
        raise InputRefused({"signed_on": _("The date is in the future. Enter the day of the signature.")})
    if not (scan.content_type == "application/pdf" or scan.content_type.startswith("image/")):
        raise InputRefused({"scan": _("Choose a PDF or a picture.")})
    signature.state, signature.sector, signature.decline_reason = SignatureState.SIGNED_ON_PAPER, sector, ""
    signature.name, signature.office, signature.signed_on = one_line(name), one_line(office), signed_on
    signature.answered_at, signature.recorded_by = clock.now(), by
    signature.sha256 = PactSnapshot.objects.get(pact_version=version).sha256
    _require_who(signature)
    signature.scan = mark_file_used(scan)
    validate(signature)
    save_with_history(signature, by)
    _end_links(signature)
    return signature


@transaction.atomic
def withdraw_signature(signature: Signature, *, by: Any, on: date, reason: str) -> Signature:
    """Record that an organisation has withdrawn its signature, which stays as it was.

    Raises PermissionRefused, SignatureRefused, ReasonMissing or InputRefused.
    """
    version = lock(signature.pact_version, "pact__city")
    signature = lock(signature, "organisation", "pact_version__pact__city")
    signature.pact_version = version
    require(signature, "withdraw", by)
    if not reason.strip():
        raise ReasonMissing
    if signature.signed_on and on < signature.signed_on:
        raise InputRefused({"on": _("The date is before the signature. Enter the day of the withdrawal.")})
    if on > version.pact.city.today:
        raise InputRefused({"on": _("The date is in the future. Enter the day of the withdrawal.")})
    signature.state, signature.withdrawn_on = SignatureState.WITHDRAWN, on
    signature.withdrawal_reason = reason.strip()
    validate(signature)
    save_with_history(signature, by, reason=reason)
    return signature


def _lock_version(version: PactVersion, name: str, by: Any) -> PactVersion:
    version = lock(version, "pact__city")
    require(version, name, by)
    return version
