"""Changes since the previous report: matched by key, described in text."""

import copy

import pytest
from django.utils import translation

from reports.documents import changes_section, city_document, dimensions, labels, network_document, sections
from reports.documents.changes import changes

from . import report_facts


@pytest.fixture
def before():
    return report_facts.facts(report_facts.city(actions=3))


@pytest.fixture
def after(before):
    return copy.deepcopy(before)


def only(found):
    (change,) = found
    return change


def printed_row(change, *, names_cities=False) -> list:
    """Return the printed row of a change."""
    facts = {"previous": {"number": "EPI-1", "issued": "2026-07-01"}, "changes": [change]}
    section = changes_section.change_section(facts, names_cities=names_cities)
    return section["blocks"][1]["rows"][0]


def test_changes_are_empty_for_equal_facts(before, after):
    assert changes(before, after) == []
    facts = {"previous": {"number": "EPI-1", "issued": "2026-07-01"}, "changes": []}
    assert "There are no changes in the figures that are compared." in str(
        changes_section.change_section(facts, names_cities=True)
    )


def test_changed_health_of_an_action_is_reported(before, after):
    after["cities"][0]["actions"][0]["health"] = "done"

    change = only(changes(before, after))

    assert (change["what"], change["from"], change["to"]) == ("health", "on_track", "done")
    assert [cell["text"] for cell in printed_row(change)[1:]] == ["On track", "Done"]


def test_new_and_removed_actions_are_matched_by_id(before, after):
    removed = after["cities"][0]["actions"].pop()
    after["cities"][0]["actions"].append(report_facts.action(99, code=removed["code"]))

    found_changes = changes(before, after)

    assert [change["what"] for change in found_changes] == ["new_action", "gone_action"]
    assert [printed_row(change)[2] for change in found_changes] == ["new in the strategy", "no longer in the strategy"]


def test_changed_requirement_of_a_gate_is_reported(before, after):
    after["cities"][0]["phases"][0]["conditions"] = copy.deepcopy(after["cities"][0]["phases"][0]["conditions"])
    after["cities"][0]["phases"][0]["conditions"][2]["state"] = "met"

    change = only(changes(before, after))

    assert printed_row(change)[0] == {"text": "Its first meeting has minutes", "note": "Coordination structure"}
    assert [cell["text"] for cell in printed_row(change)[1:]] == ["Not yet met", "Met"]


def test_changed_target_of_an_indicator_is_reported(before, after):
    after["cities"][0]["indicators"][0]["target"] = "1450"

    assert printed_row(only(changes(before, after)))[1:] == ["450", "1,450"]


def test_changed_consensus_level_is_reported(before, after):
    after["cities"][0]["evaluation"]["dimensions"][2]["level"] = 3

    assert [cell["text"] for cell in printed_row(only(changes(before, after)))[1:]] == ["not assessed", "3"]


def test_first_evaluation_is_reported(before, after):
    before["cities"][0]["evaluation"] = None

    assert printed_row(only(changes(before, after)))[2] == "first published evaluation"


def test_new_city_is_reported(before, after):
    after["cities"].append(report_facts.city("Lublin", "lublin"))

    change = only(changes(before, after))

    assert printed_row(change, names_cities=True)[:2] == ["Lublin", "The city has reported for the first time"]


def test_newly_hidden_small_target_is_not_reported(before, after):
    """The earlier report still printed targets about few people."""
    row, earlier = after["cities"][0]["indicators"][0], before["cities"][0]["indicators"][0]
    earlier["target"] = "3"
    row |= {"target": None, "is_target_small": True}
    assert changes(before, after) == []

    earlier["target"] = "450"

    (change,) = changes(before, after)
    assert (change["from"], change["to"]) == ("450", "few")
    assert printed_row(change)[-2:] == ["450", "fewer than 5"]


def test_small_figures_of_an_earlier_report_are_printed_unchanged():
    row = sections.indicator_row(report_facts.indicator(1, baseline="2", target="4"))

    assert (row[1]["text"], row[4]["text"]) == ("2", "4")


# ---- text of single figures


@pytest.mark.parametrize(
    "changed, progress",
    [
        ({"value": "300"}, "57%"),
        ({"value": "500"}, "114%"),
        ({"value": "50"}, "-14%"),
        ({"value": None}, "–"),
        ({"baseline": "450"}, "–"),
        ({"direction": "down", "baseline": "400", "target": "200", "value": "250"}, "75%"),
        ({"value": None, "is_small": True}, "–"),
        ({"baseline": "0", "target": "1000", "value": "996"}, "99%"),
        ({"baseline": "0", "target": "1000", "value": "4"}, "1%"),
        ({"baseline": "0", "target": "400", "value": "200", "across_periods": "sum", "combined": "450"}, "113%"),
        ({"direction": "down", "baseline": "20", "target": "30", "value": "25"}, "–"),
    ],
)
def test_progress_to_target_is_a_percentage(changed, progress):
    assert sections.progress_to_target(report_facts.indicator(1, **changed)) == progress


