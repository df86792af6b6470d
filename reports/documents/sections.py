"""Parts that both kinds of report use. ``city`` is one city's facts as returned by ``selectors.report_city``."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cities.enums import Visibility
from core.locales import NOTHING, money, number, percent
from strategies import targets
from strategies.enums import Addition
from strategies.selectors.disclosure import few_text, withheld_text

from . import blocks, labels
from .timeline import timeline

HEALTH_KEY = labels.HEALTHS


def health_counts(city: dict) -> dict[str, int]:
    counts = dict.fromkeys(HEALTH_KEY, 0)
    for action in city["actions"]:
        counts[action["health"]] += 1
    return counts


def health_bars(cities: list[dict]) -> dict | None:
    key = [(name, labels.health(name)) for name in HEALTH_KEY]
    rows = [(city["name"], health_counts(city)) for city in cities]
    return blocks.bars(_("Actions by status at the end of the period"), key, rows)


# ---- phases and their gate checks


def phases_title() -> str:
    return _("The pilot: three phases and their requirements")


def phases_text() -> str:
    return _(
        "Each phase has a list of requirements, such as an adopted strategy or a meeting with minutes. They "
        "are checked against what the cities have entered and show how far the phase has progressed. A phase can "
        "start and end even if a requirement is not met."
    )


def phase_timeline(cities: list[dict], ends_on: str) -> dict | None:
    rows = []
    for city in cities:
        for phase in city["phases"]:
            planned = (date.fromisoformat(phase["planned_start"]), date.fromisoformat(phase["planned_end"]))
            actual = tuple(phase[name] and date.fromisoformat(phase[name]) for name in ("actual_start", "actual_end"))
            label = labels.phase(phase["kind"])
            label = label if len(cities) == 1 else f"{city['name']}: {label}"
            rows.append({"label": label, "planned": planned, "actual": actual})
    return timeline(_("Pilot phases"), rows, ends_on=date.fromisoformat(ends_on))


def requirement_counts(phase: dict) -> dict[str, int]:
    states = [condition["state"] for condition in phase["conditions"]]
    return {"all": len(states), "met": states.count("met"), "waived": states.count("waived")}


def gate_text(phase: dict) -> str:
    counts = requirement_counts(phase)
    said = _("%(met)s of %(all)s requirements met") % {key: number(count) for key, count in counts.items()}
    if counts["waived"]:
        said += ", " + ngettext("%(n)s waived", "%(n)s waived", counts["waived"]) % {"n": number(counts["waived"])}
    return said


def requirement_table(phase: dict) -> dict | None:
    rows = [
        [
            condition["label"],
            blocks.state(condition["state"], labels.state_label(condition["state"])),
            condition["reason"],
        ]
        for condition in phase["conditions"]
    ]
    columns = [blocks.wide(_("Requirement"), 3), blocks.narrow(_("Status")), blocks.wide(_("Reason"), 3)]
    caption = f"{labels.phase(phase['kind'])}: {gate_text(phase)}"
    return blocks.table(columns, rows, caption=caption)


# ---- indicators


def value_text(indicator: dict, when: str) -> str:
    """Return the figure as text; ``when`` is "value" or "previous". A withheld figure differs from a missing one."""
    kept = {"value": ("is_small", "is_withheld"), "previous": ("is_previous_small", "is_previous_withheld")}
    is_small, is_withheld = (indicator[name] for name in kept[when])
    if is_withheld:
        return withheld_text(Visibility.CITY)
    return few_text() if is_small else number(indicator[when])


def planned_text(indicator: dict, name: str) -> str:
    """Return baseline or target (``name``) as text. Reports of earlier releases lack the ``is_…_small`` keys."""
    return few_text() if indicator.get(f"is_{name}_small") else number(indicator[name])


def _figure(indicator: dict, name: str) -> Decimal | None:
    """Return a figure of the indicator. Facts of schema version 1 lack the combined one: the newest value counted."""
    text = indicator.get("combined", indicator["value"]) if name == "combined" else indicator[name]
    return None if text is None else Decimal(text)


def progress_to_target(indicator: dict) -> str:
    """Return the progress from baseline to target in per cent; more than 100 % if the target is exceeded."""
    baseline, target, combined = (_figure(indicator, name) for name in ("baseline", "target", "combined"))
    return percent(targets.share_reached(indicator["direction"], baseline, target, combined))


def is_reached(indicator: dict) -> bool | None:
    """Return whether the target is reached; None without a figure or target."""
    return targets.is_reached(indicator["direction"], _figure(indicator, "target"), _figure(indicator, "combined"))


def _how_combined(indicator: dict) -> str:
    """Return how the values count for the target, such as "sum: 450"; "" where only the newest one does."""
    how = indicator.get("across_periods", Addition.LATEST)
    if how == Addition.LATEST or indicator["combined"] is None:
        return ""
    return f"{Addition(how).label}: {number(indicator['combined'])}"


def has_value(indicator: dict) -> bool:
    """Return whether there is a value for the period, printed or not."""
    return indicator["value"] is not None or indicator["is_small"] or indicator["is_withheld"]


def is_due(indicator: dict) -> bool:
    """Return whether a value was due in the period. Facts of schema version 1 do not say so: all were."""
    return indicator.get("is_due", True)


def is_missing_value(indicator: dict) -> bool:
    return is_due(indicator) and not has_value(indicator)


def has_no_baseline(indicator: dict) -> bool:
    """Return whether there is none. One that is too small to print exists."""
    return indicator["baseline"] is None and not indicator.get("is_baseline_small")


def indicator_row(indicator: dict) -> list:
    baseline_on, target_on = (labels.day(indicator[key], "medium") for key in ("baseline_on", "target_on"))
    return [
        blocks.cell(indicator["name"], " · ".join(part for part in (indicator["unit"], indicator["place"]) if part)),
        blocks.cell(planned_text(indicator, "baseline"), "" if baseline_on == NOTHING else baseline_on),
        value_text(indicator, "previous"),
        value_text(indicator, "value"),
        blocks.cell(planned_text(indicator, "target"), "" if target_on == NOTHING else target_on),
        blocks.cell(progress_to_target(indicator), _how_combined(indicator)),
    ]


def indicator_table(city: dict, caption: str = "") -> dict | None:
    figures = (_("Baseline"), _("Previous period"), _("This period"), _("Target"), _("Progress towards target"))
    columns = [blocks.wide(_("Indicator and unit"), 7), *(blocks.figure_column(title, 2) for title in figures)]
    return blocks.table(columns, [indicator_row(row) for row in city["indicators"]], caption=caption)


def indicator_sentence(indicators: list[dict]) -> str:
    measured = sum(map(has_value, indicators))
    reached = sum(is_reached(row) is True for row in indicators)
    return _("Indicators with a value for this period: %(measured)s of %(n)s. Targets reached: %(reached)s.") % {
        "measured": number(measured),
        "n": number(sum(has_value(row) or is_due(row) for row in indicators)),
        "reached": number(reached),
    }


# ---- money


def share(part: str, whole: str) -> str:
    return percent(100 * Decimal(part) / Decimal(whole)) if Decimal(whole) else NOTHING


def money_row(city: dict) -> list:
    figures = city["money"]
    return [
        city["name"],
        money(figures["budget"], city["currency"]),
        money(figures["spent"], city["currency"]),
        share(figures["spent"], figures["budget"]),
        money(figures["spent_in_period"], city["currency"]),
    ]


def money_columns(first: str) -> list[dict]:
    titles = (_("Budget"), _("Spent to date"), _("Share of budget"), _("Spent in the period"))
    return [blocks.wide(first), *(blocks.figure_column(title) for title in titles)]


# ---- data quality


def submission_text(city: dict) -> str:
    """Return when the city reported, as one or two sentences."""
    said = [
        _("Submitted on %(day)s (due on %(due)s), revision %(number)s.")
        % {"day": labels.day(city["submitted_on"]), "due": labels.day(city["due_on"]), "number": city["revision"]}
    ]
    if city["submitted_late"]:
        said.append(_("This was after the due date."))
    return " ".join(said)


def actions_without_update(city: dict) -> list[dict]:
    """Return actions under way that have no update in the period."""
    return [
        action
        for action in city["actions"]
        if not action["update_count"] and action["health"] not in {"done", "cancelled", "paused", "not_started"}
    ]
