"""The sections of a network report: all accepted cities. Turns facts into blocks; no queries, no current time."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.collation import title_key
from core.locales import number
from strategies.selectors.corrections import sentence_about

from . import blocks, dimensions, labels, method, sections
from .changes_section import change_section

PHASES = ("coordination", "kick_off", "pact")


def title() -> str:
    return _("Period report")


def subject(_facts: dict) -> str:
    return _("The whole network")


def document_sections(facts: dict) -> list[dict]:
    cities = facts["cities"]
    made = [
        _summary(facts),
        _gates(cities, facts["period"]),
        _actions(cities),
        _indicators(cities),
        _money(cities),
        _dimensions(facts),
        change_section(facts, names_cities=True),
        _quality(facts),
        method.section(),
    ]
    return [section for section in made if section["blocks"]]


def _all_health(cities: list[dict]) -> dict[str, int]:
    counts = [sections.health_counts(city) for city in cities]
    return {key: sum(one[key] for one in counts) for key in labels.HEALTHS}


def _summary(facts: dict) -> dict:
    cities, missing = facts["cities"], facts["missing"]
    actions = sum(len(city["actions"]) for city in cities)
    updates = sum(city["update_count"] for city in cities)
    judged = [city["name"] for city in cities if city["evaluation"]]
    said = ngettext(
        "For %(period)s the report of %(n)s city has been accepted: %(names)s.",
        "For %(period)s the reports of %(n)s cities have been accepted: %(names)s.",
        len(cities),
    ) % {
        "period": facts["period"]["name"],
        "n": number(len(cities)),
        "names": labels.join_texts(city["name"] for city in cities),
    }
    sentences = [
        ngettext(
            "Together they have %(n)s action: %(health)s.", "Together they have %(n)s actions: %(health)s.", actions
        )
        % {"n": number(actions), "health": labels.health_counts_text(_all_health(cities))},
    ]
    indicators = [row for city in cities for row in city["indicators"]]
    if indicators:
        sentences.append(sections.indicator_sentence(indicators))
    sentences.append(
        _("Evaluations have been published for %(names)s.") % {"names": labels.join_texts(judged)}
        if judged
        else _("No evaluation has been published yet.")
    )
    return blocks.section(
        _("Summary"),
        blocks.text(said),
        blocks.text(" ".join(sentences)),
        _missing_note(missing),
        blocks.figures(
            (
                number(len(cities)),
                ngettext("city report accepted", "city reports accepted", len(cities)),
                _of_all(cities, missing),
            ),
            (number(actions), ngettext("action", "actions", actions)),
            (number(updates), ngettext("update in the period", "updates in the period", updates)),
        ),
    )


def _of_all(cities: list[dict], missing: list[dict]) -> str:
    return _("of %(n)s") % {"n": number(len(cities) + len(missing))}


def _missing_note(missing: list[dict]) -> dict | None:
    if not missing:
        return None
    names = labels.join_texts(f"{city['name']} ({labels.period_state(city['state']).lower()})" for city in missing)
    words = _("Not included, because their reports had not been accepted when this report was issued: %(names)s.")
    return blocks.note(words % {"names": names}, "warm")


def _gates(cities: list[dict], period: dict) -> dict:
    columns = [blocks.wide(_("City")), *(blocks.wide(labels.phase(kind), 2) for kind in PHASES)]
    rows = []
    for city in cities:
        phases = {phase["kind"]: phase for phase in city["phases"]}
        rows.append([city["name"], *(_gate_cell(phases.get(kind)) for kind in PHASES)])
    has_phases = any(city["phases"] for city in cities)
    return blocks.section(
        sections.phases_title(),
        blocks.text(sections.phases_text()) if has_phases else None,
        blocks.table(columns, rows) if has_phases else None,
        sections.phase_timeline(cities, period["ends_on"]),
    )


def _gate_cell(phase: dict | None) -> str | dict:
    if phase is None:
        return "–"
    if phase["actual_end"]:
        dates = _("ended %(day)s") % {"day": labels.day(phase["actual_end"], "medium")}
    elif phase["actual_start"]:
        dates = _("under way since %(day)s") % {"day": labels.day(phase["actual_start"], "medium")}
    else:
        dates = _("planned from %(day)s") % {"day": labels.day(phase["planned_start"], "medium")}
    counts = sections.requirement_counts(phase)
    is_met = counts["all"] == counts["met"] + counts["waived"]
    return blocks.state("met" if is_met else "not_met", sections.gate_text(phase), dates)


def _actions(cities: list[dict]) -> dict:
    used = [key for key in labels.HEALTHS if _all_health(cities)[key]]
    columns = [
        blocks.wide(_("City")),
        blocks.figure_column(_("Actions")),
        *(blocks.figure_column(labels.health(key)) for key in used),
        blocks.figure_column(_("Updates")),
    ]
    rows = [_health_row(city["name"], [city], used) for city in cities]
    total = [{"text": cell, "strong": True} for cell in _health_row(_("All cities"), cities, used)]
    return blocks.section(
        _("Actions by status"),
        sections.health_bars(cities),
        blocks.table(columns, [*rows, total], caption=_("Number of actions")),
        *_attention_list(cities),
    )


def _health_row(name: str, cities: list[dict], used: list[str]) -> list[str]:
    counts = _all_health(cities)
    updates = sum(city["update_count"] for city in cities)
    return [name, number(sum(counts.values())), *(number(counts[key]) for key in used), number(updates)]


def _attention_list(cities: list[dict]) -> list[dict | None]:
    """Return a list of actions that are late, at risk or without a recent update, each with its reason."""
    columns = [blocks.narrow(_("City")), blocks.wide(_("Action"), 3), blocks.wide(_("Status"), 3)]
    rows = [
        [
            city["name"],
            blocks.cell(f"{action['code']} {action['title']}", action["owner"] or _("no owner")),
            blocks.state(action["health"], labels.health(action["health"]), action["reason"]),
        ]
        for city in cities
        for action in city["actions"]
        if _needs_attention(action) and not action.get("is_unnamed")
    ]
    unnamed = sum(
        _needs_attention(action) and action.get("is_unnamed", False) for city in cities for action in city["actions"]
    )
    if not rows and not unnamed:
        return []
    heading = blocks.heading(_("Actions that need attention"))
    return [heading, blocks.table(columns, rows) if rows else None, _unnamed_note(unnamed)]


def _needs_attention(action: dict) -> bool:
    return action["health"] in {"late", "at_risk", "stale"}


def _unnamed_note(count: int) -> dict | None:
    if not count:
        return None
    words = ngettext(
        "%(n)s action that needs attention is not published, so it is counted but not named.",
        "%(n)s actions that need attention are not published, so they are counted but not named.",
        count,
    )
    return blocks.text(words % {"n": number(count)})


def _indicators(cities: list[dict]) -> dict:
    measured = [city for city in cities if city["indicators"]]
    indicators = [row for city in measured for row in city["indicators"]]
    return blocks.section(
        _("Indicators and targets"),
        blocks.text(sections.indicator_sentence(indicators)) if indicators else None,
        _unlisted_note(sum(city.get("unlisted_indicators", 0) for city in cities)) if indicators else None,
        *(sections.indicator_table(city, caption=city["name"]) for city in measured),
    )


def _unlisted_note(count: int) -> dict | None:
    if not count:
        return None
    words = ngettext(
        "%(n)s indicator of a plan that is not published is not listed.",
        "%(n)s indicators of plans that are not published are not listed.",
        count,
    )
    return blocks.text(words % {"n": number(count)})


def _money(cities: list[dict]) -> dict:
    rows = [sections.money_row(city) for city in cities]
    return blocks.section(
        _("Budget and spending"),
        blocks.text(
            _(
                "Amounts are shown in each city’s currency. There is no network total, because no exchange "
                "rates are recorded for the period."
            )
        ),
        blocks.table(sections.money_columns(_("City")), rows),
    )


def _dimensions(facts: dict) -> dict:
    judged = [city for city in facts["cities"] if city["evaluation"]]
    if not judged:
        return blocks.section(_("Six dimensions"), blocks.text(_("No evaluation has been published yet.")))
    rounds = labels.join_texts(dict.fromkeys(city["evaluation"]["round"] for city in judged))
    said = _("Source: %(rounds)s.") % {"rounds": rounds}  # not in the f-string: makemessages does not look inside
    return blocks.section(
        _("Six dimensions"),
        blocks.text(" ".join([said, *_scale_texts(judged)])),
        blocks.note(
            _(
                "The table does not compare cities: each was evaluated in its own context. Read the reasons in "
                "each city’s own report."
            )
        ),
        *dimensions.network_tables(judged),
        *(dimensions.agreement_table(agreed) for agreed in facts["agreement"]),
    )


def _scale_texts(judged: list[dict]) -> list[str]:
    """Return the sentence about the levels, of each framework if they differ."""
    texts = [dimensions.scale_text(group[0]["evaluation"]) for group in dimensions.by_framework(judged)]
    return list(dict.fromkeys(texts))


def _quality(facts: dict) -> dict:
    columns = [
        blocks.wide(_("City")),
        blocks.figure_column(_("Revision")),
        blocks.narrow(_("Submitted")),
        blocks.narrow(_("Accepted")),
        blocks.figure_column(_("Reported late")),
        blocks.figure_column(_("No update")),
        blocks.figure_column(_("No value")),
    ]
    rows = [
        [
            city["name"],
            number(city["revision"]),
            blocks.cell(
                labels.day(city["submitted_on"], "medium"), _("after the due date") if city["submitted_late"] else ""
            ),
            labels.day(city["accepted_on"], "medium"),
            number(city["reported_late"]),
            number(len(sections.actions_without_update(city))),
            number(sum(map(sections.is_missing_value, city["indicators"]))),
        ]
        for city in facts["cities"]
    ]
    missing = [[city["name"], "–", labels.period_state(city["state"]), "–", "–", "–", "–"] for city in facts["missing"]]
    rows = sorted([*rows, *missing], key=lambda row: title_key(row[0]))
    corrected = [city for city in facts["cities"] if city.get("corrected")]
    return blocks.section(
        _("Data quality"),
        *(blocks.text(f"{city['name']}: {sentence_about(city['corrected'])}") for city in corrected),
        blocks.text(
            _(
                "Reports were due on %(due)s. Reported late: updates about days in earlier periods. No update: "
                "actions under way without an update in the period. No value: indicators without a value for "
                "the period."
            )
            % {"due": labels.day(facts["period"]["due_on"])}
        ),
        blocks.table(columns, rows),
    )
