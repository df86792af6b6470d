"""The sections of a city report. Turns facts into blocks; no queries, no current time."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.locales import NOTHING, money, number, percent
from strategies.selectors.corrections import sentence_about
from strategies.selectors.disclosure import few_text

from . import blocks, dimensions, labels, method, sections
from .changes_section import change_section


def title() -> str:
    return _("Period report")


def subject(facts: dict) -> str:
    return facts["cities"][0]["name"]


def document_sections(facts: dict) -> list[dict]:
    city = facts["cities"][0]
    made = [
        _summary(city, facts["period"]),
        _gates(city, facts["period"]),
        _actions(city),
        _updates(city),
        _indicators(city),
        _money(city),
        _dimensions(city),
        change_section(facts, names_cities=False),
        _quality(city),
        method.section(),
    ]
    return [section for section in made if section["blocks"]]


def _summary(city: dict, period: dict) -> dict:
    counts = sections.health_counts(city)
    total = len(city["actions"])
    said = ngettext(
        "%(city)s reported on %(n)s action for %(period)s: %(health)s.",
        "%(city)s reported on %(n)s actions for %(period)s: %(health)s.",
        total,
    ) % {
        "city": city["name"],
        "n": number(total),
        "period": period["name"],
        "health": labels.health_counts_text(counts),
    }
    figures = city["money"]
    strip = [
        (number(total), ngettext("action", "actions", total)),
        (number(city["update_count"]), _("updates in the period"), _late_text(city)),
        (
            money(figures["spent"], city["currency"]),
            _("spent to date"),
            _("of %(budget)s") % {"budget": money(figures["budget"], city["currency"])},
        ),
    ]
    narrative = city["narrative"]
    return blocks.section(
        _("Summary"),
        blocks.text(said if total else _("%(city)s has no actions in its strategy yet.") % {"city": city["name"]}),
        blocks.text(
            " ".join(part for part in (_money_text(city), _indicator_text(city), _evaluation_text(city)) if part)
        ),
        blocks.figures(*strip),
        narrative and blocks.heading(_("In the city’s own words")),
        narrative and blocks.quote(narrative["text"], lang=narrative["language"]),
    )


def _late_text(city: dict) -> str:
    late = city["reported_late"]
    return ngettext("%(n)s reported late", "%(n)s reported late", late) % {"n": number(late)} if late else ""


def _money_text(city: dict) -> str:
    figures, currency = city["money"], city["currency"]
    if figures["budget"] == "0":
        return ""
    return _("Of a budget of %(budget)s, %(spent)s (%(share)s) had been spent by the end of the period.") % {
        "budget": money(figures["budget"], currency),
        "spent": money(figures["spent"], currency),
        "share": sections.share(figures["spent"], figures["budget"]),
    }


def _indicator_text(city: dict) -> str:
    return sections.indicator_sentence(city["indicators"]) if city["indicators"] else ""


def _evaluation_text(city: dict) -> str:
    evaluation = city["evaluation"]
    if not evaluation:
        return _("No evaluation of the strategy has been published yet.")
    return _("The latest published evaluation is from %(round)s.") % {"round": evaluation["round"]}


def _gates(city: dict, period: dict) -> dict:
    return blocks.section(
        sections.phases_title(),
        city["phases"] and blocks.text(sections.phases_text()),
        sections.phase_timeline([city], period["ends_on"]),
        *(sections.requirement_table(phase) for phase in city["phases"]),
    )


def _actions(city: dict) -> dict:
    columns = [
        blocks.wide(_("Action")),
        blocks.wide(_("Status")),
        blocks.figure_column(_("Progress")),
        blocks.figure_column(_("Expected")),
        blocks.figure_column(_("Updates")),
    ]
    rows = [
        [
            blocks.cell(f"{action['code']} {action['title']}", action["owner"] or _("no owner")),
            blocks.state(action["health"], labels.health(action["health"]), action["reason"]),
            percent(action["progress"]),
            percent(action["expected"]),
            number(action["update_count"]),
        ]
        for action in city["actions"]
    ]
    return blocks.section(_("Actions by status"), sections.health_bars([city]), blocks.table(columns, rows))


def _updates(city: dict) -> dict:
    """Return the updates shared with the network, oldest first; the others are only counted."""
    columns = [blocks.narrow(_("Date")), blocks.narrow(_("Action")), blocks.wide(_("Updates"))]
    rows = [
        [labels.day(update["date"], "medium"), update["action"], blocks.cell(update["text"], _below(update))]
        for update in city["updates"]
    ]
    hidden = city["withheld"]
    return blocks.section(
        _("Updates"),
        blocks.table(columns, rows),
        hidden
        and blocks.text(
            ngettext(
                "%(n)s update is not shared by the city. It is counted in the figures but not printed.",
                "%(n)s updates are not shared by the city. They are counted in the figures but not printed.",
                hidden,
            )
            % {"n": number(hidden)}
        ),
    )


def _below(update: dict) -> str:
    said = []
    if update["people"]:
        said.append(_("People reached: %(n)s") % {"n": _people(update["people"])})
    if update["evidence"]:
        count = update["evidence"]
        said.append(ngettext("%(n)s piece of evidence", "%(n)s pieces of evidence", count) % {"n": number(count)})
    if update["is_late"]:
        said.append(_("reported late"))
    return " · ".join(said)


def _people(figure: str) -> str:
    if figure == "few":
        return few_text()
    return number(figure)


def _indicators(city: dict) -> dict:
    summary = city["indicators"] and blocks.text(sections.indicator_sentence(city["indicators"]))
    return blocks.section(_("Indicators and targets"), summary, sections.indicator_table(city))


def _money(city: dict) -> dict:
    currency = city["currency"]
    rows = [
        [
            blocks.cell(f"{action['code']} {action['title']}"),
            NOTHING if action["budget"] == "0" else money(action["budget"], currency),
            money(action["spent"], currency),
            sections.share(action["spent"], action["budget"]),
            money(action["spent_in_period"], currency),
        ]
        for action in city["actions"]
        if action["budget"] != "0" or action["spent"] != "0"
    ]
    if not rows:
        return blocks.section(_("Budget and spending"))
    total = [{"text": cell, "strong": True} for cell in (_("All actions"), *sections.money_row(city)[1:])]
    return blocks.section(
        _("Budget and spending"),
        blocks.text(_("All amounts are in the city’s currency, %(currency)s.") % {"currency": currency}),
        blocks.table(sections.money_columns(_("Action")), [*rows, total]),
    )


def _dimensions(city: dict) -> dict:
    evaluation = city["evaluation"]
    if not evaluation:
        return blocks.section(_("Six dimensions"), blocks.text(_evaluation_text(city)))
    judged = _("Published on %(day)s. It was based on revision %(number)s of %(period)s.") % {
        "day": labels.day(evaluation["published_on"]),
        "number": evaluation["revision"],
        "period": evaluation["period"],
    }
    return blocks.section(
        _("Six dimensions"),
        blocks.text(f"{judged} {dimensions.scale_text(evaluation)}"),
        dimensions.dimension_table(evaluation),
        blocks.heading(_("Reasons for the levels")),
        dimensions.reasons(evaluation),
    )


def _quality(city: dict) -> dict:
    without_update = sections.actions_without_update(city)
    unmeasured = [row["name"] for row in city["indicators"] if sections.is_missing_value(row)]
    without = [row["name"] for row in city["indicators"] if sections.has_no_baseline(row)]
    without_owner = [action["code"] for action in city["actions"] if not action["owner"]]
    rows = [
        (_("Revision"), sections.submission_text(city)),
        (_("Accepted"), labels.day(city["accepted_on"])),
        *([(_("Later corrections"), sentence_about(city["corrected"]))] if city.get("corrected") else []),
        (
            _("Actions under way without an update"),
            labels.join_texts(action["code"] for action in without_update) or pgettext("list", "none"),
        ),
        (_("Updates reported late"), number(city["reported_late"])),
        (_("Indicators without a value"), labels.join_texts(unmeasured) or pgettext("list", "none")),
        (_("Indicators without a baseline"), labels.join_texts(without) or pgettext("list", "none")),
        (_("Actions without an owner"), labels.join_texts(without_owner) or pgettext("list", "none")),
    ]
    return blocks.section(_("Data quality"), blocks.facts(*rows))
