"""A pact at each point of its life, for the tests."""

from cities.enums import BodyKind, Role
from core import clock
from pilot.services import pacts
from tests.factories import CityFactory, member

TEXT = "We work together.\n\nEverybody can take part.\n\nWe report every year."


def make_people(city):
    return member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city), member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city)


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
        version = pacts.close_signing(self.opened(version), by=self.lead)
        return pacts.put_in_force(version, by=self.lead, day=day or clock.today())

    def next_draft(self):
        return pacts.draft_next_version(self.pact, by=self.official)
