"""The section about changes since the previous report."""

from django.utils.translation import gettext as _

from core.locales import NOTHING, number
from strategies.selectors.disclosure import few_text

from . import blocks, labels


def change_section(facts: dict, *, names_cities: bool) -> dict:
    title, previous = _("Changes since the last report"), facts["previous"]
    if previous is None:
        return blocks.section(title, blocks.text(_("There is no earlier report to compare with.")))
    since = _("Compared with report %(number)s, issued on %(day)s.") % {
        "number": previous["number"],
        "day": labels.day(previous["issued"]),
    }
    found = facts["changes"]
    if not found:
        nothing = _("There are no changes in the figures that are compared.")
        return blocks.section(title, blocks.text(f"{since} {nothing}"))
    reports = (_("Previous report"), _("This report"))
    columns = [blocks.wide(_("Item"), 3), *(blocks.wide(title, 2) for title in reports)]
    rows = [_ROWS[change["what"]](change) for change in found]
    if names_cities:
        columns = [blocks.narrow(_("City")), *columns]
        rows = [[change["city"], *row] for change, row in zip(found, rows, strict=True)]
    return blocks.section(title, blocks.text(since), blocks.table(columns, rows))


def _named(change: dict) -> str:
    return f"{change['code']} {change['title']}"


def _health(change: dict) -> list:
    marks = [blocks.state(change[side], labels.health(change[side])) for side in ("from", "to")]
    return [_named(change), *marks]


def _condition(change: dict) -> list:
    marks = [blocks.state(change[side], labels.state_label(change[side])) for side in ("from", "to")]
    return [blocks.cell(change["label"], labels.phase(change["phase"])), *marks]


def _target(change: dict) -> list:
    name = _("Target for “%(name)s”") % {"name": change["name"]}
    return [
        blocks.cell(name, change["unit"]),
        *(few_text() if change[side] == "few" else number(change[side]) for side in ("from", "to")),
    ]


def _level(change: dict) -> list:
    levels = [
        blocks.level("", _("not assessed"))
        if change[side] is None
        else blocks.level(str(change[side]), str(change[side]))
        for side in ("from", "to")
    ]
    return [_("Agreed level: %(name)s") % {"name": change["dimension"]}, *levels]


_ROWS = {
    "new_city": lambda change: [_("The city has reported for the first time"), NOTHING, NOTHING],
    "new_action": lambda change: [_named(change), NOTHING, _("new in the strategy")],
    "gone_action": lambda change: [_named(change), NOTHING, _("no longer in the strategy")],
    "health": _health,
    "condition": _condition,
    "target": _target,
    "level": _level,
    "evaluated": lambda change: [change["round"], NOTHING, _("first published evaluation")],
}
