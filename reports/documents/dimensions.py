"""Tables of the six dimensions in the framework's order: agreed level, and agreement of the independent ratings.

Never show a mean, a total over dimensions or a ranking of cities. A median may be "2–3". "Not assessed" is printed.
"""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.locales import number

from . import blocks, labels

MIN_RATINGS = 2


def consensus_cell(dimension: dict, below: str = "") -> blocks.Cell:
    if dimension["level"] is None:
        return blocks.level("", _("not assessed"), below)
    return blocks.level(str(dimension["level"]), f"{dimension['level']} {dimension['level_name']}".strip(), below)


def no_rating() -> str:
    return _("no independent ratings")


def agreement_text(dimension: dict) -> str:
    spread = dimension["independent"]
    if spread["n"] < MIN_RATINGS:
        return _("too few ratings")
    if not spread["gap"]:
        return _("all agree")
    return ngettext("%(n)s level apart", "%(n)s levels apart", spread["gap"]) % {"n": number(spread["gap"])}


def own_ratings_text(dimension: dict) -> str:
    """Return the medians of the city's own ratings by capacity. They do not count in the independent median."""
    own = [f"{labels.capacity(name)}: {labels.span(spread['median'])}" for name, spread in dimension["beside"].items()]
    return "; ".join(own) or pgettext("list", "none")


def dimension_table(evaluation: dict) -> dict | None:
    columns = [
        blocks.narrow(_("Dimension")),
        blocks.narrow(_("Agreed level")),
        blocks.figure_column(_("Ratings")),
        blocks.figure_column(_("Median")),
        blocks.figure_column(_("Range")),
        blocks.narrow(_("Agreement")),
        blocks.wide(_("The city’s own rating")),
        blocks.narrow(_("Evidence")),
    ]
    rows = [
        [
            dimension["name"],
            consensus_cell(dimension),
            number(dimension["independent"]["n"]),
            labels.span(dimension["independent"]["median"]),
            labels.span(dimension["independent"]["range"]),
            agreement_text(dimension),
            own_ratings_text(dimension),
            labels.strength(dimension["strength"]),
        ]
        for dimension in evaluation["dimensions"]
    ]
    return blocks.table(columns, rows, caption=evaluation["round"], is_levels=True)


def reasons(evaluation: dict) -> dict | None:
    """Return the moderator's reason for each agreed level."""
    return blocks.bullets(
        [
            blocks.cell(f"{dimension['name']}: {dimension['reason'] or dimension['not_assessed_reason']}")
            for dimension in evaluation["dimensions"]
            if dimension["reason"] or dimension["not_assessed_reason"]
        ]
    )


def by_framework(cities: list[dict]) -> list[list[dict]]:
    """Return the evaluated cities, grouped by framework, in the order of the first city of each."""
    groups: dict[str, list[dict]] = {}
    for city in cities:
        if city["evaluation"]:
            groups.setdefault(city["evaluation"]["framework"], []).append(city)
    return list(groups.values())


def network_tables(cities: list[dict]) -> list[dict | None]:
    """Return one table for each framework, with all its dimensions; cities are in alphabetical order."""
    groups = by_framework(cities)
    return [_network_table(judged, names_framework=len(groups) > 1) for judged in groups]


def _network_table(judged: list[dict], *, names_framework: bool) -> dict | None:
    order = [(dimension["code"], dimension["name"]) for dimension in judged[0]["evaluation"]["dimensions"]]
    columns = [blocks.wide(_("City")), *(blocks.wide(name) for _code, name in order)]
    rows = []
    for city in judged:
        found = {dimension["code"]: dimension for dimension in city["evaluation"]["dimensions"]}
        rows.append([city["name"], *(_short_cell(found.get(code)) for code, _name in order)])
    caption = _("Agreed level, with the median, range and number of the independent ratings below it")
    if names_framework:
        caption = f"{judged[0]['evaluation']['framework']}. {caption}"
    return blocks.table(columns, rows, caption=caption, is_levels=True)


def _short_cell(dimension: dict | None) -> blocks.Cell:
    if dimension is None:
        return blocks.level("", "–")
    spread = dimension["independent"]
    below = (
        no_rating()
        if not spread["n"]
        else _("median %(median)s, range %(range)s, ratings: %(n)s")
        % {
            "n": number(spread["n"]),
            "median": labels.span(spread["median"]),
            "range": labels.span(spread["range"]),
        }
    )
    if dimension["level"] is None:
        return blocks.level("", _("not assessed"), below)
    return blocks.level(str(dimension["level"]), str(dimension["level"]), below)


def agreement_table(agreed: dict) -> dict | None:
    """Return a table of a round: agreement of independent raters and strength of evidence, by dimension."""
    columns = [
        blocks.wide(_("Dimension")),
        blocks.figure_column(_("Krippendorff’s alpha")),
        blocks.figure_column(_("Strategies")),
        blocks.figure_column(_("Ratings")),
        blocks.wide(_("Strategies by strength of evidence")),
    ]
    rows = [
        [
            row["name"],
            number(row["alpha"], 2) if row["alpha"] is not None else _why_undefined(row["undefined"]),
            number(row["strategies"]),
            number(row["ratings"]),
            labels.join_texts(f"{labels.strength(key)} {number(row['strengths'][key])}" for key in _strengths(row)),
        ]
        for row in agreed["dimensions"]
    ]
    caption = _("%(round)s: agreement between the independent ratings (ordinal; 1 is full agreement, 0 is chance)")
    return blocks.table(columns, rows, caption=caption % {"round": agreed["round"]})


def _why_undefined(reason: str) -> str:
    return {"too_few": _("too few ratings"), "no_variation": _("not defined: all ratings are the same")}[reason]


def _strengths(row: dict) -> list[str]:
    return [key for key in ("strong", "moderate", "limited", "none") if row["strengths"].get(key)]


def scale_text(evaluation: dict) -> str:
    named = ", ".join(f"{level} {name}" for level, name in evaluation["scale"])
    return _("Levels: %(levels)s. Number, median and range refer to the independent ratings.") % {"levels": named}
