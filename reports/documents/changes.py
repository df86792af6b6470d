"""Compare the facts of two reports and return a list of changes, as keys and figures."""

from decimal import Decimal
from typing import Any

from strategies.selectors.disclosure import is_few


def changes(before: dict, now: dict) -> list[dict]:
    old = {city["slug"]: city for city in before["cities"]}
    found = []
    for city in now["cities"]:
        earlier = old.get(city["slug"])
        if earlier is None:
            found.append({"what": "new_city", "city": city["name"]})
            continue
        for changed in (
            *_actions(earlier, city),
            *_gates(earlier, city),
            *_values(earlier, city),
            *_levels(earlier, city),
        ):
            found.append({"city": city["name"], **changed})
    return found


def _actions(before: dict, now: dict) -> Any:
    old = {action["id"]: action for action in before["actions"]}
    for action in now["actions"]:
        earlier = old.pop(action["id"], None)
        if action.get("is_unnamed"):
            continue
        named = {"code": action["code"], "title": action["title"]}
        if earlier is None:
            yield {"what": "new_action", **named}
        elif earlier["health"] != action["health"]:
            yield {"what": "health", **named, "from": earlier["health"], "to": action["health"]}
    for gone in old.values():
        if gone.get("is_unnamed"):
            continue
        yield {"what": "gone_action", "code": gone["code"], "title": gone["title"]}


def _gates(before: dict, now: dict) -> Any:
    old = {
        (phase["kind"], condition["key"]): condition["state"]
        for phase in before["phases"]
        for condition in phase["conditions"]
    }
    for phase in now["phases"]:
        for condition in phase["conditions"]:
            earlier = old.get((phase["kind"], condition["key"]))
            if earlier and earlier != condition["state"]:
                named = {"phase": phase["kind"], "label": condition["label"]}
                yield {"what": "condition", **named, "from": earlier, "to": condition["state"]}


def _values(before: dict, now: dict) -> Any:
    old = {indicator["id"]: indicator for indicator in before["indicators"]}
    for indicator in now["indicators"]:
        earlier = old.get(indicator["id"])
        if not earlier:
            continue
        counts_few = any(row.get("is_target_small") for row in (earlier, indicator))
        old_target, new_target = (_target(row, counts_few) for row in (earlier, indicator))
        if old_target != new_target:
            named = {"name": indicator["name"], "unit": indicator["unit"]}
            yield {"what": "target", **named, "from": old_target, "to": new_target}


def _target(indicator: dict, counts_few: bool) -> str | None:
    """Return the target, "few" for fewer than five people, even if an earlier report still contained the figure."""
    target = indicator["target"]
    is_small = indicator.get("is_target_small") or (counts_few and target is not None and is_few(Decimal(target)))
    return "few" if is_small else target


def _levels(before: dict, now: dict) -> Any:
    if not now["evaluation"] or now["evaluation"] == before["evaluation"]:
        return
    if not before["evaluation"]:
        yield {"what": "evaluated", "round": now["evaluation"]["round"]}
        return
    old = {dimension["code"]: dimension["level"] for dimension in before["evaluation"]["dimensions"]}
    for dimension in now["evaluation"]["dimensions"]:
        if dimension["code"] in old and old[dimension["code"]] != dimension["level"]:
            named = {"dimension": dimension["name"]}
            yield {"what": "level", **named, "from": old[dimension["code"]], "to": dimension["level"]}
