"""Test versions: each change of a row changes them, and one that was rolled back never returns."""

import pytest
from django.apps import apps
from django.db import connection, transaction

from cities.models import Membership
from core import versions
from core.models import Version
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def test_versions_stay_until_bumped():
    before = versions.current("a", "b")
    versions.bump("b", "c")

    after = versions.current("a", "b")

    assert versions.current("b", "a") == after[::-1]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)


def test_versions_are_read_in_one_query(django_assert_num_queries):
    versions.current("a", "b")

    with django_assert_num_queries(1):
        versions.current("a", "b")


def test_rolled_back_version_never_returns():
    before, seen = versions.current("a"), set()
    for _ in range(3):
        with transaction.atomic():
            versions.bump("a")
            seen.add(versions.current("a"))
            transaction.set_rollback(True)

    assert versions.current("a") == before
    assert len(seen) == 3


def test_forgotten_versions_are_new_ones():
    before = versions.current("a")
    versions.forget_all()

    assert versions.current("a") != before


def test_migrations_change_all_versions():
    before = versions.current("a")
    versions.on_post_migrate(apps.get_app_config("core"), using="default")

    assert versions.current("a") != before


# ---- what is kept


def test_value_is_kept_under_its_version():
    kept, read = versions.Kept(), iter(range(9))

    got = [kept.get("key", version, lambda: next(read)) for version in ("v", "v", "w", "w", "v", None, "v")]

    assert got == [0, 0, 1, 1, 2, 3, 2]


def test_nothing_is_kept_or_taken_in_a_transaction():
    kept = versions.Kept()
    kept.get("key", "v", lambda: "before")
    with transaction.atomic():
        within = kept.get("key", "v", lambda: "never committed")

    assert (within, kept.get("key", "v", lambda: "new")) == ("never committed", "before")


def test_oldest_value_makes_room():
    kept = versions.Kept(most=2)
    for key in ("a", "b", "c"):
        kept.get(key, "v", lambda: "old")

    assert [kept.get(key, "v", lambda: "new") for key in ("c", "b", "a")] == ["old", "old", "new"]


# ---- triggers


def version_of(person):
    return Version.objects.filter(name=f"person:{person.pk}").values_list("value", flat=True).first()


def by_queryset(membership):
    Membership.objects.filter(pk=membership.pk).update(role="viewer")


def by_sql(membership):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cities_membership SET seat = 'private' WHERE id = %s", [membership.pk])


@pytest.mark.parametrize("change", [by_queryset, by_sql, Membership.save, Membership.delete])
def test_any_change_of_a_row_bumps(change):
    membership, other = MembershipFactory(), MembershipFactory()
    before = version_of(membership.person), version_of(other.person)
    change(membership)

    after = version_of(membership.person), version_of(other.person)

    assert (after[0] == before[0], after[1] == before[1]) == (False, True)


def test_both_the_old_and_the_new_name_are_bumped():
    membership, other = MembershipFactory(), MembershipFactory()
    before = version_of(membership.person), version_of(other.person)
    Membership.objects.filter(pk=membership.pk).update(person=other.person)

    assert not {version_of(membership.person), version_of(other.person)} & set(before)
