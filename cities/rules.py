"""Permissions: the roles people hold, predicates over them, and the rules of this app.

A predicate without an object answers whether the user may open the list. What a user may *see* is decided by
``visible_to`` of the queryset, so that lists and single rows cannot disagree; see docs/adr/0003.
A predicate answers for every object; about a row of a model that it does not know, it returns False.
"""

from functools import reduce
from operator import or_
from typing import NamedTuple

import rules
from django.apps import apps
from django.db.models import Exists, Q

from core import clock
from core.versions import Kept

from .enums import NETWORK_BODIES, BodyKind, Role

OFFICIALS = {Role.LEAD_OFFICIAL, Role.OFFICIAL}
RECORD_KEEPERS = {Role.CHAIR, Role.SECRETARY}
CITY_BODIES = {BodyKind.CITY_OFFICE, BodyKind.EXPERT_GROUP, BodyKind.LOCAL_COMMITTEE}
_kept_roles = Kept()


class ActiveRole(NamedTuple):
    """One current membership in short. ``city_id`` is None in bodies of the network."""

    kind: str
    role: str
    city_id: int | None


def person_of(user):
    """Return the person of an account, or None; read once for each user object."""
    if not user.is_authenticated or not user.is_active:
        return None
    return getattr(user, "person", None)


def active_roles(user) -> frozenset[ActiveRole]:
    """Return the user's current roles, the same for each user object (each request loads its own).

    They are kept under the version that was read with the user, so that most requests need no query for them.
    """
    person = person_of(user)
    if person is None:
        return frozenset()
    held, today = getattr(user, "_epi_active_roles", None), clock.today()
    if held is None or held[0] != today:
        version = getattr(user, "page_version", None)
        roles = _kept_roles.get(person.pk, version and (version, today), lambda: _read_roles(person))
        held = user._epi_active_roles = (today, roles)
    return held[1]


def _read_roles(person) -> frozenset[ActiveRole]:
    rows = person.memberships.current().values_list("body__kind", "role", "body__city_id")
    return frozenset(ActiveRole(*row) for row in rows)


def clear_role_cache(user) -> None:
    """Clear the cached roles after a membership has changed in the same request."""
    for name in ("_epi_active_roles", "page_version"):
        user.__dict__.pop(name, None)


def city_ids_where(user, *, kinds=CITY_BODIES, roles=None) -> set[int]:
    """Return the ids of the cities where the user is in a body of these kinds, in one of these roles."""
    return {
        office.city_id
        for office in active_roles(user)
        if office.city_id and office.kind in kinds and (roles is None or office.role in roles)
    }


def insider_city_ids(user) -> set[int]:
    return city_ids_where(user)


def official_city_ids(user) -> set[int]:
    return city_ids_where(user, kinds={BodyKind.CITY_OFFICE}, roles=OFFICIALS)


def lead_city_ids(user) -> set[int]:
    return city_ids_where(user, kinds={BodyKind.CITY_OFFICE}, roles={Role.LEAD_OFFICIAL})


def expert_city_ids(user) -> set[int]:
    return city_ids_where(user, kinds={BodyKind.EXPERT_GROUP})


def has_network_role(user, *roles) -> bool:
    return any(office.kind == BodyKind.NETWORK_OFFICE and office.role in roles for office in active_roles(user))


def is_scientific_member(user) -> bool:
    return any(office.kind == BodyKind.SCIENTIFIC_COMMITTEE for office in active_roles(user))


def chairs_committee(user) -> bool:
    held = active_roles(user)
    return any(office.kind == BodyKind.SCIENTIFIC_COMMITTEE and office.role == Role.CHAIR for office in held)


def leads_a_body(user) -> bool:
    return bool(lead_city_ids(user)) or chairs_committee(user)


