"""My work: what waits, in order, and one press for several actions without news."""

from datetime import timedelta

import pytest
from django.urls import reverse

from cities.enums import BodyKind, Role
from core import clock
from strategies import work
from strategies.models import ActionUpdate, UpdateDraft
from strategies.selectors.work import next_action
from strategies.services import periods
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityFactory,
    CityPeriodFactory,
    IndicatorFactory,
    PersonFactory,
    ReportingPeriodFactory,
    member,
)

pytestmark = pytest.mark.django_db

URL = "/my-work/"


def titles(answer):
    return [str(row.title) for row in answer.context["due"]]


def test_it_stands_where_people_look_for_it(client, official):
    assert reverse("strategies:my_work") == URL


def test_a_stranger_signs_in_first(client, db):
    assert client.get(URL).url.endswith("?next=/my-work/")


def test_what_presses_most_comes_first(client, official, everyone, city, period):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    periods.submit_period(before, by=everyone["lead"])
    periods.return_period(before, by=everyone["coordinator"], comments="The second venue has no date.")
    responsible = PersonFactory()
    ActionFactory(city=city, title="Late one", ends_on=city.today - timedelta(days=2), responsible=responsible)
    ActionFactory(city=city, title="Nobody's", responsible=None)
    fine = ActionFactory(city=city, title="Fine one", responsible=responsible)
    ActionUpdateFactory(action=fine, city_period=period, progress=90)
    IndicatorFactory(strategy=fine.strategy, name="Visits")

    answer = client.get(URL)

    assert titles(answer)[:2] == [f"{before.period.name} came back", "Late one"]
    assert "Nobody's" in titles(answer)
    assert [action.title for action in answer.context["work"].others] == ["Fine one"]
    page = answer.content.decode()
    assert "The second venue has no date." in page
    assert "is missing: Visits" in page


def test_a_lead_is_asked_to_hand_in_what_is_over(client, everyone, city):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))
    words = f"Submit {before.period.name}"

    client.force_login(everyone["lead"])
    assert words in titles(client.get(URL))
    client.force_login(everyone["official"])
    assert words not in titles(client.get(URL))


def test_coordinators_find_what_was_handed_in_but_not_by_their_own_house(client, everyone, city):
    handed_in = CityPeriodFactory(city=city, to_state="submitted")
    CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="accepted")
    words = f"Accept or return {handed_in.period.name} of {city.name}"
    neighbour = member(BodyKind.NETWORK_OFFICE, Role.COORDINATOR, organisation=city.municipality)

    found = {}
    for name, user in {**everyone, "neighbour": neighbour}.items():
        if name in {"coordinator", "neighbour", "partner", "scientific"}:
            client.force_login(user)
            found[name] = titles(client.get(URL))

    assert found == {"coordinator": [words], "neighbour": [], "partner": [], "scientific": []}


@pytest.mark.parametrize("row_count", [1, 5])
def test_what_was_handed_in_costs_the_same_for_one_row_or_five(
    client, everyone, row_count, django_assert_max_num_queries
):
    for ahead in range(row_count):
        CityPeriodFactory(city=CityFactory(), period=ReportingPeriodFactory(ahead=-ahead), to_state="submitted")
    client.force_login(everyone["coordinator"])

    with django_assert_max_num_queries(12):
        answer = client.get(URL)

    assert len(answer.context["due"]) == row_count


def test_an_owner_sees_the_own_actions_alone(client, everyone, city, action):
    owner = everyone["local_committee"]
    mine = ActionFactory(city=city, title="Mine", responsible=owner.person, ends_on=city.today - timedelta(days=1))
    client.force_login(owner)

    answer = client.get(URL)

    assert (titles(answer), answer.context["groups"]) == (["Mine"], [])
    assert mine.pk == answer.context["due"][0].action_id


def test_what_was_told_in_the_period_stays_in_sight_and_waits_for_nothing(client, official, city, period):
    late = {"city": city, "ends_on": city.today - timedelta(days=2)}
    told, untold = ActionFactory(title="A: told", **late), ActionFactory(title="B: untold", **late)
    ActionUpdateFactory(action=told, city_period=period, progress=50)

    answer = client.get(URL)

    assert titles(answer) == ["B: untold", "A: told"]
    assert answer.context["due"][1].text.startswith(f"Reported in {period.period.name}.")
    assert "One thing is waiting." in answer.content.decode()
    assert next_action(official, after=untold) is None
    assert next_action(official, after=told) == untold.pk


def test_actions_that_the_period_still_misses_stand_apart(client, official, city, period):
    responsible = PersonFactory()
    ActionFactory(city=city, title="Silent", responsible=responsible, starts_on=city.today - timedelta(days=3))
    fine = ActionFactory(city=city, title="Fine", responsible=responsible)
    ActionUpdateFactory(action=fine, city_period=period, progress=90)
    ActionFactory(city=city, title="Next year", starts_on=period.period.ends_on + timedelta(days=30))

    groups = client.get(URL).context["groups"]

    assert [(title, [row.title for row, _told in rows]) for _key, title, rows in groups] == [
        (f"Not yet reported in {period.period.name}", ["Silent"]),
        ("Reported, or not begun", ["Fine", "Next year"]),
    ]