@pytest.mark.parametrize(
    "changed, reached",
    [
        ({"value": "450"}, True),
        ({"value": "449"}, False),
        ({"direction": "down", "value": "451"}, False),
        ({"direction": "down", "value": "450"}, True),
        ({"value": None}, None),
        ({"target": None}, None),
        ({"value": "200", "target": "400", "across_periods": "sum", "combined": "450"}, True),
        ({"value": "450", "target": "400", "across_periods": "mean", "combined": "390"}, False),
    ],
)
def test_target_reached_follows_the_direction(changed, reached):
    assert sections.is_reached(report_facts.indicator(1, **changed)) is reached


def test_withheld_value_is_marked():
    row = sections.indicator_row(report_facts.indicator(1, value=None, is_withheld=True))

    assert row[3] == "not shared by the city"


def test_indicator_row_shows_how_values_are_combined():
    summed = report_facts.indicator(1, across_periods="sum", combined="450")

    assert sections.indicator_row(summed)[5]["note"] == "sum: 450"


def test_indicator_row_shows_unit_and_action():
    row = sections.indicator_row(report_facts.indicator(1))

    assert row[0] == {"text": "Employees trained in intercultural work, unit 1", "note": "people · A1 Courses"}


def test_network_table_shows_the_spread_of_each_dimension():
    ((row,),) = (table["rows"] for table in dimensions.network_tables([report_facts.city()]))

    assert row[2]["note"] == "median 2–3, range 1–4, ratings: 4"
    assert row[6]["note"] == "no independent ratings"


@pytest.mark.parametrize(
    "spread, words",
    [
        (report_facts.spread(1, "3", 3, 3), "too few ratings"),
        (report_facts.spread(3, "3", 3, 3), "all agree"),
        (report_facts.spread(2, "2-3", 2, 3), "1 level apart"),
        (report_facts.spread(4, "2-3", 1, 4), "3 levels apart"),
    ],
)
def test_agreement_text_for_each_spread(spread, words):
    assert dimensions.agreement_text({"independent": spread}) == words


def test_network_report_has_a_table_for_each_framework_with_all_its_dimensions():
    cities = [report_facts.city(), report_facts.city("Lublin", "lublin"), report_facts.city("Riga", "riga")]
    second = cities[1]["evaluation"]
    second["framework"], second["scale"] = "EPI 2027, 2", [["1", "no"], ["2", "yes"]]
    second["dimensions"][0] |= {"code": "participation", "name": "Participation"}

    first_table, second_table = dimensions.network_tables(cities)

    assert [row[0] for row in first_table["rows"]] == ["Linköping", "Riga"]
    assert [row[0] for row in second_table["rows"]] == ["Lublin"]
    assert second_table["caption"].startswith("EPI 2027, 2. ")
    heads = [[column["text"] for column in table["columns"]] for table in (first_table, second_table)]
    assert [head[1] for head in heads] == ["Relevance", "Participation"]
    assert dimensions.network_tables([]) == []
    text = str(network_document.document_sections(report_facts.network_facts(cities=cities)))
    assert "Participation" in text
    assert "1 no, 2 yes" in text


def test_network_table_of_one_framework_does_not_name_it():
    (table,) = dimensions.network_tables([report_facts.city(), report_facts.city("Lublin", "lublin")])

    assert table["caption"] == "Agreed level, with the median, range and number of the independent ratings below it"


def test_sections_without_content_are_omitted():
    empty = report_facts.city(actions=0, is_evaluated=False, phases=[], indicators=[], updates=[], withheld=0)
    facts = report_facts.facts(empty)

    city = [section["title"] for section in city_document.document_sections(facts)]
    network = [section["title"] for section in network_document.document_sections(facts)]

    assert "Indicators and targets" not in city + network
    assert "Budget and spending" not in city
    assert "Method" in city
    assert "Linköping has no actions in its strategy yet." in str(city_document.document_sections(facts)[0])


def test_health_counts_are_joined_in_one_sentence():
    assert labels.health_counts_text({"stale": 2, "done": 1, "late": 0}) == "1 done and 2 without a recent update"


def test_health_counts_follow_the_number_in_swedish():
    with translation.override("sv"):
        assert labels.health_counts_text({"done": 1, "late": 2, "cancelled": 1}) == "1 klar, 2 försenade och 1 avbruten"


def test_action_cell_shows_code_title_and_owner():
    actions = next(
        section
        for section in city_document.document_sections(report_facts.facts())
        if section["title"] == "Actions by status"
    )

    first = actions["blocks"][-1]["rows"][0][0]
    assert first == {"text": f"A1 {report_facts.action(1)['title']}", "note": "Department of Education and Labour"}


def test_new_indicator_has_no_earlier_value(before, after):
    after["cities"][0]["indicators"].append(report_facts.indicator(99))

    assert [change for change in changes(before, after) if change["what"] in {"target", "value"}] == []


def test_city_without_a_dimension_has_a_dash_and_one_without_evaluation_no_row():
    short = report_facts.city("Lublin", "lublin")
    short["evaluation"]["dimensions"] = short["evaluation"]["dimensions"][:1]
    long = report_facts.city()
    second = dict(long["evaluation"]["dimensions"][0], code="second", name="Second")
    long["evaluation"]["dimensions"] = [*long["evaluation"]["dimensions"], second]

    (table,) = dimensions.network_tables([long, short, report_facts.city("Riga", "riga", is_evaluated=False)])

    assert len(table["rows"]) == 2
    assert "–" in str(table["rows"][1][-1])