def meetings_of_user_q(user, event: str = ""):
    """Return a Q for the meetings whose decisions the user reads: of own cities and of the own network body.

    ``event``: lookup path to the event, with trailing ``__``.
    """
    cities = insider_city_ids(user)
    read = Q(**{f"{event}city__in": cities}) | Q(**{f"{event}body__city__in": cities})
    if is_scientific_member(user):
        read |= Q(**{f"{event}body__kind": BodyKind.SCIENTIFIC_COMMITTEE})
    if has_network_role(user, Role.COORDINATOR):
        read |= Q(**{f"{event}body__kind__in": NETWORK_BODIES})
    return read


def chaired_meetings_q(user):
    """Return a Q over Event: those whose minutes ``cities.approve_minutes`` lets the user approve; None without any."""
    chaired = [office for office in active_roles(user) if office.role == Role.CHAIR]
    found = [Q(body__kind=office.kind, body__city=office.city_id) for office in chaired]
    if cities := lead_city_ids(user):
        found.append(Q(body=None, city__in=cities))
    return reduce(or_, found) if found else None


def led_bodies_q(user, body: str = ""):
    """Return a Q for the bodies that the user invites to, as lead of their city or as chair.

    ``body``: lookup path to the body, with trailing ``__``.
    """
    led = Q(**{f"{body}city__in": lead_city_ids(user)})
    if chairs_committee(user):
        led |= Q(**{f"{body}kind": BodyKind.SCIENTIFIC_COMMITTEE})
    return led


def invited_bodies_q(user):
    """Return a Q over Body: those that ``cities.invite`` allows."""
    invited = led_bodies_q(user)
    if has_network_role(user, Role.COORDINATOR):
        invited |= ~Q(kind=BodyKind.SCIENTIFIC_COMMITTEE) | ~Exists(_chairs_ever())
    return invited


def _chairs_ever():
    return apps.get_model("cities.Membership").objects.filter(body__kind=BodyKind.SCIENTIFIC_COMMITTEE, role=Role.CHAIR)


def manages_members(user) -> bool:
    return leads_a_body(user) or has_network_role(user, Role.COORDINATOR, Role.DATA_PROTECTION)


def managed_bodies_q(user):
    """Return a Q over Body: those whose members the user manages."""
    managed = led_bodies_q(user)
    if has_network_role(user, Role.COORDINATOR, Role.DATA_PROTECTION):
        managed |= ~Q(pk=None)
    return managed


def reads_network(user) -> bool:
    """Return whether the user reads what all cities have submitted.

    These are partners, trainers, the scientific committee and coordinators.
    """
    return has_network_role(user, Role.PARTNER, Role.TRAINER, Role.COORDINATOR) or is_scientific_member(user)


# ---- predicates


def is_instance(row, *models: str) -> bool:
    """Return whether the row is of one of the models, given as ``app.Model`` because models import rules."""
    return isinstance(row, tuple(apps.get_model(model) for model in models))


def _in(cities: set[int], row) -> bool:
    return bool(cities) if row is None else getattr(row, "owning_city_id", None) in cities


@rules.predicate
def is_insider(user, row):
    return _in(insider_city_ids(user), row)


@rules.predicate
def is_official(user, row):
    return _in(official_city_ids(user), row)


@rules.predicate
def is_lead(user, row):
    return _in(lead_city_ids(user), row)


@rules.predicate
def is_expert(user, row):
    return _in(expert_city_ids(user), row)


@rules.predicate
def is_coordinator(user):
    return has_network_role(user, Role.COORDINATOR)


@rules.predicate
def is_data_protection(user):
    return has_network_role(user, Role.DATA_PROTECTION)


@rules.predicate
def is_trainer(user):
    return has_network_role(user, Role.TRAINER)


@rules.predicate
def is_scientific(user):
    return is_scientific_member(user)


@rules.predicate
def is_network_reader(user):
    return reads_network(user)


@rules.predicate
def leads_committee(user, row):
    """The chair of the scientific committee, on that committee: coordinators do not choose its members."""
    return chairs_committee(user) and (row is None or kind_of(row) == BodyKind.SCIENTIFIC_COMMITTEE)