def test_a_period_that_was_opened_again_says_why(client, everyone, city):
    before = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1), to_state="accepted")
    periods.reopen_period(before, by=everyone["coordinator"], reason="One digit was wrong.")
    client.force_login(everyone["lead"])

    answer, page = client.get(URL), client.get(before.get_absolute_url())

    assert titles(answer)[0] == f"{before.period.name} was opened again"
    assert "One digit was wrong." in answer.content.decode()
    assert "One digit was wrong." in page.content.decode()
    assert "opened it again on" in page.content.decode()


def test_drafts_are_the_authors(client, official, everyone, action):
    UpdateDraft.objects.create(author=official, action=action, fields={"text": ["Half"]})

    assert [draft.action for draft in client.get(URL).context["work"].drafts] == [action]
    client.force_login(everyone["lead"])
    assert client.get(URL).context["work"].drafts == []


@pytest.mark.parametrize("role", ["viewer", "partner", "superuser", "former", "coordinator"])
def test_who_has_nothing_to_do_is_told_so(client, everyone, action, role):
    client.force_login(everyone[role])

    answer = client.get(URL)

    assert (answer.context["due"], answer.context["groups"]) == ([], [])
    assert "epi-empty" in answer.content.decode()


def test_apps_above_add_rows(client, official, monkeypatch):
    row = work.WorkRow("Rate Lublin", "/evaluation/1/", "Go on", urgency=work.RETURNED)
    monkeypatch.setattr(work, "_makers", [])
    work.register_work(lambda user: [row])

    assert titles(client.get(URL)) == ["Rate Lublin"]


def test_adding_twice_changes_nothing(monkeypatch):
    monkeypatch.setattr(work, "_makers", [])

    def maker(user):
        return []

    work.register_work(maker)
    work.register_work(maker)

    assert work._makers == [maker]


# ---- nothing new


def test_nothing_new_is_said_for_several_at_once(client, official, city, action):
    other = ActionFactory(city=city)

    answer = client.post(reverse("strategies:nothing_new"), {"actions": [action.pk, other.pk]})

    assert answer.url == URL
    told = list(ActionUpdate.objects.values_list("is_no_change", "author"))
    assert told == [(True, official.pk)] * 2


@pytest.fixture
def before(city, period):
    return CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1))


def nothing_new(client, *actions, **fields):
    answer = client.post(
        reverse("strategies:nothing_new"), {"actions": [action.pk for action in actions]} | fields, follow=True
    )
    return answer.content.decode()


def test_nothing_new_counts_for_the_period_that_is_due_first(client, official, city, action, before):
    page = nothing_new(client, action)

    update = ActionUpdate.objects.get()
    assert (update.city_period, update.date, update.is_reported_late) == (before, before.period.ends_on, False)
    assert f"Logged for one action in {before.period.name}: nothing new." in page


def test_nothing_new_counts_for_the_chosen_period(client, official, city, action, before, period):
    other = ActionFactory(city=city)
    offered = client.get(URL).content.decode()
    assert offered.index(f'<option value="{before.period.pk}">') < offered.index(f'<option value="{period.period.pk}">')

    page = nothing_new(client, action, other, period=period.period.pk)
    nothing_new(client, action, other, period=before.period.pk)
    nothing_new(client, action, other, period=before.period.pk)

    assert f"Logged for 2 actions in {period.period.name}: nothing new." in page
    assert [update.city_period for update in ActionUpdate.objects.order_by("pk")] == [period] * 2 + [before] * 2


def test_nothing_new_for_a_period_that_is_closed_is_not_said_for_another(client, official, everyone, action, before):
    periods.submit_period(before, by=everyone["lead"])

    page = nothing_new(client, action, period=before.period.pk)

    assert ("no longer open" in page, ActionUpdate.objects.count()) == (True, 0)


def test_nothing_new_keeps_the_status_of_its_day(client, official, action, before, period):
    ActionUpdateFactory(action=action, city_period=before, date=before.period.starts_on, stage="paused")
    ActionUpdateFactory(action=action, city_period=period, stage="completed")

    nothing_new(client, action, period=before.period.pk)

    assert ActionUpdate.objects.get(is_no_change=True).stage == "paused"


def test_one_open_period_is_named_without_a_choice(client, official, action, period):
    page = client.get(URL).content.decode()

    assert f'<input type="hidden" name="period" value="{period.period.pk}">' in page
    assert "<select" not in page.split('id="due-title"')[1]


def test_nothing_new_is_not_said_for_anothers_action(client, official, other_city):
    theirs = ActionFactory(city=other_city)

    client.post(reverse("strategies:nothing_new"), {"actions": [theirs.pk, "x"]})

    assert ActionUpdate.objects.count() == 0


def test_nothing_new_of_nothing_is_a_sentence(client, official):
    answer = client.post(reverse("strategies:nothing_new"), follow=True)

    assert "Tick the actions" in answer.content.decode()


def test_get_says_nothing(client, official):
    assert client.get(reverse("strategies:nothing_new")).status_code == 405


# ---- costs


@pytest.mark.parametrize("row_count", [1, 5])
def test_it_costs_the_same_for_one_row_or_five(
    client, official, city, period, row_count, django_assert_max_num_queries
):
    for _ in range(row_count):
        late = ActionFactory(city=city, ends_on=clock.today() - timedelta(days=1), responsible=PersonFactory())
        ActionUpdateFactory(action=late, city_period=period)
        ActionFactory(city=city, responsible=PersonFactory())
        IndicatorFactory(strategy=late.strategy)
        UpdateDraft.objects.create(author=official, action=late)
    client.get(URL)

    with django_assert_max_num_queries(15):
        assert len(client.get(URL).context["work"].drafts) == row_count
