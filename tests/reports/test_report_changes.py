"""Changes since the previous report: matched by key, described in text."""

import copy

import pytest

from reports.documents import changes_section, city_document, dimensions, labels, network_document, sections
from reports.documents.changes import changes

from . import report_facts


@pytest.fixture
def before():
    return report_facts.facts(report_facts.city(actions=3))


@pytest.fixture
def now(before):
    return copy.deepcopy(before)


def only(found):
    (change,) = found
    return change


def told(change, *, names_cities=False) -> list:
    """Return the printed row of a change."""
    facts = {"previous": {"number": "EPI-1", "issued": "2026-07-01"}, "changes": [change]}
    section = changes_section.change_section(facts, names_cities=names_cities)
    return section["blocks"][1]["rows"][0]


def test_nothing_changed(before, now):
    assert changes(before, now) == []
    facts = {"previous": {"number": "EPI-1", "issued": "2026-07-01"}, "changes": []}
    assert "Nothing that this report compares has changed." in str(
        changes_section.change_section(facts, names_cities=True)
    )


def test_health_of_an_action(before, now):
    now["cities"][0]["actions"][0]["health"] = "done"

    change = only(changes(before, now))

    assert (change["what"], change["from"], change["to"]) == ("health", "on_track", "done")
    assert [cell["text"] for cell in told(change)[1:]] == ["On track", "Done"]


def test_new_and_gone_actions_are_told_by_their_own_key(before, now):
    gone = now["cities"][0]["actions"].pop()
    now["cities"][0]["actions"].append(report_facts.action(99, code=gone["code"]))

    found = changes(before, now)

    assert [change["what"] for change in found] == ["new_action", "gone_action"]
    assert [told(change)[2] for change in found] == ["new in the strategy", "no longer in the strategy"]


def test_condition_of_a_gate(before, now):
    now["cities"][0]["phases"][0]["conditions"] = copy.deepcopy(now["cities"][0]["phases"][0]["conditions"])
    now["cities"][0]["phases"][0]["conditions"][2]["state"] = "met"

    change = only(changes(before, now))

    assert told(change)[0] == {"text": "Its first meeting has minutes", "note": "Coordination structure"}
    assert [cell["text"] for cell in told(change)[1:]] == ["Not yet met", "Met"]


def test_target_of_an_indicator(before, now):
    now["cities"][0]["indicators"][0]["target"] = "1450"

    assert told(only(changes(before, now)))[1:] == ["450", "1,450"]


def test_agreed_level(before, now):
    now["cities"][0]["evaluation"]["dimensions"][2]["level"] = 3

    assert [cell["text"] for cell in told(only(changes(before, now)))[1:]] == ["not assessed", "3"]


def test_first_evaluation(before, now):
    before["cities"][0]["evaluation"] = None

    assert told(only(changes(before, now)))[2] == "first published evaluation"


def test_new_city(before, now):
    now["cities"].append(report_facts.city("Lublin", "lublin"))

    change = only(changes(before, now))

    assert told(change, names_cities=True)[:2] == ["Lublin", "The city has reported for the first time"]


def test_small_target_is_no_change_and_never_printed(before, now):
    """The earlier report still printed targets about few people."""
    row, earlier = now["cities"][0]["indicators"][0], before["cities"][0]["indicators"][0]
    earlier["target"] = "3"
    row |= {"target": None, "is_target_small": True}
    assert changes(before, now) == []

    earlier["target"] = "450"

    (change,) = changes(before, now)
    assert (change["from"], change["to"]) == ("450", "few")
    assert told(change)[-2:] == ["450", "fewer than 5"]


def test_report_of_before_is_drawn_as_it_was():
    row = sections.indicator_row(report_facts.indicator(1, baseline="2", target="4"))

    assert (row[1]["text"], row[4]["text"]) == ("2", "4")


# ---- text of single figures


@pytest.mark.parametrize(
    "changed, way",
    [
        ({"value": "300"}, "57%"),
        ({"value": "500"}, "114%"),
        ({"value": "50"}, "-14%"),
        ({"value": None}, "–"),
        ({"baseline": "450"}, "–"),
        ({"direction": "down", "baseline": "400", "target": "200", "value": "250"}, "75%"),
        ({"value": None, "is_small": True}, "–"),
    ],
)
def test_progress_to_target(changed, way):
    assert sections.progress_to_target(report_facts.indicator(1, **changed)) == way


@pytest.mark.parametrize(
    "changed, reached",
    [
        ({"value": "450"}, True),
        ({"value": "449"}, False),
        ({"direction": "down", "value": "451"}, False),
        ({"direction": "down", "value": "450"}, True),
        ({"value": None}, None),
        ({"target": None}, None),
    ],
)
def test_target_reached(changed, reached):
    assert sections.is_reached(report_facts.indicator(1, **changed)) is reached


def test_value_for_the_city_alone_is_said_to_be_so():
    row = sections.indicator_row(report_facts.indicator(1, value=None, is_withheld=True))

    assert row[3] == "for the city alone"


def test_unit_stands_with_the_indicators_name():
    row = sections.indicator_row(report_facts.indicator(1))

    assert row[0] == {"text": "Employees trained in intercultural work, unit 1", "note": "people · A1 Courses"}


def test_ratings_of_a_city_are_named_one_by_one():
    (row,) = dimensions.network_table([report_facts.city()])["rows"]

    assert row[2]["note"] == "median 2–3, n 4, range 1–4"
    assert row[6]["note"] == "no independent rating"


@pytest.mark.parametrize(
    "spread, words",
    [
        (report_facts.spread(1, "3", 3, 3), "too few ratings"),
        (report_facts.spread(3, "3", 3, 3), "all agree"),
        (report_facts.spread(2, "2-3", 2, 3), "1 level apart"),
        (report_facts.spread(4, "2-3", 1, 4), "3 levels apart"),
    ],
)
def test_agreement_in_words(spread, words):
    assert dimensions.agreement_text({"independent": spread}) == words


def test_cities_judged_in_another_framework_are_not_forced_into_the_table():
    first, second = report_facts.city(), report_facts.city("Lublin", "lublin")
    second["evaluation"]["dimensions"] = second["evaluation"]["dimensions"][1:]

    rows = dimensions.network_table([first, second])["rows"]

    assert rows[1][1] == {"level": "", "text": "–", "note": ""}
    assert dimensions.network_table([]) is None


def test_sections_without_content_are_left_out():
    empty = report_facts.city(actions=0, judged=False, phases=[], indicators=[], updates=[], withheld=0)
    facts = report_facts.facts(empty)

    city = [section["title"] for section in city_document.document_sections(facts)]
    network = [section["title"] for section in network_document.document_sections(facts)]

    assert "Indicators against target" not in city + network
    assert "Money" not in city
    assert "Method" in city
    assert "Linköping has no action in its strategy yet." in str(city_document.document_sections(facts)[0])


def test_counts_of_actions_read_as_a_sentence():
    assert labels.health_counts_text({"stale": 2, "done": 1, "late": 0}) == "1 done and 2 without a recent update"


def test_name_of_an_action_is_its_code_and_title():
    actions = next(
        section
        for section in city_document.document_sections(report_facts.facts())
        if section["title"] == "Actions by health"
    )

    first = actions["blocks"][-1]["rows"][0][0]
    assert first == {"text": f"A1 {report_facts.action(1)['title']}", "note": "Department of Education and Labour"}


def test_new_indicator_has_no_earlier_value(before, now):
    now["cities"][0]["indicators"].append(report_facts.indicator(99))

    assert [change for change in changes(before, now) if change["what"] in {"target", "value"}] == []
