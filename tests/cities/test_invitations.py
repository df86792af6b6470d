from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.models import Mail, User
from cities.enums import BodyKind, Role, Seat
from cities.exceptions import (
    CommitteeSeatRefused,
    InvitationExpired,
    InvitationRefused,
    MembershipRefused,
    OwnRoleRefused,
    PermissionRefused,
    WrongAccount,
)
from cities.models import Body, Installation, Invitation, Membership, Person
from cities.services import invitations, memberships
from core import clock
from tests.factories import BodyFactory, MembershipFactory, OrganisationFactory, PersonFactory, UserFactory, member

PASSWORD = "four words that differ"
NEW = {"name": "Anna Ny", "password": PASSWORD, "password_again": PASSWORD}


@pytest.fixture
def office(city):
    return BodyFactory(kind=BodyKind.CITY_OFFICE, city=city)


@pytest.fixture
def send(everyone, office):
    def send(email="anna@town.example", *, by="lead", **more):
        given = {"name": "Anna", "body": office, "role": Role.OFFICIAL} | more
        return invitations.invite(email=email, by=everyone[by], **given)

    return send


def page_of(token):
    return reverse("cities:invitation_accept", args=[token])


def test_invitation_writes_a_letter_and_keeps_no_token(send, settings):
    settings.SITE_URL = "https://epi.example"
    Installation.objects.create(pk=1, network_name="Pact", working_language="en")

    invitation, token = send("Anna@Town.Example")

    mail = Mail.objects.get()
    assert invitation.email == mail.recipient == "anna@town.example"
    assert f"https://epi.example{page_of(token)}" in mail.body
    assert mail.has_secret
    assert mail.language == "sv"  # the city's
    assert token not in str(vars(invitation))
    assert invitation.expires_at == invitation.created_at + timedelta(days=settings.INVITATION_DAYS)


def test_letter_is_in_the_language_of_the_account_else_of_the_network(send, everyone):
    UserFactory(email="en@town.example", language="en")
    Installation.objects.create(pk=1, network_name="Pact", working_language="en")
    network = Body.objects.get(kind=BodyKind.NETWORK_OFFICE)

    send("en@town.example")
    send("new@town.example", by="coordinator", body=network, role=Role.PARTNER)

    assert [mail.language for mail in Mail.objects.all()] == ["en", "en"]


def test_new_invitation_withdraws_the_older_one(send):
    _old, first = send()
    _new, second = send()

    with pytest.raises(InvitationExpired):
        invitations.find_invitation(first)
    assert invitations.find_invitation(second).email == "anna@town.example"


@pytest.mark.parametrize(
    "role", ["official", "viewer", "partner", "scientific", "superuser", "former", "other_official"]
)
def test_others_do_not_invite(send, role):
    with pytest.raises(PermissionRefused):
        send(by=role)


def test_nobody_invites_oneself_by_account_or_persons_address(send, everyone, office):
    lead = everyone["lead"]
    Person.objects.filter(pk=lead.person.pk).update(email="private@town.example")
    everyone["lead"] = User.objects.get(pk=lead.pk)

    for address in (lead.email.upper(), "private@town.example"):
        with pytest.raises(OwnRoleRefused):
            send(address)
    assert not Invitation.objects.exists()


def test_committee_seat_is_neither_for_nor_by_a_coordinator(send, everyone):
    committee = Body.objects.get(kind=BodyKind.SCIENTIFIC_COMMITTEE)
    everyone["chair"] = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)

    with pytest.raises(CommitteeSeatRefused):
        send(by="coordinator", body=committee, role=Role.MEMBER)
    with pytest.raises(CommitteeSeatRefused):
        send(everyone["coordinator"].email, by="chair", body=committee, role=Role.MEMBER)
    assert send(by="chair", body=committee, role=Role.MEMBER)[0].body == committee


def test_member_is_not_invited_to_what_she_is(send, everyone):
    with pytest.raises(MembershipRefused, match="already"):
        send(everyone["official"].email)


def test_very_many_invitations_wait_for_tomorrow(send, monkeypatch):
    monkeypatch.setattr(invitations, "INVITATIONS_PER_DAY", 1)
    send("one@town.example")

    with pytest.raises(InvitationRefused, match="tomorrow"):
        send("two@town.example")
    with clock.at(clock.now() + timedelta(days=2)):
        send("two@town.example")


# ---- accepting


