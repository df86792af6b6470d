"""Invitations: an email with a one-time link; accepting it creates the account, the person and the membership."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import language_of, queue_mail
from cities.enums import Role, Seat
from cities.exceptions import InvitationExpired, InvitationRefused, OwnRoleRefused, WrongAccount
from cities.models import Body, Installation, Invitation, Organisation, Person
from cities.rules import person_of
from core import clock
from core.available import register, require
from core.exceptions import PermissionRefused
from core.locking import lock_name
from core.services import lock
from core.texts import one_line

from .memberships import (
    add_member,
    refuse_chair_of_own_organisation,
    refuse_grant,
    refuse_overlap,
    refuse_own_role,
    refuse_seat,
)

INVITATIONS_PER_DAY = 100  # invitations per person


@transaction.atomic
def invite(
    *,
    email: str,
    name: str,
    body: Body,
    role: str,
    seat: str = "",
    organisation: Organisation | None = None,
    by: Any,
) -> tuple[Invitation, str]:
    """Queue the email and return the invitation with its token, of which only the hash is stored.

    Withdraws an older open invitation to the same role. Raises MembershipRefused, CommitteeSeatRefused,
    InvitationRefused, PermissionRefused or OwnRoleRefused.
    """
    email = email.strip().lower()
    refuse_grant(body, role, by=by)
    if email in own_addresses(by):
        raise OwnRoleRefused
    _lock_address(email)
    _refuse_too_many(by)
    person = Person.objects.filter(email=email).first()
    works_at = person.organisation if person is not None and person.organisation_id else organisation
    refuse_chair_of_own_organisation(works_at, body, by=by)
    if person is not None:
        refuse_own_role(person, by=by)
        refuse_seat(person, body, role)
        refuse_overlap(person, body, role, clock.today())
    _open_invitations().filter(email=email, body=body, role=role).update(withdrawn_at=clock.now())
    token, moment = secrets.token_urlsafe(32), clock.now()
    invitation = Invitation.objects.create(
        email=email,
        name=one_line(name),
        organisation=organisation,
        body=body,
        role=role,
        seat=seat,
        token_hash=hash_token(token),
        invited_by=by,
        created_at=moment,
        expires_at=moment + timedelta(days=settings.INVITATION_DAYS),
    )
    _queue_email(invitation, token)
    return invitation, token


def find_invitation(token: str, *, lock: bool = False) -> Invitation:
    """Return the open invitation of a token, with ``lock`` locked until the commit; raises InvitationExpired."""
    rows = _open_invitations().select_related("body__city", "organisation", "invited_by")
    if lock:
        rows = rows.select_for_update(of=("self",))
    invitation = rows.filter(token_hash=hash_token(token)).first()
    if invitation is None:
        raise InvitationExpired
    return invitation


def account_of(invitation: Invitation) -> User | None:
    return User.objects.filter(email=invitation.email).first()


@transaction.atomic
def accept_invitation(token: str, *, user: Any = None, name: str = "", password: str = "") -> User:
    """Accept for the signed-in ``user``, or for a new person with ``name`` and ``password``. Works once.

    Raises InvitationExpired, WrongAccount, MembershipRefused, or ValidationError for a weak password.
    """
    _lock_address(find_invitation(token).email)
    invitation = find_invitation(token, lock=True)
    account = account_of(invitation)
    if account is not None and (user is None or user.pk != account.pk):
        raise WrongAccount
    if account is None and user is not None and user.is_authenticated:
        raise WrongAccount
    if account is None:
        validate_password(password)
        account = User.objects.create_user(
            invitation.email, password, first_name=(name or invitation.name)[:150], language=_chosen_language()
        )
    person = _person_for(invitation, account, name)
    taken = _open_invitations().filter(pk=invitation.pk).update(accepted_at=clock.now(), accepted_by=account)
    if not taken:
        raise InvitationExpired
    _add_membership(person, invitation)
    return account


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, by: Any) -> Invitation:
    invitation = lock(invitation, "body")
    require(invitation, "withdraw", by)
    invitation.withdrawn_at = clock.now()
    invitation.save(update_fields=["withdrawn_at"])
    return invitation


def _check_is_open(invitation: Invitation, _user: Any) -> None:
    is_used = invitation.accepted_at is not None or invitation.withdrawn_at is not None
    if is_used or invitation.expires_at <= clock.now():
        raise InvitationRefused(_("This invitation has already been used or withdrawn."))


register(Invitation, "withdraw", "cities.invite", check=_check_is_open)


def delete_old_invitations() -> int:
    """Delete invitations that nobody accepted, MAIL_KEEP_DAYS after they expired: they hold a name and an address."""
    since = clock.now() - timedelta(days=settings.MAIL_KEEP_DAYS)
    deleted, _by_model = Invitation.objects.filter(accepted_at=None, expires_at__lt=since).delete()
    return deleted


# ---- helpers


def _add_membership(person: Person, invitation: Invitation) -> None:
    """Add the membership with the rights that the inviter has today; raises InvitationExpired if they have lost
    them.
    """
    given: dict[str, Any] = {"body": invitation.body, "role": invitation.role, "seat": invitation.seat}
    try:
        add_member(person=person, **given, by=invitation.invited_by)
    except PermissionRefused as error:
        raise InvitationExpired from error


def _lock_address(email: str) -> None:
    """Let invitations to one address, and their acceptance, run one after the other."""
    lock_name(f"invitations to {email}")


def _open_invitations() -> Any:
    return Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())


def _refuse_too_many(by: Any) -> None:
    since = clock.now() - timedelta(days=1)
    if Invitation.objects.filter(invited_by=by, created_at__gt=since).count() >= INVITATIONS_PER_DAY:
        raise InvitationRefused(_("You have reached today’s limit for invitations. Send the rest tomorrow."))


def hash_token(token: str) -> str:
    """Return what is stored of the secret of a link, here and for links to sign the pact."""
    return hashlib.sha256(token.encode()).hexdigest()


def own_addresses(by: Any) -> set[str]:
    """Return the addresses of the account and of its person."""
    person = person_of(by)
    return {by.email.lower()} | ({person.email.lower()} if person is not None else set())


def _chosen_language() -> str:
    language = (translation.get_language() or "").split("-")[0]
    return language if language in dict(settings.LANGUAGES) else ""


def _person_for(invitation: Invitation, account: User, name: str) -> Person:
    """Return the account's person, else the person with this address and without account, else a new one."""
    person = Person.objects.filter(user=account).first()
    if person is None:
        person = Person.objects.filter(email=invitation.email).first()
        if person is not None and person.user_id is not None:
            raise WrongAccount
        person = person or Person(email=invitation.email, name=name or invitation.name)
        person.user = account
    if person.organisation_id is None:
        person.organisation = invitation.organisation
    person.save()
    account.person = person
    return person


