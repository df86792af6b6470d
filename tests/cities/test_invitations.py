import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.models import Mail, User
from cities import tasks
from cities.enums import BodyKind, Role, Seat
from cities.exceptions import (
    CommitteeSeatRefused,
    FirstChairRefused,
    InvitationExpired,
    InvitationRefused,
    MembershipRefused,
    OwnRoleRefused,
    WrongAccount,
)
from cities.models import Body, Installation, Invitation, Membership, Person
from cities.services import invitations, memberships
from core import clock
from core.exceptions import PermissionRefused
from tests.factories import BodyFactory, MembershipFactory, OrganisationFactory, PersonFactory, UserFactory, member

PASSWORD = "four words that differ"
NEW = {"name": "Anna Ny", "password": PASSWORD, "password_again": PASSWORD}


@pytest.fixture
def office(city):
    return BodyFactory(kind=BodyKind.CITY_OFFICE, city=city)


@pytest.fixture
def send_invitation(everyone, office):
    def send_invitation(email="anna@town.example", *, by="lead", **more):
        given = {"name": "Anna", "body": office, "role": Role.OFFICIAL} | more
        return invitations.invite(email=email, by=everyone[by], **given)

    return send_invitation


def accept_url(token):
    return reverse("cities:invitation_accept", args=[token])


def test_invitation_queues_mail_and_stores_no_token(send_invitation, settings):
    settings.SITE_URL = "https://epi.example"
    Installation.objects.create(pk=1, network_name="Pact", working_language="en")

    invitation, token = send_invitation("Anna@Town.Example")

    mail = Mail.objects.get()
    assert invitation.email == mail.recipient == "anna@town.example"
    assert f"https://epi.example{accept_url(token)}" in mail.body
    assert mail.has_secret
    assert mail.is_urgent
    assert mail.language == "sv"  # the language of the city
    assert token not in str(vars(invitation))
    assert invitation.expires_at == invitation.created_at + timedelta(days=settings.INVITATION_DAYS)


def test_invitation_mail_uses_language_of_account_or_network(send_invitation, everyone):
    UserFactory(email="en@town.example", language="en")
    Installation.objects.create(pk=1, network_name="Pact", working_language="en")
    network = Body.objects.get(kind=BodyKind.NETWORK_OFFICE)

    send_invitation("en@town.example")
    send_invitation("new@town.example", by="coordinator", body=network, role=Role.PARTNER)

    assert [mail.language for mail in Mail.objects.all()] == ["en", "en"]


def test_new_invitation_withdraws_older_one(send_invitation):
    _old, first = send_invitation()
    _new, second = send_invitation()

    with pytest.raises(InvitationExpired):
        invitations.find_invitation(first)
    assert invitations.find_invitation(second).email == "anna@town.example"


@pytest.mark.parametrize(
    "role", ["official", "viewer", "partner", "scientific", "superuser", "former", "other_official"]
)
def test_invite_refuses_other_roles(send_invitation, role):
    with pytest.raises(PermissionRefused):
        send_invitation(by=role)


def test_invite_refuses_own_email_of_account_or_person(send_invitation, everyone, office):
    lead = everyone["lead"]
    Person.objects.filter(pk=lead.person.pk).update(email="private@town.example")
    everyone["lead"] = User.objects.get(pk=lead.pk)

    for url in (lead.email.upper(), "private@town.example"):
        with pytest.raises(OwnRoleRefused):
            send_invitation(url)
    assert not Invitation.objects.exists()


def test_committee_invitation_is_refused_for_and_by_coordinator(send_invitation, everyone):
    committee = Body.objects.get(kind=BodyKind.SCIENTIFIC_COMMITTEE)
    everyone["chair"] = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)

    with pytest.raises(CommitteeSeatRefused):
        send_invitation(by="coordinator", body=committee, role=Role.MEMBER)
    with pytest.raises(CommitteeSeatRefused):
        send_invitation(everyone["coordinator"].email, by="chair", body=committee, role=Role.MEMBER)
    assert send_invitation(by="chair", body=committee, role=Role.MEMBER)[0].body == committee


def test_invitation_to_existing_membership_is_refused(send_invitation, everyone):
    with pytest.raises(MembershipRefused, match="already"):
        send_invitation(everyone["official"].email)


def test_invitations_per_day_are_limited(send_invitation, monkeypatch):
    monkeypatch.setattr(invitations, "INVITATIONS_PER_DAY", 1)
    send_invitation("one@town.example")

    with pytest.raises(InvitationRefused, match="tomorrow"):
        send_invitation("two@town.example")
    with clock.at(clock.now() + timedelta(days=2)):
        send_invitation("two@town.example")


