"""Emails to persons: who can get one, at which address and in which language."""

import pytest

from accounts.models import Mail
from cities.enums import BodyKind, Role
from cities.models import Installation
from cities.services.notifications import email_address_of, language_of, notify, role_holders
from tests.factories import PersonFactory, UserFactory, member

pytestmark = pytest.mark.django_db


def words():
    return "A subject", "Some sentences."


def test_letter_goes_to_the_address_of_the_account(settings):
    person = PersonFactory(email="before@town.example")
    person.user.email = "now@town.example"

    letter = notify(person, key="k", text=words, path="/periods/1/")

    assert (letter.recipient, letter.subject) == ("now@town.example", "A subject")
    assert letter.body == f"Hello {person.name},\n\nSome sentences.\n\n{settings.SITE_URL}/periods/1/\n"


def test_letter_greets_in_the_persons_language_and_names_the_network():
    Installation.objects.create(pk=1, network_name="Network of Towns")
    person = PersonFactory(name="Anna Ek", user=UserFactory(language="sv"))

    letter = notify(person, key="k", text=words, path="/")

    assert letter.body.startswith("Hej Anna Ek!\n")
    assert letter.body.endswith("\n\nNetwork of Towns\n")


def test_second_letter_of_a_key_is_not_written():
    person = PersonFactory()

    notify(person, key="k", text=words, path="/")

    assert notify(person, key="k", text=words, path="/") is None
    assert Mail.objects.count() == 1


def test_nobody_without_address_or_with_a_closed_account_is_written_to(city):
    closed = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city)
    closed.is_active = False
    closed.save()
    nowhere = PersonFactory(user=None, email="")

    for person in (closed.person, nowhere):
        assert (email_address_of(person), notify(person, key="k", text=words, path="/")) == ("", None)
    assert role_holders(city=city, roles=[Role.LEAD_OFFICIAL]) == []


def test_person_without_account_is_written_to_at_the_own_address():
    assert email_address_of(PersonFactory(user=None, email="guest@town.example")) == "guest@town.example"


@pytest.mark.parametrize("chosen, fallback, language", [("sv", "en", "sv"), ("", "sv", "sv"), ("", "lv", "en")])
def test_language_is_the_chosen_one_else_the_citys_where_the_site_speaks_it(chosen, fallback, language):
    person = PersonFactory()
    person.user.language = chosen

    assert language_of(person, fallback) == language
