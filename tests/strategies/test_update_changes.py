"""Updates, their evidence and values are changed with history and withdrawn, until their period is locked."""

from decimal import Decimal

import pytest
from django.urls import reverse

from cities.enums import FileState
from cities.models import StoredFile
from core import clock
from core.exceptions import EditConflict, InputRefused, ReasonMissing
from strategies.exceptions import AlreadyWithdrawn, PeriodLocked
from strategies.models import Action, ActionUpdate, Evidence, IndicatorValue
from strategies.services import updates, values
from tests.factories import (
    ActionFactory,
    CityPeriodFactory,
    IndicatorFactory,
    MilestoneFactory,
    ReportingPeriodFactory,
    StoredFileFactory,
)

from .helpers import an_official, submit, update_input

pytestmark = pytest.mark.django_db


@pytest.fixture
def official(city):
    return an_official(city)


@pytest.fixture
def action(city, city_period):
    return ActionFactory(city=city)


def test_update_change_keeps_history_and_refuses_a_stale_version(action, official, lead):
    update = updates.log_update(action, by=official, data=update_input("One."))
    updates.change_update(update, by=lead, data=update_input("Two."), version=1)

    with pytest.raises(EditConflict) as refused:
        updates.change_update(update, by=official, data=update_input("Three."), version=1)

    assert (refused.value.current.text, refused.value.current.version) == ("Two.", 2)
    assert [(row.text, row.history_user) for row in update.history.all()] == [("Two.", lead), ("One.", official)]


def test_update_change_replaces_links_and_milestones(action, official):
    one, two = MilestoneFactory.create_batch(2, action=action)
    links = ["https://a.example/1", "https://a.example/2"]
    update = updates.log_update(action, by=official, data=update_input(milestones=[one], links=links))

    updates.change_update(
        update, by=official, data=update_input(milestones=[two], links=[links[1], links[1]]), version=1
    )

    assert [row.milestone for row in update.reached.all()] == [two]
    assert [row.link for row in update.evidence.active()] == [links[1]]
    assert update.evidence.count() == 2


def test_date_change_moves_the_update_to_another_period(action, city, city_period, official):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    update = updates.log_update(action, by=official, data=update_input())
    day = before.period.ends_on

    moved = updates.change_update(update, by=official, data=update_input(date=day), version=1)
    chosen = updates.change_update(moved, by=official, data=update_input(date=day, city_period=city_period), version=2)
    same = updates.change_update(chosen, by=official, data=update_input(date=day), version=3)

    assert [moved.city_period, chosen.city_period, same.city_period] == [before, city_period, city_period]
    assert [moved.is_reported_late, chosen.is_reported_late, same.is_reported_late] == [False, True, True]


def test_withdrawn_update_is_visible_to_officials_only(action, official, everyone):
    update = updates.log_update(action, by=official, data=update_input())

    with pytest.raises(ReasonMissing):
        updates.withdraw_update(update, by=official, reason=" ")
    updates.withdraw_update(update, by=official, reason="Wrong action.")

    for refused_call in (
        lambda: updates.withdraw_update(update, by=official, reason="Again."),
        lambda: updates.change_update(update, by=official, data=update_input(), version=2),
    ):
        with pytest.raises(AlreadyWithdrawn):
            refused_call()
    assert set(ActionUpdate.objects.visible_to(official)) == {update}
    assert set(ActionUpdate.objects.visible_to(everyone["viewer"])) == set()


def test_changes_in_a_locked_period_are_refused(action, city_period, official):
    update = updates.log_update(action, by=official, data=update_input(links=["https://a.example"]))
    indicator = IndicatorFactory(strategy=action.strategy)
    value = values.set_value(indicator, city_period, by=official, value=Decimal(1))
    submit(city_period)

    for refused_call in (
        lambda: updates.change_update(update, by=official, data=update_input(), version=1),
        lambda: updates.withdraw_update(update, by=official, reason="No."),
        lambda: updates.withdraw_evidence(update.evidence.get(), by=official),
        lambda: values.set_value(indicator, city_period, by=official, value=Decimal(2)),
        lambda: values.set_value(
            IndicatorFactory(strategy=action.strategy), city_period, by=official, value=Decimal(2)
        ),
        lambda: values.withdraw_value(value, by=official, reason="No."),
    ):
        with pytest.raises(PeriodLocked):
            refused_call()


def test_withdrawn_evidence_withdraws_its_file(action, city_period, official, everyone):
    photo = StoredFileFactory(uploaded_by=official)
    update = updates.log_update(action, by=official, data=update_input(files=[photo]))
    evidence = update.evidence.get()
    assert set(StoredFile.objects.visible_to(everyone["viewer"])) == {photo}

    updates.withdraw_evidence(evidence, by=official)

    photo.refresh_from_db()
    assert photo.state == FileState.WITHDRAWN
    assert set(StoredFile.objects.visible_to(everyone["lead"])) == {photo}
    for reader in (official, everyone["viewer"]):
        assert set(StoredFile.objects.visible_to(reader)) == set()
    with pytest.raises(AlreadyWithdrawn):
        updates.withdraw_evidence(evidence, by=official)


