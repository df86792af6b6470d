"""Pages of strategies: access for each role, hidden data, filters and query counts."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cities.models import Installation
from core import clock, triggers
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
def shared_data(city, period, everyone):
    """Return a published strategy with an action, updates of each visibility, an indicator, SWOT items and a phase."""
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


def client_as(client, everyone, role):
    if role == "public":
        client.logout()
    else:
        client.force_login(everyone[role])
    return client


def page_urls(shared_data):
    slug, action = shared_data["strategy"].city.slug, shared_data["action"].pk
    return {
        "strategy": reverse("strategies:strategy_detail", args=[slug]),
        "actions": reverse("strategies:action_list", args=[slug]),
        "action": reverse("strategies:action_detail", args=[action]),
        "swot": reverse("strategies:swot", args=[slug]),
        "indicators": reverse("strategies:indicator_list", args=[slug]),
        "indicator": reverse("strategies:indicator_detail", args=[shared_data["indicator"].pk]),
        "phases": reverse("pilot:phase_list", args=[slug]),
        "periods": reverse("strategies:cityperiod_list"),
    }


ROLES = ["public", "viewer", "expert", "local_committee", "official", "lead", "other_official", "partner", "trainer"]
ROLES += ["scientific", "coordinator", "former", "superuser"]


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_published_strategy_pages_are_visible_to_every_role(client, everyone, shared_data, role):
    responses = {name: client_as(client, everyone, role).get(path) for name, path in page_urls(shared_data).items()}

    assert {name: response.status_code for name, response in responses.items()} == dict.fromkeys(responses, 200)
    for response in responses.values():
        page = response.content.decode()
        assert page.count("<h1") == 1
        assert " style=" not in page


@pytest.mark.parametrize(
    "role", ["public", "other_official", "partner", "trainer", "scientific", "former", "superuser"]
)
def test_draft_strategy_pages_are_hidden_outside_the_city(client, everyone, shared_data, role):
    with triggers.triggers_dropped():
        type(shared_data["strategy"]).objects.update(published_at=None, status="draft", adopted_on=None)
    expected = 302 if role == "public" else 404
    hidden_urls = {name: path for name, path in page_urls(shared_data).items() if name not in {"phases", "periods"}}

    responses = {name: client_as(client, everyone, role).get(path).status_code for name, path in hidden_urls.items()}

    assert responses == dict.fromkeys(hidden_urls, expected)


@pytest.mark.parametrize(
    "role, visible",
    [
        ("official", {"city", "network", "public"}),
        ("viewer", {"city", "network", "public"}),
        ("partner", set()),
        ("public", set()),
        ("other_official", set()),
        ("coordinator", set()),
    ],
)
def test_updates_of_an_open_period_are_visible_in_the_city_only(client, everyone, shared_data, role, visible):
    page = client_as(client, everyone, role).get(page_urls(shared_data)["action"]).content.decode()

    assert {name for name in ("city", "network", "public") if f"Told to {name}." in page} == visible


@pytest.mark.parametrize(
    "role, visible",
    [
        ("partner", {"network", "public"}),
        ("coordinator", {"network", "public"}),
        ("public", set()),
        ("official", {"city", "network", "public"}),
        ("other_official", set()),
    ],
)
def test_updates_of_a_submitted_period_are_visible_to_the_network(client, everyone, shared_data, role, visible):
    periods.submit_period(shared_data["period"], by=everyone["lead"])

    page = client_as(client, everyone, role).get(page_urls(shared_data)["action"]).content.decode()

    assert {name for name in ("city", "network", "public") if f"Told to {name}." in page} == visible


@pytest.mark.parametrize("role, visible", [("public", {"public"}), ("partner", {"network", "public"})])
def test_public_updates_of_a_published_period_are_visible_to_the_public(client, everyone, shared_data, role, visible):
    periods.submit_period(shared_data["period"], by=everyone["lead"])
    periods.accept_period(shared_data["period"], by=everyone["coordinator"])
    periods.publish_period(shared_data["period"], by=everyone["lead"])

    page = client_as(client, everyone, role).get(page_urls(shared_data)["action"]).content.decode()

    assert {name for name in ("city", "network", "public") if f"Told to {name}." in page} == visible
    assert "revision 1" in page


def test_updates_of_a_reopened_period_are_read_from_its_revision(client, everyone, shared_data):
    periods.submit_period(shared_data["period"], by=everyone["lead"])
    periods.reopen_period(shared_data["period"], by=everyone["coordinator"], reason="A digit.")
    ActionUpdate.objects.filter(visibility="network").update(text="Changed meanwhile.")

    page = client_as(client, everyone, "partner").get(page_urls(shared_data)["action"]).content.decode()

    assert ("Told to network." in page, "Changed meanwhile." in page) == (True, False)


def test_figures_of_an_open_period_are_hidden_from_the_public(client, everyone, shared_data):
    public = client_as(client, everyone, "public")

    action = public.get(page_urls(shared_data)["action"])
    listed = public.get(page_urls(shared_data)["actions"])
    table = public.get(page_urls(shared_data)["actions"], {"export": "csv"}).content.decode()

    assert (action.context["action"].health, action.context["page"].is_live) == (None, False)
    assert [row.health for row in listed.context["page_obj"]] == [None]
    assert "30" not in table.splitlines()[1].split(",")
    assert public.get(page_urls(shared_data)["actions"], {"health": "at_risk"}).context["page_obj"].paginator.count == 0
    assert "777" not in public.get(page_urls(shared_data)["indicator"]).content.decode()


def test_figures_of_an_open_period_are_marked_for_partners(client, everyone, shared_data):
    page = client_as(client, everyone, "partner").get(page_urls(shared_data)["action"]).content.decode()

    assert "not yet submitted" in page


def test_names_of_officials_are_hidden_from_the_public(client, everyone, shared_data):
    name = everyone["official"].person.name

    assert name in client_as(client, everyone, "viewer").get(page_urls(shared_data)["action"]).content.decode()
    assert name not in client_as(client, everyone, "public").get(page_urls(shared_data)["action"]).content.decode()
    assert (
        name not in client_as(client, everyone, "other_official").get(page_urls(shared_data)["action"]).content.decode()
    )


# ---- the list


@pytest.fixture
def objective_with_actions(shared_data, city):
    objective = shared_data["action"].objective
    ActionFactory(objective=objective, title="Zebra crossing", is_pilot=False, published=True, code="Z")
    ActionFactory(objective=objective, title="Apple trees", published=True, code="B")
    return objective


def titles(response):
    return [row.title for row in response.context["page_obj"]]


@pytest.mark.slow
def test_action_list_is_filtered_and_sorted_by_query_parameters(client, official, shared_data, objective_with_actions):
    url = page_urls(shared_data)["actions"]

    assert titles(client.get(url, {"sort": "title"})) == ["Apple trees", "Language café", "Zebra crossing"]
    assert titles(client.get(url, {"sort": "-title"}))[0] == "Zebra crossing"
    assert titles(client.get(url, {"pilot": "no"})) == ["Zebra crossing"]
    assert titles(client.get(url, {"q": "apple"})) == ["Apple trees"]
    assert titles(client.get(url, {"status": "ongoing"})) == ["Language café"]
    assert titles(client.get(url, {"area": objective_with_actions.area.pk, "sort": "title"}))[0] == "Apple trees"
    assert client.get(url, {"sort": "password", "page": "99"}).status_code == 200
    assert "No actions match these filters" in client.get(url, {"q": "nothing like it"}).content.decode()


def test_action_list_csv_is_marked_as_demonstration(client, official, shared_data, objective_with_actions):
    objective_with_actions.actions.filter(title="Apple trees").update(title="=1+1")
    Installation.objects.create(pk=1, network_name="EPI", is_demo=True)

    response = client.get(page_urls(shared_data)["actions"], {"export": "csv"})

    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "Illustrative data (demonstration)"
    assert (len(lines), response["Content-Type"]) == (5, "text/csv; charset=utf-8")
    assert any("'=1+1" in line for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("row_count", [1, 5])
def test_list_pages_have_a_query_limit(client, official, shared_data, city, row_count, django_assert_max_num_queries):
    for number in range(row_count):
        action = ActionFactory(objective=ObjectiveFactory(area__strategy=shared_data["strategy"]), published=True)
        MilestoneFactory(action=action)
        ActionUpdateFactory(action=action)
        IndicatorFactory(strategy=shared_data["strategy"], action=action)
        SwotItem.objects.create(strategy=shared_data["strategy"], kind="weakness", text=f"W{number}").actions.add(
            action
        )
        CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-1 - number))
    limits = {"strategy": 17, "actions": 15, "swot": 15, "indicators": 15, "periods": 15, "indicator": 20, "action": 20}
    pages = page_urls(shared_data)
    client.get(pages["strategy"])

    for name, limit in limits.items():
        with django_assert_max_num_queries(limit):
            assert client.get(pages[name]).status_code == 200


@pytest.mark.parametrize("page", ["action", "indicator"])
def test_own_updates_and_values_of_a_deputy_cost_no_further_queries(client, everyone, shared_data, city, page):
    deputy, action = everyone["local_committee"], shared_data["action"]
    action.deputies.add(deputy.person)
    url = page_urls(shared_data)[page]
    client.force_login(deputy)
    client.get(url)

    def add_row(number):
        city_period = CityPeriodFactory(city=city, period=ReportingPeriodFactory(ahead=-number))
        ActionUpdateFactory(action=action, author=deputy, city_period=city_period)
        IndicatorValueFactory(indicator=shared_data["indicator"], author=deputy, city_period=city_period)

    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        return len(queries)

    add_row(1)
    with_one = count_queries()
    for number in range(2, 5):
        add_row(number)

    assert count_queries() == with_one


# ---- history and phases


@pytest.mark.parametrize("role, status", [("viewer", 200), ("coordinator", 200), ("scientific", 200), ("partner", 403)])
def test_action_history_status_code_for_each_role(client, everyone, shared_data, role, status):
    action = shared_data["action"]
    action.title, action._history_user = "A better title", everyone["lead"]
    action.save()

    response = client_as(client, everyone, role).get(reverse("strategies:action_history", args=[action.pk]))

    assert response.status_code == status
    if status == 200:
        entry = response.context["entries"][0]
        assert entry.who == str(everyone["lead"])
        assert [(change.label, change.before, change.after) for change in entry.changes] == [
            ("Title", "Language café", "A better title")
        ]


def test_public_sees_met_requirements_only(client, everyone, shared_data):
    responses = {
        role: client_as(client, everyone, role).get(page_urls(shared_data)["phases"]) for role in ("public", "viewer")
    }

    shown = {
        role: [row for part in response.context["rows"] for row in part["begin"]]
        for role, response in responses.items()
    }
    assert all(row.met for row in shown["public"])
    assert any(not row.met for row in shown["viewer"])


def test_coordinator_waives_a_requirement_with_a_reason_and_withdraws_the_waiver(client, everyone, shared_data):
    client.force_login(everyone["coordinator"])
    url = reverse("pilot:requirement_waive", args=[shared_data["phase"].pk, "first_meeting"])

    assert client.post(url, {"text": " "}).status_code == 200
    client.post(url, {"text": "They met by telephone."})
    page = client.get(page_urls(shared_data)["phases"]).content.decode()
    assert "They met by telephone." in page

    waiver = shared_data["phase"].waivers.get()
    client.post(reverse("pilot:waiver_withdraw", args=[waiver.pk]))
    assert "They met by telephone." not in client.get(page_urls(shared_data)["phases"]).content.decode()


@pytest.mark.parametrize(
    "role, status", [("lead", 200), ("coordinator", 200), ("official", 403), ("other_official", 404)]
)
def test_phase_form_status_code_for_each_role(client, everyone, shared_data, role, status):
    url = reverse("pilot:phase_edit", args=[shared_data["phase"].pk])

    assert client_as(client, everyone, role).get(url).status_code == status


def test_phase_that_ends_before_it_starts_is_refused(client, everyone, shared_data):
    client.force_login(everyone["lead"])
    url = reverse("pilot:phase_edit", args=[shared_data["phase"].pk])

    response = client.post(url, {"planned_start": "2026-05-01", "planned_end": "2026-04-01", "version": "1"})

    assert list(response.context["form"].errors) == ["planned_end"]
    phases.set_dates(shared_data["phase"], by=everyone["lead"], actual_start=clock.today())


# ---- empty pages


def test_empty_strategy_pages_show_the_next_step(client, official, city):
    StrategyFactory(city=city)

    page = client.get(reverse("strategies:strategy_detail", args=[city.slug])).content.decode()

    assert "Add priority area" in page
    assert "No indicators yet" in client.get(reverse("strategies:indicator_list", args=[city.slug])).content.decode()


def test_strategy_page_without_a_strategy_returns_404(client, official, other_city):
    assert client.get(reverse("strategies:strategy_detail", args=[other_city.slug])).status_code == 404


@pytest.mark.slow
def test_get_requests_change_nothing(client, official, shared_data):
    before = [ActionUpdate.objects.count(), shared_data["action"].history.count()]
    all_urls = [
        *list(page_urls(shared_data).values()),
        reverse("strategies:action_log", args=[shared_data["action"].pk]),
    ]

    for url in all_urls:
        client.get(url)
    assert client.get(reverse("strategies:action_publish", args=[shared_data["action"].pk])).status_code == 405

    assert [ActionUpdate.objects.count(), shared_data["action"].history.count()] == before


# ---- progress and links of an indicator


@pytest.mark.parametrize(
    "direction, baseline, target, words",
    [
        ("up", "0", "1000", "78% of the way from the baseline to the target."),
        ("down", "1000", "500", "45% of the way from the baseline to the target."),
        ("up", "0", "700", "The target has been reached."),
        ("up", "1000", "1500", "The latest value is further from the target than the baseline was."),
        ("up", "0", "780", "99% of the way from the baseline to the target."),
    ],
)
def test_indicator_page_shows_progress_to_the_target(client, everyone, shared_data, direction, baseline, target, words):
    indicator = shared_data["indicator"]
    indicator.direction, indicator.baseline, indicator.target = direction, baseline, target
    indicator.save()

    page = client_as(client, everyone, "official").get(page_urls(shared_data)["indicator"]).content.decode()

    assert f"<b>{words}</b>" in page
    assert f'max="100" aria-label="{words}"' in page


@pytest.mark.parametrize("baseline, target", [("", "1000"), ("0", ""), ("5", "5")])
def test_indicator_page_shows_no_progress_without_baseline_or_target(client, everyone, shared_data, baseline, target):
    shared_data["indicator"].baseline, shared_data["indicator"].target = baseline or None, target or None
    shared_data["indicator"].no_baseline_reason = "Not measured before."
    shared_data["indicator"].save()

    page = client_as(client, everyone, "official").get(page_urls(shared_data)["indicator"]).content.decode()

    assert "of the way" not in page
    assert "<progress" not in page


def test_indicator_page_shows_no_progress_when_the_value_is_hidden(client, everyone, shared_data):
    assert (
        "of the way"
        not in client_as(client, everyone, "public").get(page_urls(shared_data)["indicator"]).content.decode()
    )


@pytest.mark.parametrize("role", ["official", "public"])
def test_indicator_page_links_its_action_and_objective(client, everyone, shared_data, role):
    page = client_as(client, everyone, role).get(page_urls(shared_data)["indicator"]).content.decode()

    objective = shared_data["action"].objective
    assert f'<a href="{page_urls(shared_data)["action"]}">{shared_data["action"].title}</a>' in page
    assert f'<a href="{page_urls(shared_data)["strategy"]}#objective-{objective.pk}">{objective}</a>' in page


@pytest.mark.parametrize("has_objective", [True, False])
def test_indicator_without_action_links_its_objective_or_strategy(client, everyone, shared_data, has_objective):
    objective = shared_data["action"].objective if has_objective else None
    shared_data["indicator"].action, shared_data["indicator"].objective = None, objective
    shared_data["indicator"].save()

    page = client_as(client, everyone, "official").get(page_urls(shared_data)["indicator"]).content.decode()

    link = (
        f"{page_urls(shared_data)['strategy']}#objective-{objective.pk}"
        if objective
        else page_urls(shared_data)["strategy"]
    )
    words = objective or "the strategy as a whole"
    assert f'<dd><a href="{link}">{words}</a></dd>' in " ".join(page.split()).replace("> <", "><")


def test_risk_form_shows_swot_items_in_full(client, everyone, shared_data):
    shared_data["item"].text = "Many associations. " * 12
    shared_data["item"].save()

    page = client_as(client, everyone, "lead").get(reverse("strategies:risk_add", args=["linkoping"])).content.decode()

    assert f"Strength: {shared_data['item'].text.strip()}" in page
    assert str(shared_data["item"]).endswith("…")


def test_long_strategy_shows_titles_with_a_link_to_the_figures_of_each_area(client, everyone, shared_data, monkeypatch):
    client_as(client, everyone, "lead")
    url, action = page_urls(shared_data)["strategy"], shared_data["action"]
    short = client.get(url).content.decode()
    monkeypatch.setattr("strategies.views.strategies.MAX_ROWS_WITH_FIGURES", 0)

    long = client.get(url).content.decode()

    listed = reverse("strategies:action_list", args=["linkoping"]) + f"?area={action.objective.area.pk}"
    title = f'<li><a href="{action.get_absolute_url()}">{action.code} {action.title}</a></li>'
    assert ("epi-tree" in short, title in short, listed in short) == (True, False, False)
    assert ("epi-tree" in long, title in long, listed in long) == (False, True, True)
    assert list(client.get(listed).context["object_list"]) == [action]


def test_adopt_button_is_shown_to_lead_officials_only(client, everyone, shared_data):
    with triggers.triggers_dropped():
        type(shared_data["strategy"]).objects.update(published_at=None, status="draft", adopted_on=None)
    button = f'<a class="epi-btn" href="{reverse("strategies:strategy_adopt", args=["linkoping"])}">Adopt</a>'

    shown = {
        role: button in client_as(client, everyone, role).get(page_urls(shared_data)["strategy"]).content.decode()
        for role in ("lead", "official")
    }

    assert shown == {"lead": True, "official": False}
