"""The frame of each page: network name, navigation and own cities cost little, and a change shows at once."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import page_versions
from cities import rules as roles
from cities.enums import BodyKind, Role
from cities.models import Body, City, Installation, Membership, Person
from cities.services import memberships
from core import clock, versions
from dashboards.selectors import installation
from epi_site.pages import context_processors
from evaluation import rules as duties
from evaluation.services import rounds
from strategies.models import Strategy
from tests.evaluation.conftest import make_case
from tests.factories import PersonFactory, StrategyFactory, SubstituteAppointmentFactory, member

pytestmark = pytest.mark.django_db
KEPT = [
    (page_versions, "_kept_users"),
    (roles, "_kept_roles"),
    (duties, "_kept_duties"),
    (installation, "_kept"),
    (context_processors, "_kept_cities"),
    (context_processors, "_kept_entries"),
]
ROLES = [
    "viewer",
    "expert",
    "official",
    "lead",
    "partner",
    "trainer",
    "scientific",
    "coordinator",
    "former",
    "superuser",
]


def queries_of(client):
    client.get("/privacy/")
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/privacy/").status_code == 200
    return len(queries)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def labels(client):
    return [entry.label for entry in client.get("/privacy/").context["site"].nav]


@pytest.fixture
def case(other_city):
    return make_case(other_city)


@pytest.fixture
def processes(monkeypatch):
    """Return a function that asks as each of two processes: both share the database and nothing else."""
    memories = [[versions.Kept() for _ in KEPT] for _ in range(2)]

    def ask(question):
        answers = []
        for memory in memories:
            for (module, name), kept in zip(KEPT, memory, strict=True):
                monkeypatch.setattr(module, name, kept)
            answers.append(question())
        assert answers[0] == answers[1]
        return answers[0]

    return ask


def test_static_page_takes_one_query_for_the_public():
    assert queries_of(Client()) == 1


@pytest.mark.parametrize("role", ROLES)
def test_static_page_takes_one_query_more_for_a_user(everyone, role):
    assert queries_of(signed_in(everyone[role])) <= 2


def test_static_page_takes_one_query_more_for_a_rater(case):
    assert queries_of(signed_in(case.rater1)) <= 2


# ---- a change shows at once, in every process


def test_new_and_ended_membership_show_at_once(processes, everyone):
    user, client = everyone["former"], signed_in(everyone["former"])
    office = Body.objects.get(kind=BodyKind.NETWORK_OFFICE)
    seen = [processes(lambda: labels(client))]

    membership = memberships.add_member(person=user.person, body=office, role=Role.PARTNER, by=everyone["coordinator"])
    seen.append(processes(lambda: labels(client)))
    memberships.end_membership(membership, by=everyone["coordinator"])
    seen.append(processes(lambda: labels(client)))

    assert "Reports" in seen[1]
    assert seen[0] == seen[2] != seen[1]


def test_handed_over_membership_shows_at_once(processes, everyone, city):
    lead, heir = everyone["lead"], member(BodyKind.CITY_OFFICE, Role.VIEWER, city)
    client = signed_in(lead)
    before = processes(lambda: labels(client))
    memberships.hand_over(lead.person.memberships.get(), to=heir.person, by=everyone["coordinator"])

    assert "My work" in before
    assert "My work" not in processes(lambda: labels(client))


def test_rolled_back_membership_is_not_kept(processes, everyone):
    user, client = everyone["former"], signed_in(everyone["former"])
    before = processes(lambda: labels(client))
    with transaction.atomic():
        membership = user.person.memberships.get()
        membership.valid_to = None
        membership.save()
        within = labels(client)
        transaction.set_rollback(True)

    assert "My work" in within
    assert processes(lambda: labels(client)) == before


def test_assignments_show_at_once(processes, case):
    person = PersonFactory()
    client = signed_in(person.user)
    has_work = lambda: "My work" in labels(client)  # noqa: E731 - asked in each process
    seen = [processes(has_work)]

    assignment = rounds.assign_rater(case.evaluation, person, "peer", by=case.coordinator)
    seen.append(processes(has_work))
    rounds.withdraw_rater(assignment, by=case.coordinator)
    seen.append(processes(has_work))
    rounds.set_moderator(case.evaluation, person, by=case.coordinator)
    seen.append(processes(has_work))
    rounds.set_moderator(case.evaluation, case.moderator.person, by=case.coordinator)
    seen.append(processes(has_work))

    assert seen == [False, True, False, True, False]


def test_substitute_shows_at_once(processes, case):
    person = PersonFactory()
    client = signed_in(person.user)
    before = processes(lambda: labels(client))
    SubstituteAppointmentFactory(evaluation=case.evaluation, person=person)

    assert "Administration" not in before
    assert "Administration" in processes(lambda: labels(client))


def test_installation_shows_at_once(processes):
    client = Client()

    def name():
        return client.get("/privacy/").context["site"].network_name

    seen = [processes(name)]
    Installation.objects.create(pk=1, network_name="First")
    seen.append(processes(name))
    Installation.objects.update(network_name="Second")
    seen.append(processes(name))

    assert seen[1:] == ["First", "Second"]


def test_names_of_cities_and_their_first_strategy_show_at_once(processes, everyone, city):
    client = signed_in(everyone["official"])

    def own():
        return client.get("/privacy/").context["site"].own_cities

    seen = [processes(own)]
    StrategyFactory(city=city)
    seen.append(processes(own))
    City.objects.filter(pk=city.pk).update(name="Norrköping")
    seen.append(processes(own))
    Strategy.objects.filter(city=city).delete()
    seen.append(processes(own))

    assert [(row[0].name, row[0].has_strategy) for row in seen] == [
        ("Linköping", False),
        ("Linköping", True),
        ("Norrköping", True),
        ("Norrköping", False),
    ]


def test_role_is_lost_on_its_last_day(processes, everyone):
    client, membership = signed_in(everyone["official"]), everyone["official"].person.memberships.get()
    Membership.objects.filter(pk=membership.pk).update(valid_to=clock.today() + timedelta(days=1))
    before = processes(lambda: labels(client))
    with clock.at(clock.now() + timedelta(days=1)):
        client.force_login(everyone["official"])
        after = processes(lambda: labels(client))

    assert "My work" in before
    assert "My work" not in after


def test_frame_holds_without_a_cache(everyone, monkeypatch):
    """Nothing of it lies in Django's cache, which may be down."""
    for name in ("get", "set", "add", "get_many"):
        monkeypatch.setattr(type(caches["default"]), name, None)

    assert queries_of(signed_in(everyone["official"])) <= 2