# ---- accepting


def test_new_user_gets_account_person_and_membership(client, send_invitation, office):
    organisation = OrganisationFactory()
    _invitation, token = send_invitation(seat="", organisation=organisation)

    assert client.get(accept_url(token)).context["case"] == "new"
    response = client.post(accept_url(token), NEW)

    user = User.objects.get(email="anna@town.example")
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    assert user.check_password(PASSWORD)
    assert (user.person.name, user.person.organisation) == ("Anna Ny", organisation)
    assert user.has_perm("cities.add_event", office.city)
    assert Invitation.objects.get().accepted_by == user


def test_person_without_account_is_found_by_email(send_invitation):
    person = PersonFactory(user=None, email="Anna@town.example", name="Anna Gammal")
    _invitation, token = send_invitation()

    user = invitations.accept_invitation(token, name="Anna Ny", password=PASSWORD)

    assert user.person == person
    assert person.memberships.get().role == Role.OFFICIAL


def test_invitation_works_once(client, send_invitation):
    _invitation, token = send_invitation()
    client.post(accept_url(token), NEW)
    client.logout()

    again = client.post(accept_url(token), NEW | {"name": "Somebody else"})
    page = client.get(accept_url(token))

    assert "has been used" in again.content.decode()
    assert "has been used" in page.content.decode()
    assert User.objects.filter(email="anna@town.example").count() == 1
    with pytest.raises(InvitationExpired):
        invitations.accept_invitation(token, name="x", password=PASSWORD)


@pytest.mark.parametrize("reason", ["expired", "withdrawn", "never"])
def test_invalid_invitation_link_shows_message(client, send_invitation, everyone, reason):
    invitation, token = send_invitation()
    if reason == "withdrawn":
        invitations.withdraw_invitation(invitation, by=everyone["lead"])
    if reason == "never":
        token = "never-was-one"
    moment = clock.now() + timedelta(days=30 if reason == "expired" else 0)

    with clock.at(moment):
        response = client.get(accept_url(token))

    assert response.status_code == 200
    assert "has expired" in response.content.decode()


@pytest.mark.parametrize(
    "change,message",
    [
        ({"password": "short", "password_again": "short"}, "too short"),
        ({"password_again": "something else entirely"}, "do not match"),
        ({"name": ""}, "required"),
    ],
)
def test_bad_input_does_not_use_invitation(client, send_invitation, change, message):
    _invitation, token = send_invitation()

    page = client.post(accept_url(token), NEW | change)

    assert message in page.content.decode()
    assert "What you entered is still here" not in page.content.decode()
    assert not User.objects.filter(email="anna@town.example").exists()
    assert invitations.find_invitation(token)


def test_accept_invitation_refuses_empty_password(send_invitation):
    _invitation, token = send_invitation()

    with pytest.raises(ValidationError):
        invitations.accept_invitation(token, name="x", password="")


def test_existing_account_must_sign_in_to_accept(client, send_invitation, everyone):
    anna = UserFactory(email="anna@town.example")
    _invitation, token = send_invitation()

    anonymous = client.get(accept_url(token))
    anonymous_post = client.post(accept_url(token), NEW)
    client.force_login(everyone["viewer"])
    other = client.get(accept_url(token))
    other_post = client.post(accept_url(token))
    client.force_login(anna)
    own = client.get(accept_url(token))
    client.post(accept_url(token))

    assert (anonymous.context["case"], other.context["case"], own.context["case"]) == ("sign_in", "sign_out", "accept")
    assert "another email address" in anonymous_post.content.decode()
    assert "another email address" in other_post.content.decode()
    assert Person.objects.get(user=anna).memberships.get().role == Role.OFFICIAL
    assert not anna.check_password(PASSWORD)


def test_invitation_to_other_email_is_refused_for_signed_in_user(send_invitation, everyone):
    _invitation, token = send_invitation()

    with pytest.raises(WrongAccount):
        invitations.accept_invitation(token, user=everyone["viewer"])


def test_email_of_person_with_other_account_is_refused(send_invitation, everyone):
    Person.objects.filter(pk=everyone["viewer"].person.pk).update(email="anna@town.example")
    _invitation, token = send_invitation()

    with pytest.raises(WrongAccount):
        invitations.accept_invitation(token, name="x", password=PASSWORD)

    assert not User.objects.filter(email="anna@town.example").exists()


def test_invitation_expires_when_inviter_loses_role(send_invitation, everyone):
    _invitation, token = send_invitation()
    memberships.end_membership(everyone["lead"].person.memberships.get(), by=everyone["coordinator"])

    with pytest.raises(InvitationExpired):
        invitations.accept_invitation(token, name="x", password=PASSWORD)
    assert not User.objects.filter(email="anna@town.example").exists()


