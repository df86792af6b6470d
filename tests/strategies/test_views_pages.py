"""Every page of strategies: permissions, what outsiders do not see, number of queries."""

import pytest
from django.urls import reverse

from cities.models import Installation
from core import clock
from pilot.services import phases
from strategies.models import ActionUpdate, Risk, SwotItem
from strategies.services import periods
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityPeriodFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    MilestoneFactory,
    ObjectiveFactory,
    PilotPhaseFactory,
    ReportingPeriodFactory,
    StrategyFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(city, period, everyone):
    """A published strategy with an action, updates of three visibilities, an indicator with a value, SWOT, a phase."""
    action = ActionFactory(city=city, title="Language café", published=True, responsible=everyone["official"].person)
    strategy = action.strategy
    for visibility in ("city", "network", "public"):
        ActionUpdateFactory(action=action, text=f"Told to {visibility}.", visibility=visibility, spent="10")
    indicator = IndicatorFactory(strategy=strategy, action=action, name="Visits")
    IndicatorValueFactory(indicator=indicator, city_period=period, value="777")
    item = SwotItem.objects.create(strategy=strategy, kind="strength", text="Many associations.")
    Risk.objects.create(strategy=strategy, text="Short money.", mitigating_action=action)
    phase = PilotPhaseFactory(city=city)
    return {
        "action": action,
        "strategy": strategy,
        "indicator": indicator,
        "item": item,
        "phase": phase,
        "period": period,
    }


def as_(client, everyone, role):
    if role == "public":
        client.logout()
    else:
        client.force_login(everyone[role])
    return client


def paths(world):
    slug, action = world["strategy"].city.slug, world["action"].pk
    return {
        "strategy": reverse("strategies:strategy_detail", args=[slug]),
        "actions": reverse("strategies:action_list", args=[slug]),
        "action": reverse("strategies:action_detail", args=[action]),
        "swot": reverse("strategies:swot", args=[slug]),
        "indicators": reverse("strategies:indicator_list", args=[slug]),
        "indicator": reverse("strategies:indicator_detail", args=[world["indicator"].pk]),
        "phases": reverse("pilot:phase_list", args=[slug]),
        "periods": reverse("strategies:cityperiod_list"),
    }


ROLES = ["public", "viewer", "expert", "local_committee", "official", "lead", "other_official", "partner", "trainer"]
ROLES += ["scientific", "coordinator", "former", "superuser"]


@pytest.mark.parametrize("role", ROLES)
def test_the_published_plan_is_for_everybody(client, everyone, world, role):
    answers = {name: as_(client, everyone, role).get(path) for name, path in paths(world).items()}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 200)
    for answer in answers.values():
        page = answer.content.decode()
        assert page.count("<h1") == 1
        assert " style=" not in page


@pytest.mark.parametrize(
    "role", ["public", "other_official", "partner", "trainer", "scientific", "former", "superuser"]
)
def test_a_draft_strategy_is_not_there_for_others(client, everyone, world, role):
    type(world["strategy"]).objects.update(published_at=None, status="draft", adopted_on=None)
    expected = 302 if role == "public" else 404
    seen = {name: path for name, path in paths(world).items() if name not in {"phases", "periods"}}

    answers = {name: as_(client, everyone, role).get(path).status_code for name, path in seen.items()}

    assert answers == dict.fromkeys(seen, expected)


@pytest.mark.parametrize(
    "role, told",
    [
        ("official", {"city", "network", "public"}),
        ("viewer", {"city", "network", "public"}),
        ("partner", set()),
        ("public", set()),
        ("other_official", set()),
        ("coordinator", set()),
    ],
)
def test_an_open_periods_words_stay_in_the_city(client, everyone, world, role, told):
    page = as_(client, everyone, role).get(paths(world)["action"]).content.decode()

    assert {name for name in ("city", "network", "public") if f"Told to {name}." in page} == told


