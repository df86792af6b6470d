"""Join a body, leave it, or hand a role over. Nobody gives a role to themselves."""

from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.login_limits import end_delays
from cities import rules as who
from cities.duties import Duty, duties_in
from cities.enums import OFFICE_KINDS, ROLES, BodyKind, Role
from cities.exceptions import CommitteeSeatRefused, FirstChairRefused, MembershipRefused, OwnRoleRefused
from cities.models import Body, Membership, Organisation, Person
from cities.selectors import open_decisions_of
from cities.signals import membership_changed, membership_handed_over
from core import clock
from core.available import register, require
from core.error_causes import is_unique_violation
from core.exceptions import PermissionRefused
from core.services import lock, save_with_history

from .decisions import decision_duties, transfer_decisions
from .notifications import notify


@transaction.atomic
def add_member(
    *, person: Person, body: Body, role: str, seat: str = "", valid_from: date | None = None, by: Any
) -> Membership:
    """Add a membership from a day on; ``by`` is None only for management commands.

    Raises MembershipRefused, PermissionRefused, OwnRoleRefused or CommitteeSeatRefused.
    """
    lock(person)  # two grants to one person run one after the other
    refuse_grant(body, role, by=by)
    refuse_own_role(person, by=by)
    refuse_chair_of_own_organisation(person.organisation, body, by=by)
    refuse_seat(person, body, role)
    begins = valid_from or clock.today()
    refuse_overlap(person, body, role, begins)
    membership = Membership(person=person, body=body, role=role, seat=seat, valid_from=begins)
    _save(membership, by, person)
    return membership


@transaction.atomic
def end_membership(membership: Membership, *, by: Any, on: date | None = None) -> Membership:
    """End a membership: the role is lost when the day ``on`` begins, by default at once. People may end their own.

    Whoever moves an end to a later day gives the role for longer, and must be able to give it. Raises
    MembershipRefused, PermissionRefused, OwnRoleRefused or CommitteeSeatRefused.
    """
    membership = _lock_for(membership, "end", by)
    lock(membership.person)
    day = on or clock.today()
    if day < membership.valid_from:
        raise MembershipRefused(_("A membership cannot end before it has started. Choose a later date."))
    if membership.valid_to is not None and day > membership.valid_to:
        refuse_own_role(membership.person, by=by)
        refuse_grant(membership.body, membership.role, by=by)
        refuse_overlap(membership.person, membership.body, membership.role, membership.valid_to, until=day)
    membership.valid_to = day
    _save(membership, by, membership.person)
    return membership


@transaction.atomic
def hand_over(membership: Membership, *, to: Person, by: Any) -> Membership:
    """Give the role to ``to``. The signal ``membership_handed_over`` moves what was kept in the leaving person's name.

    Who may give the role may hand it over. An official who leaves may only pass on their own tasks, to somebody who
    holds the same role already. Raises MembershipRefused, PermissionRefused, OwnRoleRefused or CommitteeSeatRefused.
    """
    membership = _lock_for(membership, "hand_over", by)
    leaving = membership.person
    if to.pk == leaving.pk:
        raise MembershipRefused(_("Choose someone else: this person already has the role."))
    for person in sorted((leaving, to), key=lambda person: person.pk):
        lock(person)
    refuse_own_role(to, by=by)
    holds = to.memberships.current().filter(body=membership.body, role=membership.role).first()
    if holds is None:
        refuse_grant(membership.body, membership.role, by=by)
    refuse_seat(to, membership.body, membership.role)
    refuse_without_account(to, membership.body)
    end_membership(membership, by=by)
    if holds is None:
        refuse_overlap(to, membership.body, membership.role, clock.today())
        holds = Membership(person=to, body=membership.body, role=membership.role, seat=membership.seat)
        _save(holds, by, to)
    membership.refresh_from_db()
    transfer_decisions(body=membership.body, person=leaving, to=to, by=by)
    membership_handed_over.send(Membership, membership=membership, person=leaving, to=to, body=membership.body, by=by)
    _notify_of_handover(membership, to=to)
    return holds


def _notify_of_handover(membership: Membership, *, to: Person) -> None:
    body = membership.body
    path = body.city.get_absolute_url() if body.city_id else "/"

    def text() -> tuple[str, str]:
        words = {"person": membership.person, "role": membership.get_role_display(), "body": body}
        return _("%(person)s has handed over to you: %(role)s, %(body)s") % words, _(
            "You have taken over from %(person)s in “%(body)s”. Your role is: %(role)s. You are now "
            "responsible for what %(person)s was responsible for there, such as actions. “My work” shows what "
            "needs to be done."
        ) % words

    notify(to, key=f"handover-{membership.pk}-{to.pk}", text=text, path=path, city=body.city)


def duties_left_by(membership: Membership) -> list[Duty]:
    """Return what nobody is responsible for once the person's last membership in the city, or network body, ends."""
    city, person = membership.body.city, membership.person
    others = person.memberships.current().exclude(pk=membership.pk)
    if others.filter(Q(body__city=city) if city else Q(body=membership.body)).exists():
        return []
    return duties_in(city, person) if city else decision_duties(open_decisions_of(person, membership.body))