def test_evidence_of_a_value_can_be_withdrawn(city_period, action, official):
    value = values.set_value(IndicatorFactory(strategy=action.strategy), city_period, by=official, value=Decimal(1))
    evidence = Evidence.objects.create(value=value, link="https://a.example")

    assert updates.withdraw_evidence(evidence, by=official).withdrawn_at is not None


@pytest.mark.slow
def test_file_has_the_visibility_of_its_update(everyone, action, city_period):
    official = everyone["official"]
    photo = StoredFileFactory(uploaded_by=official)
    assert roles_that_see(everyone, photo) == {"official"}

    updates.log_update(action, by=official, data=update_input(files=[photo], visibility="network"))
    city_only = {"viewer", "expert", "local_committee", "official", "lead"}
    assert roles_that_see(everyone, photo) == city_only

    submit(city_period)
    network = {"partner", "trainer", "scientific", "scientific_conflicted", "coordinator"}
    assert roles_that_see(everyone, photo) == city_only | network


def roles_that_see(everyone, stored):
    return {
        role for role, user in everyone.items() if StoredFile.objects.visible_to(user).filter(pk=stored.pk).exists()
    }


def test_update_of_a_withdrawn_action_is_refused(action, official):
    Action.objects.filter(pk=action.pk).update(withdrawn_at=clock.now(), withdrawn_reason="Merged.")

    with pytest.raises(AlreadyWithdrawn):
        updates.log_update(action, by=official, data=update_input())


# ---- values


def test_value_change_needs_its_version_and_withdrawal_a_reason(city_period, action, official, lead):
    indicator = IndicatorFactory(strategy=action.strategy)
    value = values.set_value(indicator, city_period, by=official, value=Decimal(3))
    values.set_value(indicator, city_period, by=lead, value=Decimal(4), version=1)

    with pytest.raises(EditConflict):
        values.set_value(indicator, city_period, by=official, value=Decimal(5), version=1)
    with pytest.raises(ReasonMissing):
        values.withdraw_value(value, by=official, reason="")
    values.withdraw_value(value, by=official, reason="Miscounted.")
    with pytest.raises(AlreadyWithdrawn):
        values.withdraw_value(value, by=official, reason="Again.")
    other = values.set_value(indicator, city_period, by=official, value=Decimal(5))

    assert [(row.value, row.withdrawn_reason) for row in indicator.values.order_by("pk")] == [
        (Decimal(4), "Miscounted."),
        (Decimal(5), ""),
    ]
    assert other.version == 1


def test_value_in_a_period_of_another_city_is_refused(action, city_period, official, other_city):
    indicator = IndicatorFactory(strategy=action.strategy)

    with pytest.raises(InputRefused, match="this city"):
        values.set_value(indicator, CityPeriodFactory(city=other_city), by=official, value=Decimal(1))
    with pytest.raises(InputRefused, match="too large"):
        values.set_value(indicator, city_period, by=official, value=Decimal("1e14"))


# ---- what is withdrawn with an update


def test_withdrawn_update_withdraws_its_values(action, city_period, official, lead):
    mine, other = (IndicatorFactory(strategy=action.strategy, action=action) for _ in range(2))
    changed = IndicatorFactory(strategy=action.strategy, action=action)
    values.set_value(other, city_period, by=lead, value=Decimal(5))
    data = update_input(values={mine: Decimal(3), changed: Decimal(4)})
    update = updates.log_update(action, by=official, data=data)
    values.set_value(changed, city_period, by=lead, value=Decimal(6), version=1)

    updates.withdraw_update(update, by=official, reason="Counted twice.")

    active = {row.indicator: row.value for row in IndicatorValue.objects.active()}
    assert active == {other: Decimal(5), changed: Decimal(6)}
    gone = IndicatorValue.objects.get(indicator=mine)
    assert (gone.withdrawn_reason, gone.history.first().history_user) == ("Counted twice.", official)


def test_page_says_what_is_withdrawn_with_an_update(client, action, city_period, official):
    indicator = IndicatorFactory(strategy=action.strategy, action=action, name="Pairs met")
    milestone = MilestoneFactory(action=action, title="Second venue")
    data = update_input(values={indicator: Decimal(3)}, milestones=[milestone])
    update = updates.log_update(action, by=official, data=data)
    client.force_login(official)
    url = reverse("strategies:update_withdraw", args=[update.pk])

    before = client.get(url).content.decode()
    after = client.post(url, {"text": "Counted twice."}, follow=True).content.decode()

    assert ("Pairs met: 3" in before, "Second venue" in before) == (True, True)
    assert "The update has been withdrawn, together with: Second venue; Pairs met: 3" in after
    assert "Also withdrawn: Pairs met 3" in " ".join(after.split())