def test_new_person_gets_account_person_and_role(client, send, office):
    organisation = OrganisationFactory()
    _invitation, token = send(seat="", organisation=organisation)

    assert client.get(page_of(token)).context["case"] == "new"
    response = client.post(page_of(token), NEW)

    user = User.objects.get(email="anna@town.example")
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    assert user.check_password(PASSWORD)
    assert (user.person.name, user.person.organisation) == ("Anna Ny", organisation)
    assert user.has_perm("cities.add_event", office.city)
    assert Invitation.objects.get().accepted_by == user


def test_person_without_account_is_found_by_address(send):
    person = PersonFactory(user=None, email="Anna@town.example", name="Anna Gammal")
    _invitation, token = send()

    user = invitations.accept_invitation(token, name="Anna Ny", password=PASSWORD)

    assert user.person == person
    assert person.memberships.get().role == Role.OFFICIAL


def test_invitation_works_once(client, send):
    _invitation, token = send()
    client.post(page_of(token), NEW)
    client.logout()

    again = client.post(page_of(token), NEW | {"name": "Somebody else"})
    look = client.get(page_of(token))

    assert "has been used" in again.content.decode()
    assert "has been used" in look.content.decode()
    assert User.objects.filter(email="anna@town.example").count() == 1
    with pytest.raises(InvitationExpired):
        invitations.accept_invitation(token, name="x", password=PASSWORD)


@pytest.mark.parametrize("how", ["expired", "withdrawn", "never"])
def test_dead_link_gives_a_sentence(client, send, everyone, how):
    invitation, token = send()
    if how == "withdrawn":
        invitations.withdraw_invitation(invitation, by=everyone["lead"])
    if how == "never":
        token = "never-was-one"
    moment = clock.now() + timedelta(days=30 if how == "expired" else 0)

    with clock.at(moment):
        response = client.get(page_of(token))

    assert response.status_code == 200
    assert "too old" in response.content.decode()


@pytest.mark.parametrize(
    "change,says",
    [
        ({"password": "short", "password_again": "short"}, "too short"),
        ({"password_again": "something else entirely"}, "differ"),
        ({"name": ""}, "required"),
    ],
)
def test_bad_input_uses_nothing_up(client, send, change, says):
    _invitation, token = send()

    page = client.post(page_of(token), NEW | change)

    assert says in page.content.decode()
    assert "What you typed is still here" not in page.content.decode()
    assert not User.objects.filter(email="anna@town.example").exists()
    assert invitations.find_invitation(token)


def test_service_refuses_a_bad_password_too(send):
    _invitation, token = send()

    with pytest.raises(ValidationError):
        invitations.accept_invitation(token, name="x", password="")


def test_existing_account_must_be_signed_in_as_that_address(client, send, everyone):
    anna = UserFactory(email="anna@town.example")
    _invitation, token = send()

    stranger = client.get(page_of(token))
    tried = client.post(page_of(token), NEW)
    client.force_login(everyone["viewer"])
    other = client.get(page_of(token))
    tried_by_other = client.post(page_of(token))
    client.force_login(anna)
    own = client.get(page_of(token))
    client.post(page_of(token))

    assert (stranger.context["case"], other.context["case"], own.context["case"]) == ("sign_in", "sign_out", "accept")
    assert "another address" in tried.content.decode()
    assert "another address" in tried_by_other.content.decode()
    assert Person.objects.get(user=anna).memberships.get().role == Role.OFFICIAL
    assert not anna.check_password(PASSWORD)


def test_signed_in_person_does_not_take_a_new_persons_invitation(send, everyone):
    _invitation, token = send()

    with pytest.raises(WrongAccount):
        invitations.accept_invitation(token, user=everyone["viewer"])


def test_address_whose_person_has_another_account_is_refused(send, everyone):
    Person.objects.filter(pk=everyone["viewer"].person.pk).update(email="anna@town.example")
    _invitation, token = send()

    with pytest.raises(WrongAccount):
        invitations.accept_invitation(token, name="x", password=PASSWORD)

    assert not User.objects.filter(email="anna@town.example").exists()


def test_invitation_is_worth_no_more_than_its_writers_role(send, everyone):
    _invitation, token = send()
    memberships.end_membership(everyone["lead"].person.memberships.get(), by=everyone["coordinator"])

    with pytest.raises(InvitationExpired):
        invitations.accept_invitation(token, name="x", password=PASSWORD)
    assert not User.objects.filter(email="anna@town.example").exists()