def leaves_without_lead(membership: Membership) -> bool:
    """Return whether nobody else leads the city. The page warns of it but does not refuse it."""
    if membership.role != Role.LEAD_OFFICIAL:
        return False
    others = membership.body.memberships.current().filter(role=Role.LEAD_OFFICIAL).exclude(pk=membership.pk)
    return not others.exists()


def allow_sign_in(membership: Membership, *, by: Any) -> None:
    """End the delays after failed attempts to sign in to the person's account. Raises PermissionRefused."""
    require(membership, "allow_sign_in", by)
    if membership.person.user is not None:
        end_delays(membership.person.user.email)


# ---- checks, shared with invitations


def refuse_grant(body: Body, role: str, *, by: Any) -> None:
    if role not in ROLES[BodyKind(body.kind)]:
        raise MembershipRefused(_("This body does not have that role. Choose one of its own roles."))
    if by is None:
        return
    if role not in grantable_roles(body, by=by):
        raise CommitteeSeatRefused
    if not by.has_perm("cities.invite", body):
        raise CommitteeSeatRefused if _is_coordinator_of_committee(body, by) else PermissionRefused


def grantable_roles(body: Body, *, by: Any) -> set[Role]:
    """Return the roles of the body that ``by`` may give if they may give any. Coordinators give one committee seat."""
    return {Role.CHAIR} if _is_coordinator_of_committee(body, by) else ROLES[BodyKind(body.kind)]


def _is_coordinator_of_committee(body: Body, by: Any) -> bool:
    return body.kind == BodyKind.SCIENTIFIC_COMMITTEE and who.has_network_role(by, Role.COORDINATOR)


def refuse_chair_of_own_organisation(organisation: Organisation | None, body: Body, *, by: Any) -> None:
    """Refuse a first chair whom the coordinator works with, or whose organisation is not known."""
    if by is None or not _is_coordinator_of_committee(body, by):
        return
    own = who.person_of(by)
    if organisation is None or (own is not None and own.organisation_id == organisation.pk):
        raise FirstChairRefused


def refuse_own_role(person: Person, *, by: Any) -> None:
    own = who.person_of(by) if by is not None else None
    if by is not None and (person.user_id == by.pk or (own is not None and own.pk == person.pk)):
        raise OwnRoleRefused


def refuse_seat(person: Person, body: Body, role: str) -> None:
    """Refuse to make one person both coordinator and committee member: the committee decides on the rounds."""
    held = person.memberships.filter(Q(valid_to=None) | Q(valid_to__gt=clock.today()))
    if body.kind == BodyKind.SCIENTIFIC_COMMITTEE and held.filter(role=Role.COORDINATOR).exists():
        raise CommitteeSeatRefused
    if role == Role.COORDINATOR and held.filter(body__kind=BodyKind.SCIENTIFIC_COMMITTEE).exists():
        raise CommitteeSeatRefused


def refuse_without_account(person: Person, body: Body) -> None:
    """Refuse offices to people without an account; members of groups and committees need none."""
    if body.kind in OFFICE_KINDS and not (person.user_id and person.user.is_active):
        raise MembershipRefused(_("%(person)s has no account. Invite %(person)s first.") % {"person": person})


def refuse_overlap(person: Person, body: Body, role: str, begins: date, until: date | None = None) -> None:
    """Refuse the same person, body and role twice at a time, also in the past; a constraint covers the current one."""
    same = Membership.objects.filter(person=person, body=body, role=role)
    if until is not None:
        same = same.filter(valid_from__lt=until)
    if same.filter(Q(valid_to=None) | Q(valid_to__gt=begins)).exists():
        raise MembershipRefused(_("This person already has this role on those dates."))


# ---- rows


def _lock_for(membership: Membership, name: str, by: Any) -> Membership:
    """Return the row, locked until the commit. Raises why ``by`` may not do it now (``core.available``)."""
    row = lock(membership, "person__user", "body__city")
    require(row, name, by)
    return row


def _check_has_not_ended(membership: Membership, _user: Any) -> None:
    if membership.valid_to is not None and membership.valid_to <= clock.today():
        raise MembershipRefused(_("This membership has already ended."))


def _refuse_committee_seat(membership: Membership, user: Any) -> None:
    if _is_coordinator_of_committee(membership.body, user):
        raise CommitteeSeatRefused


register(Membership, "end", "cities.end_membership", check=_check_has_not_ended)
register(
    Membership,
    "hand_over",
    "cities.hand_over_membership",
    check=_check_has_not_ended,
    denied=_refuse_committee_seat,
)
register(Membership, "allow_sign_in", "cities.allow_sign_in")


def _save(membership: Membership, by: Any, person: Person) -> None:
    try:
        with transaction.atomic():
            save_with_history(membership, by)
    except IntegrityError as error:
        if not is_unique_violation(error):
            raise
        raise MembershipRefused(_("This person already has this role on those dates.")) from error
    membership_changed.send(Membership, membership=membership)
    for user in (by, person.user if person.user_id else None):
        if user is not None:
            who.clear_role_cache(user)
