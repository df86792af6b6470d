"""Signatures of the pact: invitations, the page of the link, paper, withdrawal, and attempts to cheat."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Mail
from cities.enums import BodyKind, FileState, Role
from cities.models import StoredFile
from cities.services import invitations
from core import clock
from core.exceptions import InputRefused, PermissionRefused, ReasonMissing
from pilot.exceptions import OwnSignatureMissing, PactStateChanged, SignatureRefused, SigningLinkEnded
from pilot.models import PactInvitation, PactSnapshot, Signature
from pilot.services import pacts, signatures
from pilot.views import signatures as views
from tests.factories import CityFactory, OrganisationFactory, member

from .pact_data import PactScene, link_to, sign_on_paper, token_in

pytestmark = pytest.mark.django_db
WHO = {"name": "Anna Berg", "office": "Chair of the board", "language": "en"}
ANSWER = WHO | {"is_confirmed": "on"}


@pytest.fixture
def scene(db):
    cache.clear()
    found = PactScene(name="Sala", slug="sala")
    found.opened()
    return found


def text_of(response):
    return response.content.decode()


def state_of(signature):
    return Signature.objects.get(pk=signature.pk).state


# ---- invitations


def test_invitation_emails_a_link_of_which_only_the_hash_is_stored(scene):
    signature, link = scene.invite("Anna@Partner.Example")

    mail = Mail.objects.get(recipient="anna@partner.example")
    invitation = PactInvitation.objects.get()
    assert (mail.has_secret, mail.is_urgent, mail.language) == (True, True, "sv")
    assert token_in(link) not in str(vars(invitation))
    assert invitation.token_hash == invitations.hash_token(token_in(link))
    assert (signature.state, str(invitation)) == ("invited", f"Anna, {signature.organisation}")


def test_sender_never_sees_the_link(scene):
    _signature, link = scene.invite()
    client = Client()
    client.force_login(scene.lead)

    for path in ("/cities/sala/pact/", "/cities/sala/pact/1/", "/cities/sala/pact/1/invite/"):
        assert token_in(link) not in text_of(client.get(path))


def test_organisation_with_two_invited_people_is_one_signatory(scene):
    organisation = OrganisationFactory()
    signature, first = scene.invite("anna@partner.example", organisation=organisation)
    again, second = scene.invite("bert@partner.example", organisation=organisation)
    assert again == signature
    assert Signature.objects.count() == 1

    signatures.sign_by_link(token_in(second), **WHO)

    with pytest.raises(SigningLinkEnded, match="already answered"):
        signatures.sign_by_link(token_in(first), **WHO)
    with pytest.raises(InputRefused, match="already signed"):
        scene.invite("carl@partner.example", organisation=organisation)


def test_only_leads_of_the_city_invite_and_nobody_invites_oneself(scene):
    given = {"organisation": OrganisationFactory(), "sector": "private", "name": "X", "email": "x@partner.example"}
    others = [
        scene.official,
        member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, CityFactory()),
        member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR),
    ]
    for user in others:
        with pytest.raises(PermissionRefused):
            signatures.invite_signatory(scene.version, by=user, **given)

    with pytest.raises(InputRefused, match="cannot invite yourself"):
        signatures.invite_signatory(scene.version, by=scene.lead, **given | {"email": scene.lead.email.upper()})
    assert not Signature.objects.exists()


def test_draft_superseded_and_withdrawn_versions_take_no_signatures(scene):
    draft = scene.next_draft()
    with pytest.raises(PactStateChanged, match="Open the version for signature first"):
        scene.invite(version=draft)
    pacts.withdraw_version(scene.version, by=scene.lead, reason="Not now.")

    with pytest.raises(PactStateChanged, match="superseded or withdrawn"):
        sign_on_paper(scene.version, scene.lead)


def test_number_of_invitations_of_a_day_is_limited(scene, monkeypatch):
    monkeypatch.setattr(signatures, "INVITATIONS_PER_DAY", 1)
    scene.invite()

    with pytest.raises(SignatureRefused, match="limit"):
        scene.invite("bert@partner.example")
    with pytest.raises(SignatureRefused, match="limit"):
        signatures.send_again(PactInvitation.objects.get(), by=scene.lead)


def test_sending_again_goes_to_the_same_address_and_ends_the_older_link(scene):
    _signature, old = scene.invite()
    invitation = PactInvitation.objects.get()
    with pytest.raises(PermissionRefused):
        signatures.send_again(invitation, by=scene.official)

    signatures.send_again(invitation, by=scene.lead)

    new = link_to("anna@partner.example")
    assert new != old
    with pytest.raises(SigningLinkEnded, match="replaced by a newer one"):
        signatures.sign_by_link(token_in(old), **WHO)
    page = text_of(Client().get(old))
    assert "This link has been replaced by a newer one. Open the link in the newest email." in page
    assert "We work together." not in page
    with pytest.raises(SignatureRefused, match="newer link"):
        signatures.send_again(invitation, by=scene.lead)
    assert signatures.sign_by_link(token_in(new), **WHO).state == "signed_online"
    with pytest.raises(SignatureRefused, match="already signed"):
        signatures.send_again(PactInvitation.objects.latest("pk"), by=scene.lead)
    assert "replaced by a newer one" in text_of(Client().get(old)), "also once it is signed"


def test_expired_link_says_so(scene):
    _signature, link = scene.invite()

    with clock.at(clock.now() + timedelta(days=signatures.LINK_DAYS, hours=1)):
        assert "This link has expired." in text_of(Client().get(link))
        with pytest.raises(SigningLinkEnded, match="expired"):
            signatures.sign_by_link(token_in(link), **WHO)


# ---- the page of the link


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_opening_the_link_never_signs(scene, method):
    signature, link = scene.invite()

    for path in (link, f"{link}decline/", f"{link}?language=sv&name=X&office=Y&is_confirmed=on"):
        for _time in range(2):
            response = getattr(Client(), method)(path, headers={"user-agent": "scanner"})
            assert response.status_code == 200

    assert state_of(signature) == "invited"
    assert signature.history.count() == 1
    assert PactInvitation.objects.get().ended_at is None
    assert Client().post(link, ANSWER).status_code == 302


def test_page_has_the_whole_text_in_each_language_and_is_not_stored(scene):
    _signature, link = scene.invite()

    response = Client().get(link)

    assert "no-store" in response.headers["Cache-Control"]
    assert "Everybody can take part." in text_of(response)
    assert PactSnapshot.objects.get().sha256 in text_of(response)
    assert "Alla får vara med." in text_of(Client().get(f"{link}?language=sv"))


def test_person_signs_by_post_with_name_office_hash_and_language(scene):
    signature, link = scene.invite()

    response = Client().post(f"{link}?language=sv", ANSWER | {"language": "sv"}, follow=True)

    stored = Signature.objects.get(pk=signature.pk)
    assert (stored.state, stored.name, stored.office, stored.language) == (
        "signed_online",
        "Anna Berg",
        "Chair of the board",
        "sv",
    )
    assert stored.sha256 == PactSnapshot.objects.get().sha256
    assert stored.signed_on == scene.city.today
    assert stored.answered_at is not None
    assert "by Anna Berg, Chair of the board." in text_of(response)
    assert 'name="is_confirmed"' not in text_of(response)
    assert Mail.objects.filter(recipient="anna@partner.example").count() == 2
    assert Mail.objects.filter(recipient=scene.lead.email).count() == 1


@pytest.mark.parametrize("left_out", ["name", "office", "is_confirmed", "language"])
def test_nothing_is_signed_without_all_fields(scene, left_out):
    signature, link = scene.invite()

    response = Client().post(link, {name: value for name, value in ANSWER.items() if name != left_out})

    assert response.status_code == 200
    assert state_of(signature) == "invited"


def test_unknown_language_and_blank_names_are_refused(scene):
    signature, link = scene.invite()

    with pytest.raises(InputRefused) as refused:
        signatures.sign_by_link(token_in(link), name=" ", office=" ", language="en")
    assert set(refused.value.errors) == {"name", "office"}
    with pytest.raises(InputRefused, match="languages of the pact"):
        signatures.sign_by_link(token_in(link), **WHO | {"language": "de"})
    assert Client().post(link, ANSWER | {"language": "de"}).status_code == 200
    assert state_of(signature) == "invited"


def test_second_post_changes_nothing(scene):
    signature, link = scene.invite()
    Client().post(link, ANSWER)

    response = Client().post(link, ANSWER | {"name": "Somebody Else"})

    assert "by Anna Berg, Chair of the board." in text_of(response)
    assert Signature.objects.get(pk=signature.pk).name == "Anna Berg"
    assert "already answered" in text_of(Client().post(f"{link}decline/", {"reason": "No."}))
    assert state_of(signature) == "signed_online"


def test_post_from_another_site_is_refused(scene):
    signature, link = scene.invite()

    assert Client(enforce_csrf_checks=True).post(link, ANSWER).status_code in (200, 403)
    assert state_of(signature) == "invited"


@pytest.mark.parametrize("token", ["x", "0" * 43, "anna@partner.example"])
def test_guessed_link_leads_nowhere(scene, token):
    scene.invite()

    for path in (f"/pact-signing/{token}/", f"/pact-signing/{token}/decline/"):
        assert "This link is not valid." in text_of(Client().get(path))
        assert "We work together." not in text_of(Client().post(path, ANSWER))
    assert not Signature.objects.signed().exists()


def test_stored_hash_is_no_token(scene):
    _signature, _link = scene.invite()

    with pytest.raises(SigningLinkEnded):
        signatures.sign_by_link(PactInvitation.objects.get().token_hash, **WHO)


def test_link_of_one_organisation_signs_for_no_other(scene):
    first, link = scene.invite()
    second, _other = scene.invite("bert@other.example")

    Client().post(link, ANSWER | {"organisation": second.organisation_id, "signature": second.pk, "state": "x"})

    assert (state_of(first), state_of(second)) == ("signed_online", "invited")


def test_pages_of_links_have_a_rate_limit(scene, monkeypatch):
    monkeypatch.setattr(views, "VISITS", 2)
    signature, link = scene.invite()

    codes = [Client().get(link).status_code for _visit in range(3)]

    assert codes == [200, 200, 429]
    assert Client().post(link, ANSWER).status_code == 429
    assert state_of(signature) == "invited"
    cache.clear()


# ---- declining


def test_decline_needs_a_reason_and_tells_the_city_and_who_signed(scene):
    _first, link = scene.invite("bert@other.example")
    signatures.sign_by_link(token_in(link), **WHO)
    signature, link = scene.invite()
    Mail.objects.all().delete()
    with pytest.raises(ReasonMissing):
        signatures.decline_by_link(token_in(link), reason=" ")
    assert "Give a reason" in text_of(Client().post(f"{link}decline/", {"reason": ""}))

    page = Client().post(f"{link}decline/", {"reason": "We have no mandate."}, follow=True)

    assert "Your organisation has declined to sign." in text_of(page)
    assert state_of(signature) == "declined"
    assert {mail.recipient for mail in Mail.objects.all()} == {scene.lead.email, "bert@other.example"}
    reasons = {mail.recipient: "no mandate" in mail.body for mail in Mail.objects.all()}
    assert reasons == {scene.lead.email: True, "bert@other.example": False}
    assert "already answered" in text_of(Client().get(f"{link}decline/"))
    assert Client().post(link, ANSWER).status_code == 200
    assert state_of(signature) == "declined"


def test_organisation_that_declined_can_be_asked_again_or_sign_on_paper(scene):
    signature, link = scene.invite()
    signatures.decline_by_link(token_in(link), reason="No mandate.")
    signatures.send_again(PactInvitation.objects.get(), by=scene.lead)
    assert state_of(signature) == "invited"
    signatures.decline_by_link(token_in(link_to("anna@partner.example")), reason="Still none.")
    scene.invite("bert@partner.example", organisation=signature.organisation)
    assert state_of(signature) == "invited"
    signatures.decline_by_link(token_in(link_to("bert@partner.example")), reason="None at all.")

    sign_on_paper(scene.version, scene.lead, signature.organisation)

    stored = Signature.objects.get(pk=signature.pk)
    assert (stored.state, stored.decline_reason) == ("signed_on_paper", "")


# ---- on paper


def test_signature_on_paper_has_a_scan_and_who_recorded_it(scene):
    _signature, link = scene.invite()
    signature = sign_on_paper(scene.version, scene.lead, Signature.objects.get().organisation)

    assert (signature.state, signature.recorded_by) == ("signed_on_paper", scene.lead)
    assert signature.scan.state == FileState.USED
    assert signature.sha256 == PactSnapshot.objects.get().sha256
    with pytest.raises(SigningLinkEnded):
        signatures.sign_by_link(token_in(link), **WHO)
    with pytest.raises(InputRefused, match="already signed"):
        sign_on_paper(scene.version, scene.lead, signature.organisation)


def test_paper_needs_a_lead_a_past_day_and_names(scene):
    for user in (scene.official, member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, CityFactory())):
        with pytest.raises(PermissionRefused):
            sign_on_paper(scene.version, user)
    with pytest.raises(InputRefused, match="future"):
        sign_on_paper(scene.version, scene.lead, signed_on=scene.city.today + timedelta(days=1))
    with pytest.raises(InputRefused) as refused:
        sign_on_paper(scene.version, scene.lead, name="", office="")
    assert set(refused.value.errors) == {"name", "office"}


def test_scan_is_for_the_city_and_the_network(scene):
    scan = sign_on_paper(scene.version, scene.lead).scan
    stranger = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, CityFactory())
    scene.put_in_force_signed()

    for user, seen in (
        (scene.official, True),
        (member(BodyKind.NETWORK_OFFICE, Role.PARTNER), True),
        (stranger, False),
    ):
        assert StoredFile.objects.visible_to(user).filter(pk=scan.pk).exists() is seen


# ---- withdrawal


def test_withdrawn_signature_stays_with_its_date_and_reason(scene):
    signature = sign_on_paper(scene.version, scene.lead, OrganisationFactory())
    day = scene.city.today
    for changes, error in (
        ({"reason": ""}, ReasonMissing),
        ({"on": day + timedelta(days=1)}, InputRefused),
        ({"on": day - timedelta(days=1)}, InputRefused),
        ({"by": scene.official}, PermissionRefused),
    ):
        with pytest.raises(error):
            signatures.withdraw_signature(signature, **{"by": scene.lead, "on": day, "reason": "New board."} | changes)

    signatures.withdraw_signature(signature, by=scene.lead, on=day, reason="New board.")

    stored = Signature.objects.get(pk=signature.pk)
    assert (stored.state, stored.name, stored.withdrawn_on) == ("withdrawn", "Maja Lind", day)
    assert stored.is_withdrawn
    with pytest.raises(SignatureRefused):
        signatures.withdraw_signature(stored, by=scene.lead, on=day, reason="Again.")
    with pytest.raises(InputRefused, match="It can sign the next version"):
        scene.invite(organisation=signature.organisation)


def test_city_keeps_its_signature_while_the_pact_is_in_force(scene):
    own = sign_on_paper(scene.version, scene.lead)
    scene.put_in_force_signed()

    with pytest.raises(SignatureRefused, match="End the version first"):
        signatures.withdraw_signature(own, by=scene.lead, on=scene.city.today, reason="Why not.")
    with pytest.raises(IntegrityError, match="epi: "), transaction.atomic():
        Signature.objects.filter(pk=own.pk).update(
            state="withdrawn", withdrawn_on=scene.city.today, withdrawal_reason="By SQL."
        )


# ---- what the pact needs of them


def test_in_force_needs_the_signature_of_the_city_itself(scene):
    sign_on_paper(scene.version, scene.lead, OrganisationFactory())
    version = pacts.close_signing(scene.version, by=scene.lead)
    with pytest.raises(OwnSignatureMissing):
        pacts.put_in_force(version, by=scene.lead, day=clock.today())
    with pytest.raises(IntegrityError, match="signed by its city"), transaction.atomic():
        pacts._change_state(version, "put_in_force", by=scene.lead, day=clock.today())

    sign_on_paper(scene.version, scene.lead)  # after closing: late, but possible

    assert pacts.put_in_force(version, by=scene.lead, day=clock.today()).state == "in_force"


def test_closing_ends_the_links_and_the_lead_can_send_one_again(scene):
    signature, link = scene.invite()
    pacts.close_signing(scene.version, by=scene.lead)
    with pytest.raises(SigningLinkEnded, match="Signing has been closed"):
        signatures.sign_by_link(token_in(link), **WHO)
    assert "Signing has been closed." in text_of(Client().get(link))

    signatures.send_again(PactInvitation.objects.get(), by=scene.lead)
    signatures.sign_by_link(token_in(link_to("anna@partner.example")), **WHO)

    assert state_of(signature) == "signed_online"


def test_withdrawn_version_can_no_longer_be_signed(scene):
    _signature, link = scene.invite()
    pacts.withdraw_version(scene.version, by=scene.lead, reason="A mistake.")

    with pytest.raises(SigningLinkEnded, match="can no longer be signed"):
        signatures.sign_by_link(token_in(link), **WHO)


def test_signatures_of_an_older_version_stay_with_it_by_hash(scene):
    own = sign_on_paper(scene.version, scene.lead)
    partner, link = scene.invite()
    signatures.sign_by_link(token_in(link), **WHO)
    scene.put_in_force_signed()
    second = scene.next_draft()
    text = second.texts.get(language="en")
    pacts.save_text(text, by=scene.official, fields={"text": text.text.replace(".", ",", 1)}, version=1)
    scene.opened(second)

    first_hash = PactSnapshot.objects.get(pact_version=scene.version).sha256
    assert {row.sha256 for row in Signature.objects.filter(pk__in=[own.pk, partner.pk])} == {first_hash}
    assert not second.signatures.exists()
    assert PactSnapshot.objects.get(pact_version=second).sha256 != first_hash