@rules.predicate
def is_committee_row(user, row):
    return row is not None and kind_of(row) == BodyKind.SCIENTIFIC_COMMITTEE


@rules.predicate
def may_invite_first_chair(user, row):
    """A coordinator, on the scientific committee, as long as it never had a chair who could invite its members."""
    if not (has_network_role(user, Role.COORDINATOR) and is_committee_row(user, row)):
        return False
    return not _chairs_ever().exists()


@rules.predicate
def is_of_municipality(user, city):
    """A person of the organisation that is the city's municipality: others decide on what it submits."""
    person = person_of(user)
    if person is None or person.organisation_id is None or not is_instance(city, "cities.City"):
        return False
    return person.organisation_id == city.municipality_id


@rules.predicate
def is_own_official_membership(user, membership):
    """The user's own role in the city office, which also decides who is responsible for actions."""
    person = person_of(user)
    if person is None:
        return False
    if membership is None:
        return bool(official_city_ids(user))
    if not is_instance(membership, "cities.Membership"):
        return False
    return membership.person_id == person.pk and membership.role in OFFICIALS


@rules.predicate
def is_own_membership(user, membership):
    """Without a membership, the answer is no: the list of members is for those who manage them."""
    person = person_of(user)
    return person is not None and is_instance(membership, "cities.Membership") and membership.person_id == person.pk


def kind_of(row):
    """Return the kind of a body, or of the body of a membership or an invitation; "" for any other row."""
    if is_instance(row, "cities.Membership", "cities.Invitation"):
        return row.body.kind
    return row.kind if is_instance(row, "cities.Body") else ""


@rules.predicate
def is_visible(user, row):
    """Whether the model's ``visible_to`` includes the row for this user."""
    if row is None:
        return True
    rows = type(row)._default_manager
    return hasattr(rows, "visible_to") and rows.visible_to(user).filter(pk=row.pk).exists()


def _host_of(row):
    """Return the body that holds the meeting, given the meeting or one of its decisions; None without a body."""
    event = row.event if is_instance(row, "cities.Decision") else row
    return event.body if is_instance(event, "cities.Event") else None


def _serves_host(user, row, roles):
    """Return whether the user has one of the roles in the body that holds the meeting."""
    served = {(office.kind, office.city_id) for office in active_roles(user) if office.role in roles}
    if row is None:
        return bool(served)
    body = _host_of(row)
    return body is not None and (body.kind, body.city_id) in served


@rules.predicate
def keeps_records(user, row):
    """The chair or the secretary of the body that holds the meeting; the row is the meeting or a decision of it."""
    return _serves_host(user, row, RECORD_KEEPERS)


@rules.predicate
def chairs_host(user, row):
    """The chair of the body that holds the meeting."""
    return _serves_host(user, row, {Role.CHAIR})


@rules.predicate
def leads_event_without_body(user, row):
    """A lead official, on events of the city that no body holds: no chair approves their minutes."""
    return is_lead(user, row) and (row is None or (is_instance(row, "cities.Event") and row.body_id is None))


@rules.predicate
def coordinates_host(user, row):
    """A coordinator, on meetings of the network's own bodies."""
    if not has_network_role(user, Role.COORDINATOR):
        return False
    body = _host_of(row)
    return row is None or (body is not None and body.city_id is None)


@rules.predicate
def is_responsible_for_decision(user, decision):
    person = person_of(user)
    if person is None or decision is None:
        return person is not None
    return is_instance(decision, "cities.Decision") and decision.responsible_id == person.pk


@rules.predicate
def is_unpublished(user, event):
    return event is not None and getattr(event, "published_at", True) is None


def add_reference_data(app: str, *models: str) -> None:
    """Add permissions of reference data: coordinators view, add and change it in the admin; nobody deletes it."""
    for model in models:
        for verb in ("view", "add", "change"):
            rules.add_perm(f"{app}.{verb}_{model}", is_coordinator)
        rules.add_perm(f"{app}.delete_{model}", rules.always_deny)