@pytest.mark.parametrize(
    "role, told",
    [
        ("partner", {"network", "public"}),
        ("coordinator", {"network", "public"}),
        ("public", set()),
        ("official", {"city", "network", "public"}),
        ("other_official", set()),
    ],
)
def test_after_submission_the_network_reads_its_part(client, everyone, world, role, told):
    periods.submit_period(world["period"], by=everyone["lead"])

    page = as_(client, everyone, role).get(paths(world)["action"]).content.decode()

    assert {name for name in ("city", "network", "public") if f"Told to {name}." in page} == told


@pytest.mark.parametrize("role, told", [("public", {"public"}), ("partner", {"network", "public"})])
def test_once_published_the_public_reads_what_is_public(client, everyone, world, role, told):
    periods.submit_period(world["period"], by=everyone["lead"])
    periods.accept_period(world["period"], by=everyone["coordinator"])
    periods.publish_period(world["period"], by=everyone["lead"])

    page = as_(client, everyone, role).get(paths(world)["action"]).content.decode()

    assert {name for name in ("city", "network", "public") if f"Told to {name}." in page} == told
    assert "revision 1" in page


def test_a_reopened_period_is_read_from_its_revision(client, everyone, world):
    periods.submit_period(world["period"], by=everyone["lead"])
    periods.reopen_period(world["period"], by=everyone["coordinator"], reason="A digit.")
    ActionUpdate.objects.filter(visibility="network").update(text="Changed meanwhile.")

    page = as_(client, everyone, "partner").get(paths(world)["action"]).content.decode()

    assert ("Told to network." in page, "Changed meanwhile." in page) == (True, False)


def test_the_public_is_told_no_figure_of_an_open_period(client, everyone, world):
    public = as_(client, everyone, "public")

    action = public.get(paths(world)["action"])
    listed = public.get(paths(world)["actions"])
    table = public.get(paths(world)["actions"], {"csv": "actions"}).content.decode()

    assert (action.context["action"].health, action.context["page"].is_live) == (None, False)
    assert [row.health for row in listed.context["page_obj"]] == [None]
    assert "30" not in table.splitlines()[1].split(",")
    assert public.get(paths(world)["actions"], {"health": "at_risk"}).context["page_obj"].paginator.count == 0
    assert "777" not in public.get(paths(world)["indicator"]).content.decode()


def test_partners_see_open_figures_marked(client, everyone, world):
    page = as_(client, everyone, "partner").get(paths(world)["action"]).content.decode()

    assert "not yet submitted" in page


def test_names_of_officials_are_not_for_the_public(client, everyone, world):
    name = everyone["official"].person.name

    assert name in as_(client, everyone, "viewer").get(paths(world)["action"]).content.decode()
    assert name not in as_(client, everyone, "public").get(paths(world)["action"]).content.decode()
    assert name not in as_(client, everyone, "other_official").get(paths(world)["action"]).content.decode()


# ---- the list


@pytest.fixture
def several(world, city):
    objective = world["action"].objective
    ActionFactory(objective=objective, title="Zebra crossing", is_pilot=False, published=True, code="Z")
    ActionFactory(objective=objective, title="Apple trees", published=True, code="B")
    return objective


def titles(answer):
    return [row.title for row in answer.context["page_obj"]]


def test_the_list_filters_and_sorts_by_the_address(client, official, world, several):
    url = paths(world)["actions"]

    assert titles(client.get(url, {"sort": "title"})) == ["Apple trees", "Language café", "Zebra crossing"]
    assert titles(client.get(url, {"sort": "-title"}))[0] == "Zebra crossing"
    assert titles(client.get(url, {"pilot": "no"})) == ["Zebra crossing"]
    assert titles(client.get(url, {"q": "apple"})) == ["Apple trees"]
    assert titles(client.get(url, {"status": "ongoing"})) == ["Language café"]
    assert titles(client.get(url, {"area": several.area.pk, "sort": "title"}))[0] == "Apple trees"
    assert client.get(url, {"sort": "password", "page": "99"}).status_code == 200
    assert "No action fits" in client.get(url, {"q": "nothing like it"}).content.decode()