def test_inviter_whose_address_changed_does_not_accept_her_own(send, everyone):
    _invitation, token = send()
    lead = everyone["lead"]
    User.objects.filter(pk=lead.pk).update(email="anna@town.example")

    with pytest.raises(OwnRoleRefused):
        invitations.accept_invitation(token, user=User.objects.get(pk=lead.pk))


def test_twin_that_was_first_is_told(send, monkeypatch):
    invitation, token = send()
    monkeypatch.setattr(invitations, "find_invitation", lambda token, held=False: invitation)
    Invitation.objects.update(withdrawn_at=clock.now())

    with pytest.raises(InvitationExpired):
        invitations.accept_invitation(token, name="x", password=PASSWORD)


# ---- pages


def test_lead_invites_on_the_page_into_own_bodies_only(client, everyone, office, other_city):
    elsewhere = BodyFactory(kind=BodyKind.CITY_OFFICE, city=other_city)
    client.force_login(everyone["lead"])
    address = reverse("cities:member_invite")
    given = {"name": "Anna", "email": "anna@town.example", "seat": "", "organisation": ""}

    form = client.get(address, {"body": office.pk, "role": "official"}).context["form"]
    refused = client.post(address, given | {"place": f"{elsewhere.pk}:official"})
    client.post(address, given | {"place": f"{office.pk}:official"})

    assert form.initial["place"] == f"{office.pk}:official"
    assert "place" in refused.context["form"].errors
    assert Invitation.objects.get().body == office


def test_page_tells_what_the_service_refuses(client, everyone, office):
    client.force_login(everyone["lead"])

    page = client.post(
        reverse("cities:member_invite"),
        {"name": "I", "email": everyone["lead"].email, "place": f"{office.pk}:viewer", "seat": ""},
    )

    assert "Nobody grants oneself a role" in page.content.decode()
    assert not Invitation.objects.exists()


def test_coordinator_is_not_offered_seats_of_the_committee(client, everyone):
    client.force_login(everyone["coordinator"])

    bodies = client.get(reverse("cities:member_invite")).context["form"].bodies.values()

    assert BodyKind.SCIENTIFIC_COMMITTEE not in {body.kind for body in bodies}
    assert BodyKind.NETWORK_OFFICE in {body.kind for body in bodies}


@pytest.mark.parametrize("role,code", [("official", 403), ("data_protection", 403), ("superuser", 403)])
def test_page_is_refused_to_others(client, everyone, role, code):
    client.force_login(everyone[role])

    assert client.get(reverse("cities:member_invite")).status_code == code


def test_invitation_is_withdrawn_by_those_who_may(client, everyone, send):
    invitation, _token = send()
    address = reverse("cities:invitation_withdraw", args=[invitation.pk])

    for role, code in (("official", 404), ("other_official", 404)):
        client.force_login(everyone[role])
        assert client.post(address).status_code == code
    client.force_login(everyone["lead"])
    client.post(address)
    twice = client.post(address, follow=True)

    invitation.refresh_from_db()
    assert invitation.withdrawn_at is not None
    assert "used or withdrawn already" in twice.content.decode()


def test_service_withdraws_for_nobody_else(send, everyone):
    invitation, _token = send()

    with pytest.raises(PermissionRefused):
        invitations.withdraw_invitation(invitation, by=everyone["official"])


def test_open_invitations_stand_on_the_members_page(client, everyone, send):
    send("open@town.example", seat=Seat.MUNICIPAL_OFFICIAL)
    client.force_login(everyone["lead"])

    assert "open@town.example" in client.get(reverse("cities:member_list")).content.decode()


def test_invited_member_keeps_the_seat(send, city):
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    invitation, token = send(body=group, role=Role.CHAIR, seat=Seat.SELECTED_EXPERT)

    invitations.accept_invitation(token, name="x", password=PASSWORD)

    assert invitations.role_label(invitation) == "chair (selected expert)"
    assert Membership.objects.get(body=group, role=Role.CHAIR).seat == Seat.SELECTED_EXPERT


def test_second_role_is_added_to_the_same_person(send, everyone):
    MembershipFactory(person=everyone["viewer"].person, body=BodyFactory(kind=BodyKind.LOCAL_COMMITTEE))
    _invitation, token = send(everyone["viewer"].email)

    invitations.accept_invitation(token, user=everyone["viewer"])

    assert everyone["viewer"].person.memberships.count() == 3
