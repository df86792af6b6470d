"""Test recipients, email addresses and languages of notifications."""

import pytest

from accounts.models import Mail
from cities.enums import BodyKind, Role
from cities.models import Installation
from cities.services.notifications import email_address_of, language_of, notify, role_holders
from tests.factories import PersonFactory, UserFactory, member

pytestmark = pytest.mark.django_db


def subject_and_text():
    return "A subject", "Some sentences."


def test_notification_uses_email_of_account(settings):
    person = PersonFactory(email="before@town.example")
    person.user.email = "now@town.example"

    mail = notify(person, key="k", text=subject_and_text, path="/periods/1/")

    assert (mail.recipient, mail.subject) == ("now@town.example", "A subject")
    assert mail.body == f"Hello {person.name},\n\nSome sentences.\n\n{settings.SITE_URL}/periods/1/\n"


def test_notification_uses_language_of_person_and_names_network():
    Installation.objects.create(pk=1, network_name="Network of Towns")
    person = PersonFactory(name="Anna Ek", user=UserFactory(language="sv"))

    mail = notify(person, key="k", text=subject_and_text, path="/")

    assert mail.body.startswith("Hej Anna Ek!\n")
    assert mail.body.endswith("\n\nNetwork of Towns\n")


def test_second_notification_with_same_key_is_not_queued():
    person = PersonFactory()

    notify(person, key="k", text=subject_and_text, path="/")

    assert notify(person, key="k", text=subject_and_text, path="/") is None
    assert Mail.objects.count() == 1


def test_person_without_email_or_with_inactive_account_is_not_notified(city):
    inactive = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city)
    inactive.is_active = False
    inactive.save()
    without_email = PersonFactory(user=None, email="")

    for person in (inactive.person, without_email):
        assert (email_address_of(person), notify(person, key="k", text=subject_and_text, path="/")) == ("", None)
    assert role_holders(city=city, roles=[Role.LEAD_OFFICIAL]) == []


def test_person_without_account_has_own_email():
    assert email_address_of(PersonFactory(user=None, email="guest@town.example")) == "guest@town.example"


@pytest.mark.parametrize("chosen, fallback, language", [("sv", "en", "sv"), ("", "sv", "sv"), ("", "lv", "en")])
def test_language_is_chosen_one_or_supported_fallback(chosen, fallback, language):
    person = PersonFactory()
    person.user.language = chosen

    assert language_of(person, fallback) == language
