"""Email addresses are stored in lower case and found by an exact match, which uses the index."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from cities.models import Person
from cities.services import invitations, setup
from tests.factories import BodyFactory, PersonFactory, UserFactory
from tests.factories.people import PASSWORD

pytestmark = pytest.mark.django_db
CASES = ["anna@town.example", "Anna@Town.Example", " ANNA@TOWN.EXAMPLE "]


@pytest.mark.parametrize("typed", CASES)
def test_addresses_are_stored_and_found_in_lower_case(typed):
    user = UserFactory(email=typed)
    person = PersonFactory(user=None, email=typed)

    assert (user.email, person.email) == ("anna@town.example", "anna@town.example")
    assert [User.objects.get(email=case) for case in CASES] == [user] * 3
    assert [Person.objects.get(email=case) for case in CASES] == [person] * 3
    assert User.objects.get_by_natural_key(typed) == user


def test_same_address_in_another_case_is_refused():
    UserFactory(email="anna@town.example")

    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(email="ANNA@town.example")


@pytest.mark.parametrize("table", ["accounts_user", "cities_person"])
def test_database_refuses_an_address_in_upper_case(table):
    PersonFactory()

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET email = 'Anna@town.example'")


def test_no_statement_compares_addresses_without_the_index(client, everyone):
    office = BodyFactory(kind="city_office", city=everyone["lead"].person.memberships.get().body.city)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.post("/account/login/", {"login": "Nobody@town.example", "password": PASSWORD})
        client.post("/account/password/reset/", {"email": everyone["lead"].email})
        given = {"email": "New@town.example", "name": "New", "body": office, "role": "viewer"}
        _invitation, token = invitations.invite(**given, by=everyone["lead"])
        invitations.accept_invitation(token, name="New", password=PASSWORD)
        setup.create_network(name="Network")
        setup.add_first_member("Chair@uni.example", "Chair", PASSWORD, "scientific_committee", "chair")

    found = [query["sql"] for query in queries if "email" in query["sql"] and " WHERE " in query["sql"]]
    conditions = [sql.partition(" WHERE ")[2].upper() for sql in found]
    assert conditions
    assert [sql for sql in conditions if "UPPER(" in sql or "LIKE" in sql] == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="Asks PostgreSQL for its plan")
@pytest.mark.parametrize("model", [User, Person])
def test_postgresql_finds_an_address_by_the_index(model):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = model.objects.filter(email="Anna@town.example").explain()

    assert "Index" in plan
    assert "Seq Scan" not in plan


# ---- rows of before


@pytest.fixture
def _constraints_of_before():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        else:
            cursor.execute("ALTER TABLE accounts_user DROP CONSTRAINT accounts_user_email_lower_case")
            cursor.execute("ALTER TABLE cities_person DROP CONSTRAINT cities_person_email_lower_case")
        yield
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


@pytest.mark.usefixtures("_constraints_of_before")
def test_migrations_lower_stored_addresses_and_keep_one_of_a_pair():
    older, newer, other = UserFactory(), UserFactory(last_login="2026-05-01T12:00Z"), UserFactory()
    without, person = PersonFactory(user=None), PersonFactory(user=other)
    with connection.cursor() as cursor:
        for row, address in (
            (older, "Eva@town.example"),
            (newer, "EVA@town.example"),
            (other, "Åke@town.example"),
            (without, "Åke@town.example"),
            (person, "ÅKE@town.example"),
        ):
            cursor.execute(f"UPDATE {row._meta.db_table} SET email = %s WHERE id = %s", [address, row.pk])

    for name in ("accounts.migrations.0004_email_in_lower_case", "cities.migrations.0006_email_in_lower_case"):
        import_module(name).to_lower_case(apps, SimpleNamespace(connection=connection))

    for row in (older, newer, other, without, person):
        row.refresh_from_db()
    assert (newer.email, newer.is_active) == ("eva@town.example", True)
    assert (older.email, older.is_active) == (f"duplicate-{older.pk}-eva@town.example", False)
    assert (other.email, person.email, without.email) == ("åke@town.example", "åke@town.example", "")