def test_account_and_person_show_at_once(processes, everyone):
    user = everyone["official"]
    client = signed_in(user)

    def shown():
        found = client.get("/privacy/").context["user"]
        return found.is_authenticated and (found.first_name, found.person.name)

    seen = [processes(shown)]
    type(user).objects.filter(pk=user.pk).update(first_name="Ada")
    Person.objects.filter(user=user).update(name="Ada L.")
    seen.append(processes(shown))
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    seen.append(processes(shown))

    assert seen[1:] == [("Ada", "Ada L."), False]
    assert seen[0] != seen[1]


def test_new_password_ends_other_sessions_at_once(processes, everyone):
    user = everyone["official"]
    client = signed_in(user)
    assert processes(lambda: client.get("/privacy/").context["user"].is_authenticated)
    user.set_password("another-long-password")
    user.save()

    assert not processes(lambda: client.get("/privacy/").context["user"].is_authenticated)


def test_person_of_an_account_may_change(processes, everyone):
    user, heir = everyone["superuser"], PersonFactory(user=None)
    client = signed_in(user)
    assert processes(lambda: labels(client))
    Person.objects.filter(pk=heir.pk).update(user=user)

    assert processes(lambda: client.get("/privacy/").context["user"].person.pk) == heir.pk


def test_each_request_has_its_own_objects(everyone):
    one, two = (page_versions.user_of(everyone["official"].pk) for _ in range(2))
    one.noted = one.person.noted = True

    assert not hasattr(two, "noted")
    assert not hasattr(two.person, "noted")
    assert two.person.user is two


def test_ended_session_is_no_session(everyone):
    client = signed_in(everyone["official"])
    Session.objects.update(expire_date=clock.now() - timedelta(seconds=1))

    assert not client.get("/privacy/").context["user"].is_authenticated


def test_version_of_the_site_comes_with_the_user(everyone):
    client = signed_in(everyone["official"])

    user = client.get("/privacy/").context["user"]

    assert user.page_version[0] == page_versions.of_site(None)
