"""Every list with codes has 1.1.2 before 1.1.10, on every page and in every file."""

import ast
import json

import pytest
from django.urls import reverse

from core.snapshots import canonical, sha256_hex
from strategies.enums import WORST_FIRST
from strategies.filters import ActionFilter
from strategies.forms import ActionForm
from strategies.models import Action, PeriodRevision
from strategies.selectors.period_contents import period_contents
from strategies.selectors.work import actions_to_log
from tests.factories import (
    ActionFactory,
    ActionUpdateFactory,
    CityPeriodFactory,
    ObjectiveFactory,
    PriorityAreaFactory,
    StrategyFactory,
)
from tests.project.first_party import python_files

CODES = ["1.1.10", "1.1.2", "1.1.1"]
NATURAL = ["1.1.1", "1.1.2", "1.1.10"]
TITLES = {"1.1.10": "Öppna möten", "1.1.2": "Åtgärd i staden", "1.1.1": "Zonen"}


@pytest.fixture
def strategy(city):
    return StrategyFactory(city=city)


@pytest.fixture
def actions(strategy):
    """Return actions by code, of one objective, whose codes and titles are in no order."""
    area = PriorityAreaFactory(strategy=strategy, code="10")
    PriorityAreaFactory(strategy=strategy, code="9")
    objective = ObjectiveFactory(area=area, code="10.10")
    ObjectiveFactory(area=area, code="10.9")
    return {code: ActionFactory(objective=objective, code=code, title=TITLES[code]) for code in CODES}


def codes(rows):
    return [row.code for row in rows]


@pytest.mark.django_db
def test_tree_of_the_strategy_is_in_natural_order(client, everyone, strategy, actions):
    client.force_login(everyone["official"])

    tree = client.get(strategy.get_absolute_url()).context["areas"]

    assert [area.code for area, _objectives in tree] == ["9", "10"]
    assert [objective.code for objective, _actions in tree[1][1]] == ["10.9", "10.10"]
    assert codes(tree[1][1][1][1]) == NATURAL


@pytest.mark.django_db
def test_list_of_actions_and_its_csv_are_in_natural_order(client, everyone, strategy, actions):
    client.force_login(everyone["official"])
    url = reverse("strategies:action_list", args=[strategy.ref])

    page = client.get(url)
    lines = client.get(url, {"export": "csv"}).content.decode("utf-8-sig").splitlines()

    assert codes(page.context["page_obj"]) == NATURAL
    assert [line.split(",")[0] for line in lines[1:]] == [f"'{code}" for code in NATURAL]
    assert codes(client.get(url, {"sort": "-code"}).context["page_obj"]) == CODES


@pytest.mark.django_db
def test_csv_of_actions_is_read_by_a_swedish_spreadsheet_as_it_is(client, everyone, strategy, actions):
    """Excel in Swedish separates cells at semicolons, and would make a date of the code 1.1.2."""
    everyone["viewer"].language = "sv"
    everyone["viewer"].save()
    client.force_login(everyone["viewer"])

    text = client.get(reverse("strategies:action_list", args=[strategy.ref]), {"export": "csv"}).content.decode()

    lines = [line.split(";") for line in text.splitlines()]
    assert text.startswith("\ufeff")
    assert "'1.1.2" in {cell for line in lines for cell in line}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "language, titles",
    [
        ("sv", ["Zonen", "Åtgärd i staden", "Öppna möten"]),
        ("en", ["Åtgärd i staden", "Öppna möten", "Zonen"]),
    ],
)
def test_titles_are_in_the_order_of_the_readers_language(client, everyone, strategy, actions, language, titles):
    client.force_login(everyone["official"])
    client.cookies["django_language"] = language

    page = client.get(reverse("strategies:action_list", args=[strategy.ref]), {"sort": "title"})

    assert [row.title for row in page.context["page_obj"]] == titles


@pytest.mark.django_db
def test_status_is_ordered_by_severity(client, everyone, strategy, actions):
    late, done = actions["1.1.10"], actions["1.1.1"]
    ActionUpdateFactory(action=done, stage="completed")
    Action.objects.filter(pk=late.pk).update(starts_on="2020-01-01", ends_on="2020-12-31")
    client.force_login(everyone["official"])

    page = client.get(reverse("strategies:action_list", args=[strategy.ref]), {"sort": "health"})

    healths = [row.health for row in page.context["page_obj"]]
    assert healths == sorted(healths, key=WORST_FIRST.index)
    assert healths[0] == "late"
    assert healths[-1] == "done"


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["åtgärd", "ÅTGÄRD", "atgard", "staden åtgärd", "1.1.2"])
def test_search_finds_action_without_case_and_marks(strategy, actions, words):
    rows = Action.objects.filter(objective__area__strategy=strategy)

    found = ActionFilter({"q": words}, queryset=rows, strategy=strategy).qs

    assert codes(found) == ["1.1.2"]


@pytest.mark.django_db
def test_choices_of_objectives_are_in_natural_order(city, actions):
    form = ActionForm(city=city, instance=actions["1.1.1"])

    assert codes(form.fields["objective"].queryset) == ["10.9", "10.10"]


@pytest.mark.django_db
def test_actions_to_log_on_one_day_are_in_natural_order(everyone, actions):
    Action.objects.update(ends_on="2035-12-31")

    assert [row.title for row in actions_to_log(everyone["official"])] == [actions[code].title for code in NATURAL]


@pytest.mark.django_db
def test_snapshots_are_in_natural_order_also_those_of_before(city, actions):
    period = CityPeriodFactory(city=city)
    contents = json.loads(canonical(period_contents(period)))
    assert [entry["code"] for entry in contents["actions"]] == NATURAL
    contents["actions"].sort(key=lambda entry: entry["code"])  # as version 0.1.0 froze them
    snapshot = canonical(contents)

    revision = PeriodRevision(city_period=period, number=1, snapshot=snapshot, sha256=sha256_hex(snapshot))

    assert [action.code for action in revision.read().actions] == NATURAL


def _orders_by_code(call: ast.Call) -> bool:
    names = [part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return any(name.lstrip("-").split("__")[-1] == "code" for name in names)


@pytest.mark.slow
def test_no_query_is_ordered_by_the_code_itself():
    found = [
        f"{file}:{node.lineno}"
        for file in python_files()
        if "migrations" not in file.parts
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "order_by"
        and _orders_by_code(node)
    ]

    assert found == []