rules.add_perm("cities", is_coordinator)
rules.add_perm("accounts", is_coordinator)
rules.add_perm("core", is_coordinator)
rules.add_perm("cities.use_admin", is_coordinator | is_trainer | is_scientific)
add_reference_data("cities", "organisation", "theme", "targetgroup", "installation")
add_reference_data("accounts", "mail")
add_reference_data("core", "verificationrun")
rules.add_perm("core.redact", is_data_protection)  # opening one record for it, too

rules.add_perm("cities.view_city", rules.always_allow)
rules.add_perm("cities.add_city", is_coordinator)
rules.add_perm("cities.change_city", is_lead | is_coordinator)
rules.add_perm("cities.change_municipality", is_coordinator & ~is_of_municipality)  # object: the city
rules.add_perm("cities.delete_city", rules.always_deny)

rules.add_perm("cities.view_body", rules.always_allow)
rules.add_perm("cities.add_body", is_coordinator)
rules.add_perm("cities.change_body", is_lead | is_coordinator)
rules.add_perm("cities.delete_body", rules.always_deny)
for _proxy in ("expertgroup", "localimplementationcommittee", "scientificcommittee"):
    rules.add_perm(f"cities.view_{_proxy}", is_coordinator)
    rules.add_perm(f"cities.add_{_proxy}", is_coordinator)
    rules.add_perm(f"cities.change_{_proxy}", is_coordinator)
    rules.add_perm(f"cities.delete_{_proxy}", rules.always_deny)
rules.add_perm("cities.view_names", is_insider | is_network_reader)  # the names of a body's members

rules.add_perm("cities.view_person", is_visible)
rules.add_perm("cities.add_person", is_coordinator)
rules.add_perm("cities.change_person", is_coordinator)
rules.add_perm("cities.delete_person", rules.always_deny)
rules.add_perm("cities.view_membership", is_visible)
rules.add_perm("cities.add_membership", rules.always_deny)  # only by invitation or services
rules.add_perm("cities.change_membership", rules.always_deny)
rules.add_perm("cities.delete_membership", rules.always_deny)
rules.add_perm("cities.end_membership", is_lead | is_coordinator | leads_committee | is_own_membership)
rules.add_perm("cities.allow_sign_in", is_coordinator)  # object: a membership of the person
rules.add_perm("cities.view_invitation", is_visible)
# object: the body; cities.services decides which roles. Coordinators do not give seats of the committee.
may_give_roles = is_lead | (is_coordinator & ~is_committee_row) | leads_committee
rules.add_perm("cities.invite", may_give_roles | may_invite_first_chair)
# object: the membership; an official who leaves passes on only tasks, to a holder of the same role.
rules.add_perm("cities.hand_over_membership", may_give_roles | is_own_official_membership)

rules.add_perm("cities.view_event", is_visible)
rules.add_perm("cities.add_event", is_official)
rules.add_perm("cities.change_event", is_official)
rules.add_perm("cities.publish_event", is_lead)
rules.add_perm("cities.cancel_event", is_lead | (is_official & is_unpublished))
may_record = is_official | keeps_records | coordinates_host
rules.add_perm("cities.write_minutes", may_record)  # object: the meeting
rules.add_perm("cities.approve_minutes", chairs_host | leads_event_without_body)
rules.add_perm("cities.record_decision", may_record)  # object: the meeting
rules.add_perm("cities.view_decision", is_visible)
rules.add_perm("cities.change_decision", may_record)
rules.add_perm("cities.close_decision", may_record | is_responsible_for_decision)
rules.add_perm("cities.delete_decision", rules.always_deny)
rules.add_perm("cities.view_attendance_names", is_insider | is_coordinator)
rules.add_perm("cities.view_storedfile", is_visible)

rules.add_perm("accounts.send_mail_again", is_coordinator)
