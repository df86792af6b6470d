"""Each indicator value has its own visibility; what the city keeps to itself is never shown as missing."""

from decimal import Decimal

import pytest
from django.urls import reverse

from core.exceptions import InputRefused
from evaluation.selectors import citable
from strategies.exceptions import ValuesConflict
from strategies.models import IndicatorValue
from strategies.selectors.frozen import redact_for
from strategies.services import periods, updates, values
from tests.factories import IndicatorFactory, StrategyFactory

from .helpers import update_input
from .test_views_log import SENTENCE, form_state, log_url

pytestmark = pytest.mark.django_db
NOT_SHARED = "not shared by the city"


@pytest.fixture
def indicator(action):
    return IndicatorFactory(strategy=action.strategy, action=action, name="Visits", unit="visits")


def test_value_does_not_take_the_visibility_of_its_update(action, indicator, official):
    data = update_input(visibility="city", values={indicator: Decimal(7)})

    updates.log_update(action, by=official, data=data)

    assert IndicatorValue.objects.get().visibility == "network"


def test_visibility_of_a_value_is_chosen_in_the_logging_form(client, action, indicator, official):
    name = f"value_{indicator.pk}"

    page = client.get(log_url(action))
    assert page.context["form"][f"{name}_visibility"].value() == "network"
    sent = {"text": SENTENCE, "visibility": "public", name: "7", f"{name}_visibility": "city"}
    client.post(log_url(action), form_state(client, action) | sent)

    assert IndicatorValue.objects.get().visibility == "city"


def test_visibility_corrected_after_going_back_is_shown_and_not_dropped(client, action, indicator, official):
    name = f"value_{indicator.pk}"
    sent = form_state(client, action) | {"text": SENTENCE, name: "7", f"{name}_visibility": "public"}
    client.post(log_url(action), sent)

    response = client.post(log_url(action), sent | {f"{name}_visibility": "city"})

    difference = response.context["form"].differences[-1]
    assert (difference.theirs, difference.yours) == ("everyone, once published", "the city only")


def test_visibility_alone_is_changed_on_the_page_of_values(client, action, indicator, official, period):
    url = reverse("strategies:values_edit", args=[period.pk])
    sent = {f"value_{indicator.pk}": "7", f"visibility_{indicator.pk}": "city"}
    client.post(url, sent)

    first = IndicatorValue.objects.get()
    client.post(url, sent | {f"visibility_{indicator.pk}": "public", f"version_{indicator.pk}": first.version})

    second = IndicatorValue.objects.get()
    assert (first.visibility, second.visibility, second.value) == ("city", "public", 7)


def test_page_opened_before_values_had_a_visibility_keeps_the_stored_one(client, action, indicator, official, period):
    values.set_value(indicator, period, by=official, value=Decimal(5), visibility="city")

    sent = {f"value_{indicator.pk}": "7", f"version_{indicator.pk}": "1"}
    client.post(reverse("strategies:values_edit", args=[period.pk]), sent)

    row = IndicatorValue.objects.get()
    assert (row.value, row.visibility) == (7, "city")


def test_unknown_visibility_is_refused(action, indicator, official, period):
    with pytest.raises(InputRefused):
        values.set_value(indicator, period, by=official, value=Decimal(5), visibility="everybody")


# ---- what readers see


@pytest.fixture
def submitted(action, indicator, everyone, period):
    values.set_value(indicator, period, by=everyone["official"], value=Decimal(7), note="By hand", visibility="city")
    return periods.submit_period(period, by=everyone["lead"])


@pytest.mark.parametrize("role, words", [("coordinator", NOT_SHARED), ("partner", NOT_SHARED), ("viewer", "7")])
def test_value_of_the_city_alone_is_not_shown_as_missing(
    client, everyone, city, period, indicator, submitted, role, words
):
    client.force_login(everyone[role])

    listed = client.get(reverse("strategies:indicator_list", args=[city.slug]))
    page = client.get(indicator.get_absolute_url())
    revision = client.get(reverse("strategies:revision_detail", args=[period.pk, 1]))
    table = client.get(indicator.get_absolute_url(), {"csv": "values"})

    assert [row.newest.words for row in listed.context["rows"]] == [words]
    assert [row.figure.words for row in page.context["values"]] == [words]
    assert words in revision.content.decode()
    assert f",{words}" in table.content.decode()
    if role != "viewer":
        assert "By hand" not in page.content.decode() + revision.content.decode()


def test_public_reads_that_a_value_is_not_public(everyone, city, period):
    indicator = IndicatorFactory(strategy=StrategyFactory(city=city, published=True))
    values.set_value(indicator, period, by=everyone["official"], value=Decimal(7))
    periods.submit_period(period, by=everyone["lead"])
    periods.accept_period(period, by=everyone["coordinator"])
    snapshot = periods.publish_period(period, by=everyone["lead"]).revisions.get().read()

    (entry,) = redact_for(snapshot, everyone["public"], city).indicators

    assert (entry.value.value, entry.value.withheld, entry.value.note) == (None, "not public", "")