def test_inviter_with_changed_email_cannot_accept_own_invitation(send_invitation, everyone):
    _invitation, token = send_invitation()
    lead = everyone["lead"]
    User.objects.filter(pk=lead.pk).update(email="anna@town.example")

    with pytest.raises(OwnRoleRefused):
        invitations.accept_invitation(token, user=User.objects.get(pk=lead.pk))


def test_invitation_withdrawn_by_concurrent_request_is_refused(send_invitation, monkeypatch):
    invitation, token = send_invitation()
    monkeypatch.setattr(invitations, "find_invitation", lambda token, lock=False: invitation)
    Invitation.objects.update(withdrawn_at=clock.now())

    with pytest.raises(InvitationExpired):
        invitations.accept_invitation(token, name="x", password=PASSWORD)


# ---- pages


def test_lead_invites_to_own_bodies_only(client, everyone, office, other_city):
    other_office = BodyFactory(kind=BodyKind.CITY_OFFICE, city=other_city)
    client.force_login(everyone["lead"])
    url = reverse("cities:member_invite")
    given = {"name": "Anna", "email": "anna@town.example", "seat": "", "organisation": ""}

    form = client.get(url, {"body": office.pk, "role": "official"}).context["form"]
    error_page = client.post(url, given | {"place": f"{other_office.pk}:official"})
    client.post(url, given | {"place": f"{office.pk}:official"})

    assert form.initial["place"] == f"{office.pk}:official"
    assert "place" in error_page.context["form"].errors
    assert Invitation.objects.get().body == office


@pytest.mark.parametrize("role, offered", [("lead", ["Local"]), ("coordinator", [])])
def test_invite_page_offers_organisations_of_own_cities_and_finds_others(client, everyone, city, role, offered):
    OrganisationFactory(name="Local", location=city.name)
    far = OrganisationFactory(name="Far away")
    client.force_login(everyone[role])
    url = reverse("cities:member_invite")

    field = client.get(url).context["form"]["organisation"]
    found = client.get(url, {"find": "organisation", "find-organisation": "far"}).json()

    labels = [str(option.data["label"]) for option in field.subwidgets]
    assert [label for label in labels if label in {"Local", "Far away"}] == offered
    assert found["rows"] == [{"value": str(far.pk), "label": "Far away"}]


def test_invite_page_shows_error_of_service(client, everyone, office):
    client.force_login(everyone["lead"])

    page = client.post(
        reverse("cities:member_invite"),
        {"name": "I", "email": everyone["lead"].email, "place": f"{office.pk}:viewer", "seat": ""},
    )

    assert "You cannot give yourself a role" in page.content.decode()
    assert not Invitation.objects.exists()


def test_invite_page_hides_committee_with_a_chair_from_coordinator(client, everyone):
    member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)
    client.force_login(everyone["coordinator"])

    bodies = client.get(reverse("cities:member_invite")).context["form"].fields["place"].queryset

    assert BodyKind.SCIENTIFIC_COMMITTEE not in {body.kind for body in bodies}
    assert BodyKind.NETWORK_OFFICE in {body.kind for body in bodies}


@pytest.mark.parametrize("role,code", [("official", 403), ("data_protection", 403), ("superuser", 403)])
def test_invite_page_is_403_for_other_roles(client, everyone, role, code):
    client.force_login(everyone[role])

    assert client.get(reverse("cities:member_invite")).status_code == code


def test_lead_withdraws_invitation_once(client, everyone, send_invitation):
    invitation, _token = send_invitation()
    url = reverse("cities:invitation_withdraw", args=[invitation.pk])

    for role, code in (("official", 404), ("other_official", 404)):
        client.force_login(everyone[role])
        assert client.post(url).status_code == code
    client.force_login(everyone["lead"])
    client.post(url)
    twice = client.post(url, follow=True)

    invitation.refresh_from_db()
    assert invitation.withdrawn_at is not None
    assert "already been used or withdrawn" in twice.content.decode()


def test_withdraw_invitation_refuses_official(send_invitation, everyone):
    invitation, _token = send_invitation()

    with pytest.raises(PermissionRefused):
        invitations.withdraw_invitation(invitation, by=everyone["official"])


def test_open_invitation_is_on_member_list(client, everyone, send_invitation):
    send_invitation("open@town.example", seat=Seat.MUNICIPAL_OFFICIAL)
    client.force_login(everyone["lead"])

    assert "open@town.example" in client.get(reverse("cities:member_list")).content.decode()