def _queue_email(invitation: Invitation, token: str) -> None:
    with translation.override(_language_for(invitation)):
        link = settings.SITE_URL + reverse("cities:invitation_accept", args=[token])
        network = Installation.objects.values_list("network_name", flat=True).first() or ""
        facts = {
            "name": invitation.name,
            "inviter": name_of(invitation.invited_by),
            "role": role_label(invitation),
            "body": str(invitation.body),
            "network": network,
            "link": link,
            "days": settings.INVITATION_DAYS,
        }
        queue_mail(
            to=invitation.email,
            subject=_("Invitation: %(role)s, %(body)s") % facts,
            body=_(
                "Hello %(name)s,\n\n%(inviter)s has invited you to join %(network)s as %(role)s in "
                "“%(body)s”.\n\nUse this link to accept. It works once, within %(days)s days:\n\n%(link)s\n\n"
                "If you did not expect this invitation, you can ignore this email."
            )
            % facts,
            has_secret=True,
            is_urgent=True,
            language=translation.get_language() or "",
        )


def role_label(invitation: Invitation) -> str:
    seat = f" ({Seat(invitation.seat).label})" if invitation.seat else ""
    return f"{Role(invitation.role).label}{seat}"


def name_of(user: User) -> str:
    person = Person.objects.filter(user=user).first()
    return person.name if person else str(user)


def _language_for(invitation: Invitation) -> str:
    """Return the account's language, else the city's, else the network's; only languages that the site has."""
    city = invitation.body.city
    working = Installation.objects.values_list("working_language", flat=True).first()
    for language in (language_of(invitation.email), city.language if city else "", working):
        if language in dict(settings.LANGUAGES):
            return language
    return settings.LANGUAGE_CODE