def test_newest_value_is_not_replaced_by_an_older_shared_one(client, everyone, city, indicator, submitted):
    """An older value would be taken for the newest."""
    client.force_login(everyone["partner"])

    rows = client.get(reverse("strategies:indicator_list", args=[city.slug])).context["rows"]

    assert rows[0].newest == (None, NOT_SHARED)


def test_people_of_the_city_see_which_value_is_not_shared(client, everyone, indicator, submitted):
    client.force_login(everyone["viewer"])

    assert NOT_SHARED in client.get(indicator.get_absolute_url()).content.decode()


def test_evaluation_shows_that_the_city_does_not_share_a_value(submitted):
    class Evaluation:
        revision = submitted

    (row,) = citable.indicators_of(Evaluation())

    assert (row.value.value, row.value.withheld) == (None, NOT_SHARED)


# ---- all values or none


@pytest.fixture
def several(action):
    return [IndicatorFactory(strategy=action.strategy, name=name) for name in ("First", "Second", "Third")]


def test_values_are_saved_together_or_not_at_all(client, official, period, several):
    first, second, _third = several
    theirs = values.set_value(second, period, by=official, value=Decimal(20))
    opened = {f"version_{second.pk}": theirs.version}
    values.set_value(second, period, by=official, value=Decimal(21), version=theirs.version)
    sent = {f"value_{first.pk}": "1", f"value_{second.pk}": "22"} | opened

    page = client.post(reverse("strategies:values_edit", args=[period.pk]), sent)

    assert [(row.indicator, row.value) for row in IndicatorValue.objects.all()] == [(second, 21)]
    (sentence,) = page.context["form"].errors[f"value_{second.pk}"]
    assert "entered 21" in sentence


def test_every_refused_value_has_an_error(official, period, several):
    first, second, third = several
    values.set_value(second, period, by=official, value=Decimal(21))
    amounts = {first: Decimal(1), second: Decimal(22), third: Decimal("1e13")}

    with pytest.raises(ValuesConflict) as refused:
        values.set_values(period, [values.ValueInput(row, value) for row, value in amounts.items()], by=official)

    assert set(refused.value.errors) == {f"value_{second.pk}", f"value_{third.pk}"}
    assert [row.value for row in IndicatorValue.objects.all()] == [21]


def test_value_entered_since_the_page_was_opened_is_not_replaced(client, official, period, several):
    first = several[0]
    url = reverse("strategies:values_edit", args=[period.pk])
    values.set_value(first, period, by=official, value=Decimal(10))

    page = client.post(url, {f"value_{first.pk}": "99"})  # opened while there was no value

    assert IndicatorValue.objects.get().value == 10
    again = page.context["form"]
    client.post(url, {f"value_{first.pk}": "99", f"version_{first.pk}": again[f"version_{first.pk}"].value()})
    assert IndicatorValue.objects.get().value == 99


def test_value_withdrawn_since_the_page_was_opened_is_a_conflict(client, official, lead, period, several):
    first = several[0]
    url = reverse("strategies:values_edit", args=[period.pk])
    row = values.set_value(first, period, by=official, value=Decimal(10))
    values.withdraw_value(row, by=lead, reason="Counted twice.")

    page = client.post(url, {f"value_{first.pk}": "11", f"version_{first.pk}": row.version})

    assert not IndicatorValue.objects.active().exists()
    assert "withdrawn this value" in page.context["form"].errors[f"value_{first.pk}"][0]
    client.post(url, {f"value_{first.pk}": "11", f"version_{first.pk}": ""})
    assert IndicatorValue.objects.active().get().value == 11


def test_refused_values_without_a_conflict_are_not_saved(official, period, several):
    amounts = {several[0]: Decimal(1), several[1]: Decimal("1e13")}

    with pytest.raises(InputRefused) as refused:
        values.set_values(period, [values.ValueInput(row, value) for row, value in amounts.items()], by=official)

    assert set(refused.value.errors) == {f"value_{several[1].pk}"}
    assert not IndicatorValue.objects.exists()


def test_indicator_without_value_is_listed_without_one(client, everyone, city, action, indicator, submitted, period):
    IndicatorFactory(strategy=action.strategy, action=action, name="Zero values")
    periods.reopen_period(period, by=everyone["coordinator"], reason="An indicator was missing.")
    periods.submit_period(period, by=everyone["lead"])
    client.force_login(everyone["partner"])

    listed = client.get(reverse("strategies:indicator_list", args=[city.slug]))

    assert [row.newest.words for row in listed.context["rows"]] == [NOT_SHARED, "–"]
