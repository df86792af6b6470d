"""Test recipients, email addresses and languages of notifications."""

import pytest

from accounts.models import Mail
from cities.enums import BodyKind, Role
from cities.models import Installation
from cities.services.notifications import email_address_of, language_of, notify, role_holders
from tests.factories import CityFactory, PersonFactory, UserFactory, member

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


@pytest.mark.parametrize(
    "chosen, own_city, network, language",
    [
        ("sv", "en", "en", "sv"),
        ("", "sv", "en", "sv"),
        ("", "lv", "sv", "sv"),
        ("", None, "sv", "sv"),
        ("", None, "lv", "en"),
    ],
)
def test_language_is_chosen_one_or_that_of_own_city_or_network(chosen, own_city, network, language):
    Installation.objects.create(pk=1, network_name="Network", working_language=network)
    person = PersonFactory()
    if own_city:
        person = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, CityFactory(language=own_city)).person
    person.user.language = chosen

    assert language_of(person) == language


def test_coordinator_is_not_notified_in_the_language_of_the_city(city):
    """Linköping speaks Swedish, and its coordinator need not."""
    Installation.objects.create(pk=1, network_name="Network", working_language="en")
    coordinator, official = (
        member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR),
        member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city),
    )
    for user in (coordinator, official):
        user.language = ""
        notify(user.person, key=f"k-{user.pk}", text=subject_and_text, path="/", city=city)

    assert dict(Mail.objects.values_list("recipient", "language")) == {coordinator.email: "en", official.email: "sv"}


def test_member_of_two_cities_is_notified_in_the_language_of_the_city_concerned(city):
    other = CityFactory(language="en")
    user = member(BodyKind.EXPERT_GROUP, Role.MEMBER, other)
    member(BodyKind.EXPERT_GROUP, Role.MEMBER, city, user=user)
    user.person.user.language = ""

    assert [language_of(user.person, about) for about in (city, other)] == ["sv", "en"]
