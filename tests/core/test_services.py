"""What the services of every app share."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError

from core import services
from core.exceptions import EditConflict, InputRefused, PermissionRefused, UserFacingError
from tests.factories import CityFactory, EvaluationRoundFactory, UserFactory


class Refused(UserFacingError):
    message = "Refused."


def test_code_is_the_name_of_the_class_unless_it_sets_another():
    class Renamed(UserFacingError):
        code = "old_name"

    assert (UserFacingError.code, EditConflict.code, Refused.code) == ("not_possible_now", "edit_conflict", "refused")
    assert Renamed.code == "old_name"


@pytest.mark.parametrize("version, is_refused", [(3, False), (None, False), (2, True), (0, True)])
def test_old_version_is_an_edit_conflict_with_the_row(version, is_refused):
    row = SimpleNamespace(version=3)

    if not is_refused:
        services.check_version(row, version)
        return
    with pytest.raises(EditConflict) as raised:
        services.check_version(row, version)
    assert raised.value.current is row


@pytest.mark.parametrize(
    "version, title, is_changed", [(1, "a", False), (3, "b", True), (1, "b", None), (None, "b", None)]
)
def test_fields_that_are_stored_already_are_no_conflict(version, title, is_changed):
    row = SimpleNamespace(pk=1, version=3, title="a")

    if is_changed is not None:
        assert services.set_fields(row, {"title": title}, version) is is_changed
        assert row.title == title
        return
    with pytest.raises(EditConflict):
        services.set_fields(row, {"title": title}, version)
    assert row.title == "a"


def test_new_row_takes_fields_without_a_version():
    row = SimpleNamespace(pk=None, version=1, title="")

    assert services.set_fields(row, {"title": "a"}, None)


@pytest.mark.django_db
def test_save_keeps_user_and_shortened_reason_and_counts_the_version():
    city, user = CityFactory(), UserFactory()
    version = city.version

    services.save_with_history(services.lock(city, "municipality"), user, reason="x" * 300)

    newest = city.history.latest()
    assert (newest.history_user, len(newest.history_change_reason), newest.version) == (user, 100, version + 1)


@pytest.mark.django_db
def test_permission_needs_an_active_user_with_the_rule():
    city = CityFactory()

    for user in (UserFactory(), AnonymousUser()):
        with pytest.raises(PermissionRefused):
            services.require_perm(user, "cities.change_city", city)
        with pytest.raises(PermissionRefused):
            services.require_rule(user, "cities.change_city", city)


@pytest.mark.django_db
def test_row_that_is_not_valid_is_refused_by_field():
    row = EvaluationRoundFactory.build(name="")

    with pytest.raises(InputRefused) as refused:
        services.validate(row)

    assert "name" in refused.value.errors


@pytest.mark.django_db
def test_error_of_a_registered_trigger_reaches_the_user_and_others_stay(monkeypatch):
    monkeypatch.setattr(services, "_trigger_errors", {})
    services.register_trigger_error("epi: shut", Refused)

    with pytest.raises(Refused), services.translate_lock_errors():
        raise IntegrityError("epi: shut")
    with pytest.raises(IntegrityError), services.translate_lock_errors():
        raise IntegrityError("another")