def test_the_list_is_taken_away_as_csv_and_says_that_it_is_a_demonstration(client, official, world, several):
    several.actions.filter(title="Apple trees").update(title="=1+1")
    Installation.objects.create(pk=1, network_name="EPI", is_demo=True)

    answer = client.get(paths(world)["actions"], {"csv": "actions"})

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "# Illustrative content (demonstration)"
    assert (len(lines), answer["Content-Type"]) == (5, "text/csv; charset=utf-8")
    assert any("'=1+1" in line for line in lines)


@pytest.mark.parametrize("row_count", [1, 5])
def test_lists_cost_the_same_for_one_row_or_five(
    client, official, world, city, row_count, django_assert_max_num_queries
):
    for number in range(row_count):
        action = ActionFactory(objective=ObjectiveFactory(area__strategy=world["strategy"]), published=True)
        MilestoneFactory(action=action)
        ActionUpdateFactory(action=action)
        IndicatorFactory(strategy=world["strategy"], action=action)
        SwotItem.objects.create(strategy=world["strategy"], kind="weakness", text=f"W{number}").actions.add(action)
        CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1 - number))
    bars = {"strategy": 17, "actions": 15, "swot": 15, "indicators": 15, "periods": 15, "indicator": 20, "action": 20}
    pages = paths(world)
    client.get(pages["strategy"])

    for name, bar in bars.items():
        with django_assert_max_num_queries(bar):
            assert client.get(pages[name]).status_code == 200


# ---- history, phases


@pytest.mark.parametrize("role, status", [("viewer", 200), ("coordinator", 200), ("scientific", 200), ("partner", 403)])
def test_history_is_readable_where_access_says(client, everyone, world, role, status):
    action = world["action"]
    action.title, action._history_user = "A better title", everyone["lead"]
    action.save()

    answer = as_(client, everyone, role).get(reverse("strategies:action_history", args=[action.pk]))

    assert answer.status_code == status
    if status == 200:
        entry = answer.context["entries"][0]
        assert entry.who == str(everyone["lead"])
        assert [(change.label, change.before, change.after) for change in entry.changes] == [
            ("Title", "Language café", "A better title")
        ]


def test_the_public_sees_met_conditions_alone(client, everyone, world):
    answers = {role: as_(client, everyone, role).get(paths(world)["phases"]) for role in ("public", "viewer")}

    shown = {
        role: [row for part in answer.context["rows"] for row in part["begin"]] for role, answer in answers.items()
    }
    assert all(row.met for row in shown["public"])
    assert any(not row.met for row in shown["viewer"])


def test_a_coordinator_waives_in_writing_and_withdraws_it(client, everyone, world):
    client.force_login(everyone["coordinator"])
    url = reverse("pilot:requirement_waive", args=[world["phase"].pk, "first_meeting"])

    assert client.post(url, {"text": " "}).status_code == 200
    client.post(url, {"text": "They met by telephone."})
    page = client.get(paths(world)["phases"]).content.decode()
    assert "They met by telephone." in page

    waiver = world["phase"].waivers.get()
    client.post(reverse("pilot:waiver_withdraw", args=[waiver.pk]))
    assert "They met by telephone." not in client.get(paths(world)["phases"]).content.decode()


@pytest.mark.parametrize(
    "role, status", [("lead", 200), ("coordinator", 200), ("official", 403), ("other_official", 404)]
)
def test_who_dates_a_step(client, everyone, world, role, status):
    url = reverse("pilot:phase_edit", args=[world["phase"].pk])

    assert as_(client, everyone, role).get(url).status_code == status


def test_a_step_that_ends_before_it_starts_is_refused_kindly(client, everyone, world):
    client.force_login(everyone["lead"])
    url = reverse("pilot:phase_edit", args=[world["phase"].pk])

    answer = client.post(url, {"planned_start": "2026-05-01", "planned_end": "2026-04-01", "version": "1"})

    assert list(answer.context["form"].errors) == ["planned_end"]
    phases.set_dates(world["phase"], by=everyone["lead"], actual_start=clock.today())


# ---- empty states


def test_a_city_with_an_empty_strategy_says_what_to_do(client, official, city):
    StrategyFactory(city=city)

    page = client.get(reverse("strategies:strategy_detail", args=[city.slug])).content.decode()

    assert "Add a priority area" in page
    assert "No indicator yet" in client.get(reverse("strategies:indicator_list", args=[city.slug])).content.decode()