def test_accepted_invitation_keeps_seat(send_invitation, city):
    group = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=city)
    invitation, token = send_invitation(body=group, role=Role.CHAIR, seat=Seat.SELECTED_EXPERT)

    invitations.accept_invitation(token, name="x", password=PASSWORD)

    assert invitations.role_label(invitation) == "chair (selected expert)"
    assert Membership.objects.get(body=group, role=Role.CHAIR).seat == Seat.SELECTED_EXPERT


def test_accepted_invitation_adds_role_to_existing_person(send_invitation, everyone):
    MembershipFactory(person=everyone["viewer"].person, body=BodyFactory(kind=BodyKind.LOCAL_COMMITTEE))
    _invitation, token = send_invitation(everyone["viewer"].email)

    invitations.accept_invitation(token, user=everyone["viewer"])

    assert everyone["viewer"].person.memberships.count() == 3


# ---- retention


def test_invitation_that_nobody_accepted_is_deleted_after_its_time(client, send_invitation, settings):
    settings.MAIL_KEEP_DAYS = 90
    send_invitation("never@town.example")
    accepted, token = send_invitation("anna@town.example")
    client.post(accept_url(token), NEW)
    ends = clock.now() + timedelta(days=settings.INVITATION_DAYS)

    with clock.at(ends + timedelta(days=89)):
        tasks.delete_old_invitations()
        kept = Invitation.objects.count()
    with clock.at(ends + timedelta(days=91)):
        tasks.delete_old_invitations()

    assert (kept, list(Invitation.objects.all())) == (2, [accepted])


# ---- the first chair of the scientific committee


@pytest.fixture
def university():
    return OrganisationFactory(name="University of Ebba")


def invite_chair(by, committee, **given):
    given = {"email": "chair@uni.example", "name": "Carl", "role": Role.CHAIR} | given
    return invitations.invite(body=committee, by=by, **given)


def new_committee():
    return BodyFactory(kind=BodyKind.SCIENTIFIC_COMMITTEE, city=None)


def test_coordinator_invites_the_first_chair_on_the_page(client, everyone, university):
    committee = new_committee()
    client.force_login(everyone["coordinator"])
    url = reverse("cities:member_invite")
    offered = dict(client.get(url).context["form"].fields["place"].choices)[str(committee)]
    assert [label for _value, label in offered] == ["chair"]
    typed = {"name": "Carl", "email": "chair@uni.example", "place": f"{committee.pk}:chair"}

    without = client.post(url, typed)
    answer = client.post(url, typed | {"organisation": university.pk})

    assert "cannot come from your own organisation" in str(without.context["form"].errors)
    assert answer.status_code == 302
    token = re.search(r"/invitation/([^/\s]+)/", Mail.objects.get(recipient="chair@uni.example").body)[1]
    chair = invitations.accept_invitation(token, name="Carl", password=PASSWORD)
    assert chair.has_perm("cities.invite", committee)
    assert chair.person.organisation == university


def test_coordinator_gives_no_other_seat_of_the_committee(everyone, university):
    with pytest.raises(CommitteeSeatRefused):
        invite_chair(everyone["coordinator"], new_committee(), role=Role.MEMBER, organisation=university)


def test_chair_of_own_or_unknown_organisation_is_refused(everyone, university):
    committee, coordinator = new_committee(), everyone["coordinator"]
    coordinator.person.organisation = university
    coordinator.person.save()
    PersonFactory(user=None, email="colleague@uni.example", organisation=university)

    for given in ({}, {"organisation": university}, {"email": "colleague@uni.example"}):
        with pytest.raises(FirstChairRefused):
            invite_chair(coordinator, committee, **given)


@pytest.mark.parametrize("has_ended", [False, True])
def test_coordinator_invites_no_second_chair(client, everyone, university, has_ended):
    committee, coordinator = new_committee(), everyone["coordinator"]
    _invitation, token = invite_chair(coordinator, committee, organisation=university)
    member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR, valid_to=clock.today() if has_ended else None)

    with pytest.raises(CommitteeSeatRefused):
        invite_chair(coordinator, committee, organisation=university)
    with pytest.raises(CommitteeSeatRefused):
        invitations.accept_invitation(token, name="Carl", password=PASSWORD)
    client.force_login(coordinator)
    assert str(committee) not in dict(
        client.get(reverse("cities:member_invite")).context["form"].fields["place"].choices
    )


def test_coordinator_is_not_invited_as_chair(everyone, university):
    other = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=university)

    with pytest.raises(CommitteeSeatRefused):
        invite_chair(everyone["coordinator"], new_committee(), email=other.email)
