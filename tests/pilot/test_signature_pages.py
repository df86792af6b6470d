"""Signatures of the pact: what the database refuses, and the pages of the city."""

import re

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import Mail
from cities.enums import BodyKind, FileState, Role
from cities.exceptions import FileRefused
from core import clock, triggers
from pilot.enums import SignatureState
from pilot.models import PactInvitation, PactText, Signature
from pilot.restored import name_open_links
from pilot.services import pacts, signatures
from pilot.verification import check_pacts
from tests.cities.pictures import picture
from tests.factories import OrganisationFactory, StoredFileFactory, member

from .pact_data import PactScene, sign_on_paper, token_in

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


# ---- what the database refuses

STATEMENTS = [
    "UPDATE pilot_signature SET name = 'Somebody Else'",
    "UPDATE pilot_signature SET sha256 = 'x'",
    "UPDATE pilot_signature SET state = 'invited'",
    "UPDATE pilot_signature SET state = 'declined', decline_reason = 'x'",
    "UPDATE pilot_signature SET organisation_id = organisation_id + 1",
    "UPDATE pilot_signature SET signed_on = '2020-01-01'",
    "DELETE FROM pilot_signature",
    "UPDATE pilot_pactinvitation SET email = 'x@evil.example'",
    "UPDATE pilot_pactinvitation SET token_hash = 'x'",
    "UPDATE pilot_pactinvitation SET ended_at = NULL",
    "UPDATE pilot_pactinvitation SET expires_at = '2999-01-01'",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_given_signature_cannot_change_by_sql(scene, statement):
    _signature, link = scene.invite()
    signatures.sign_by_link(token_in(link), **WHO)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_invited_cannot_be_signed_by_sql_with_another_hash(scene):
    signature, _link = scene.invite()
    fields = {"name": "X", "office": "X", "signed_on": clock.today(), "answered_at": clock.now(), "language": "en"}

    for sha256 in ("0" * 64, ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            Signature.objects.filter(pk=signature.pk).update(state="signed_online", sha256=sha256, **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Signature.objects.create(
            pact_version=scene.version, organisation=OrganisationFactory(), sector="private", state="signed_online"
        )


def test_verification_finds_a_signature_with_another_hash(scene):
    signature, link = scene.invite()
    signatures.sign_by_link(token_in(link), **WHO)
    assert check_pacts().differences == []

    with triggers.triggers_dropped():
        Signature.objects.filter(pk=signature.pk).update(sha256="0" * 64)

    (difference,) = check_pacts().differences
    assert "a signature names another hash" in difference


def test_changed_byte_of_the_frozen_text_stops_the_signing(scene):
    signature, link = scene.invite()
    with triggers.triggers_dropped(), connection.cursor() as cursor:
        cursor.execute("UPDATE pilot_pactsnapshot SET snapshot = REPLACE(snapshot, 'together', 'apart')")

    client = Client(raise_request_exception=False)
    assert "apart" not in text_of(client.post(link, ANSWER))
    assert state_of(signature) == SignatureState.INVITED
    assert PactText.objects.get(language="en").text.startswith("We work together.")


# ---- pages of the city


def test_lead_invites_and_records_on_the_pages(scene):
    client = Client()
    client.force_login(scene.lead)
    near = scene.city.municipality
    page = text_of(client.get("/cities/sala/pact/1/"))
    assert "Invite a signatory" in page
    given = {"organisation": near.pk, "sector": "municipal", "name": "Maja Lind"}
    path = "/cities/sala/pact/1/invite/"
    client.get(path)
    assert client.post(path, given | {"email": "maja@sala.example"}).status_code == 302
    assert re.search(r"maja@sala\.example", text_of(client.get("/cities/sala/pact/1/")))
    client.post(f"/pact-invitations/{PactInvitation.objects.get().pk}/send-again/")
    assert PactInvitation.objects.count() == 2

    path = "/cities/sala/pact/1/record/"
    client.get(path)
    paper = given | {"office": "Mayor", "signed_on": scene.city.today.isoformat()}
    bad = client.post(path, paper | {"scan": SimpleUploadedFile("scan.exe", b"MZ nothing")})
    assert bad.context["form"].errors.keys() == {"scan"}
    client.post(path, paper | {"scan": SimpleUploadedFile("scan.jpg", picture())})

    stored = Signature.objects.get()
    assert (stored.state, stored.name) == ("signed_on_paper", "Maja Lind")
    shown = text_of(client.get("/cities/sala/pact/1/"))
    assert "Maja Lind, Mayor" in shown
    path = f"/pact-signatures/{stored.pk}/withdraw/"
    assert path in shown
    client.get(path)
    client.post(path, {"on": scene.city.today.isoformat(), "reason": "A new council."})
    assert state_of(stored) == "withdrawn"
    assert "A new council." in text_of(client.get("/cities/sala/pact/1/"))


def test_public_sees_who_signed_in_office_and_nothing_of_who_did_not(scene):
    sign_on_paper(scene.version, scene.lead)
    signed, link = scene.invite("carl@third.example", organisation=OrganisationFactory(name="Third partner"))
    signatures.sign_by_link(token_in(link), **WHO)
    scene.invite(organisation=OrganisationFactory(name="Silent partner"))
    _declined, link = scene.invite("bert@other.example", organisation=OrganisationFactory(name="Absent partner"))
    signatures.decline_by_link(token_in(link), reason="No mandate.")
    scene.put_in_force_signed()
    signatures.withdraw_signature(signed, by=scene.lead, on=scene.city.today, reason="Secret quarrel.")

    for path in ("/cities/sala/pact/", "/cities/sala/pact/1/"):
        shown = text_of(Client().get(path))
        assert "Maja Lind, Mayor" in shown
        assert "Withdrawn on" in shown
        for hidden in ("Silent partner", "Absent partner", "No mandate", "Secret quarrel", ".example", "scan"):
            assert hidden not in shown, hidden
    assert Signature.objects.signed().of_the_city().count() == 1


def test_invitations_are_seen_by_leads_alone(scene):
    scene.invite()
    partner = member(BodyKind.NETWORK_OFFICE, Role.PARTNER)

    for user, seen in ((scene.lead, 1), (scene.official, 0), (partner, 0)):
        assert PactInvitation.objects.visible_to(user).count() == seen
    client = Client()
    client.force_login(scene.official)
    assert "anna@partner.example" not in text_of(client.get("/cities/sala/pact/1/"))
    assert client.post(f"/pact-invitations/{PactInvitation.objects.get().pk}/send-again/").status_code == 404


def test_files_of_others_cannot_be_attached_twice(scene):
    scan = StoredFileFactory(uploaded_by=scene.lead, state=FileState.WITHDRAWN)
    given = {"organisation": OrganisationFactory(), "sector": "private", "name": "X", "office": "Y"}

    with pytest.raises(FileRefused):
        signatures.record_on_paper(scene.version, by=scene.lead, signed_on=scene.city.today, scan=scan, **given)
    assert not Signature.objects.exists()


def test_name_adds_no_line_to_an_email(scene):
    """A field of one line can be posted with several."""
    wide = "Anna\n\nPay at\r\nhttps://city.example "
    _signature, path = scene.invite(name=wide)
    assert "Anna Pay at https://city.example" in Mail.objects.get(recipient="anna@partner.example").body
    Client().post(path, ANSWER | {"name": wide, "office": wide})
    signature = Signature.objects.get()
    assert signature.name == signature.office == "Anna Pay at https://city.example"


def test_operator_of_a_restored_copy_hears_of_open_links(scene):
    assert name_open_links(clock.now()) == ""
    _signature, path = scene.invite()
    scene.invite(email="berit@partner.example")
    assert "2 links to sign a pact are open" in name_open_links(clock.now())
    Client().post(path, ANSWER)
    assert "1 links" in name_open_links(clock.now())
    pacts.close_signing(scene.version, by=scene.lead)
    assert name_open_links(clock.now()) == ""
