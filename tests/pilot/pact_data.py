"""A pact at each point of its life, for the tests."""

import re
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import Mail
from cities.enums import BodyKind, Role
from core import clock
from core.snapshots import sha256_hex
from pilot.services import pacts, signatures
from tests.factories import CityFactory, OrganisationFactory, StoredFileFactory, member

TEXT = "We work together.\n\nEverybody can take part.\n\nWe report every year."


def make_people(city):
    return member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city), member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city)


def sign_on_paper(version, lead, organisation=None, **fields):
    """Record a signature on paper, by default that of the city itself. ``by`` may try it with the lead's scan."""
    city = version.pact.city
    given = {"sector": "municipal", "name": "Maja Lind", "office": "Mayor", "signed_on": city.today}
    content = b"%PDF-1.4 signed on paper"
    path = default_storage.save(f"scan/{uuid4()}", ContentFile(content))
    stored = {"path": path, "size": len(content), "sha256": sha256_hex(content)}
    scan = StoredFileFactory(uploaded_by=lead, state="pending", **stored)
    return signatures.record_on_paper(
        version, organisation=organisation or city.municipality, scan=scan, **given | {"by": lead} | fields
    )


def link_to(email):
    """Return the path of the newest link that was sent to this address."""
    body = Mail.objects.filter(recipient=email.lower(), has_secret=True).latest("pk").body
    return re.search(r"/pact-signing/\S+", body)[0]


def token_in(path):
    return path.rstrip("/").rpartition("/")[2]


class PactScene:
    """A city with an official, a lead official and the draft of version 1 in English and Swedish."""

    def __init__(self, **city):
        self.city = CityFactory(language="sv", other_languages=["en"], **city)
        self.official, self.lead = make_people(self.city)
        words = {"language": "en", "title": "Our pact", "text": TEXT}
        self.version = pacts.draft_first_version(self.city, by=self.official, **words)
        self.pact = self.version.pact
        self.english = self.version.texts.get()
        swedish = {"language": "sv", "title": "Vår pakt", "text": "Vi arbetar tillsammans.\n\nAlla får vara med."}
        self.swedish = pacts.add_text(self.version, by=self.official, **swedish)

    def opened(self, version=None):
        return pacts.open_version(version or self.version, by=self.lead)

    def in_force(self, version=None, day=None):
        version = self.closed(version)
        return pacts.put_in_force(version, by=self.lead, day=day or clock.today())

    def put_in_force(self, version):
        """Put a version in force that is open for signature."""
        sign_on_paper(version, self.lead)
        version = pacts.close_signing(version, by=self.lead)
        return pacts.put_in_force(version, by=self.lead, day=clock.today())

    def put_in_force_signed(self):
        """Put version 1 in force, which the city has signed already."""
        version = pacts.close_signing(self.version, by=self.lead)
        return pacts.put_in_force(version, by=self.lead, day=clock.today())

    def closed(self, version=None):
        """Return the version signed by the city and closed."""
        version = self.opened(version)
        sign_on_paper(version, self.lead)
        return pacts.close_signing(version, by=self.lead)

    def invite(self, email="anna@partner.example", *, version=None, organisation=None, **fields):
        """Invite a person; return the signature and the path of the link in the email."""
        given = {"sector": "civil_society", "name": "Anna", "email": email}
        organisation = organisation or OrganisationFactory()
        invitation = signatures.invite_signatory(
            version or self.version, by=self.lead, organisation=organisation, **given | fields
        )
        return invitation.signature, link_to(email)

    def next_draft(self):
        return pacts.draft_next_version(self.pact, by=self.official)