def test_a_city_without_a_strategy_has_no_page_of_it(client, official, other_city):
    assert client.get(reverse("strategies:strategy_detail", args=[other_city.slug])).status_code == 404


def test_get_changes_nothing(client, official, world):
    before = [ActionUpdate.objects.count(), world["action"].history.count()]
    urls = [*list(paths(world).values()), reverse("strategies:action_log", args=[world["action"].pk])]

    for url in urls:
        client.get(url)
    assert client.get(reverse("strategies:action_publish", args=[world["action"].pk])).status_code == 405

    assert [ActionUpdate.objects.count(), world["action"].history.count()] == before


# ---- an indicator: progress to target, action and objective


@pytest.mark.parametrize(
    "baseline, target, value, words",
    [
        ("0", "1000", "777", "78% of the way from the baseline to the target."),
        ("1000", "500", "777", "45% of the way from the baseline to the target."),
        ("0", "700", "777", "The target is reached."),
        ("1000", "1500", "777", "The newest value is further from the target than the baseline was."),
    ],
)
def test_indicator_tells_how_far_it_has_come(client, everyone, world, baseline, target, value, words):
    world["indicator"].baseline, world["indicator"].target = baseline, target
    world["indicator"].save()

    page = as_(client, everyone, "official").get(paths(world)["indicator"]).content.decode()

    assert f"<b>{words}</b>" in page
    assert f'max="100" aria-label="{words}"' in page


@pytest.mark.parametrize("baseline, target", [("", "1000"), ("0", ""), ("5", "5")])
def test_indicator_without_a_way_to_go_tells_none(client, everyone, world, baseline, target):
    world["indicator"].baseline, world["indicator"].target = baseline or None, target or None
    world["indicator"].no_baseline_reason = "Not measured before."
    world["indicator"].save()

    page = as_(client, everyone, "official").get(paths(world)["indicator"]).content.decode()

    assert "of the way" not in page
    assert "<progress" not in page


def test_value_that_is_kept_back_tells_no_way(client, everyone, world):
    assert "of the way" not in as_(client, everyone, "public").get(paths(world)["indicator"]).content.decode()


@pytest.mark.parametrize("role", ["official", "public"])
def test_indicator_leads_to_its_action_and_objective(client, everyone, world, role):
    page = as_(client, everyone, role).get(paths(world)["indicator"]).content.decode()

    objective = world["action"].objective
    assert f'<a href="{paths(world)["action"]}">{world["action"].title}</a>' in page
    assert f'<a href="{paths(world)["strategy"]}#objective-{objective.pk}">{objective}</a>' in page


@pytest.mark.parametrize("has_objective", [True, False])
def test_indicator_without_an_action_leads_to_objective_or_strategy(client, everyone, world, has_objective):
    objective = world["action"].objective if has_objective else None
    world["indicator"].action, world["indicator"].objective = None, objective
    world["indicator"].save()

    page = as_(client, everyone, "official").get(paths(world)["indicator"]).content.decode()

    place = f"{paths(world)['strategy']}#objective-{objective.pk}" if objective else paths(world)["strategy"]
    words = objective or "the strategy as a whole"
    assert f'<dd><a href="{place}">{words}</a></dd>' in page


def test_risk_form_shows_strengths_and_weaknesses_in_full(client, everyone, world):
    world["item"].text = "Many associations. " * 12
    world["item"].save()

    page = as_(client, everyone, "lead").get(reverse("strategies:risk_add", args=["linkoping"])).content.decode()

    assert f"Strength: {world['item'].text.strip()}" in page
    assert str(world["item"]).endswith("…")


def test_draft_shows_who_may_a_button_to_adopt(client, everyone, world):
    type(world["strategy"]).objects.update(published_at=None, status="draft", adopted_on=None)
    button = f'<a class="epi-btn" href="{reverse("strategies:strategy_adopt", args=["linkoping"])}">Adopt</a>'

    shown = {
        role: button in as_(client, everyone, role).get(paths(world)["strategy"]).content.decode()
        for role in ("lead", "official")
    }

    assert shown == {"lead": True, "official": False}
