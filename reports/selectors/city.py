"""Facts of a city report: from the frozen revision and the published result, never from live data.

Only gate checks are read as they are on the day of issue. Records not shared by the city are counted and left out.
Call it with the report's language active: gate checks and reasons are translated sentences.
"""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef

from cities.models import City, Installation
from core.collation import natural_key
from evaluation.models import EvaluationResult, in_language
from evaluation.selectors.published import contents_of
from pilot.gates import check_gates
from reports.exceptions import NoAcceptedReport
from strategies.enums import Addition, Frequency, PeriodVerb
from strategies.models import PeriodRevision, PeriodTransition, ReportingPeriod
from strategies.models.visibility import SHARED_VISIBILITIES
from strategies.selectors.completeness import NO_VALUE_DUE, ends_a_year
from strategies.selectors.corrections import corrected_periods
from strategies.selectors.disclosure import is_few
from strategies.selectors.frozen_rows import frozen_reason
from strategies.targets import combine


class ReportFacts(NamedTuple):
    facts: dict
    revision: PeriodRevision | None  # None for a network report


def city_facts(city: City, period: ReportingPeriod) -> ReportFacts:
    revision = accepted_revision(city, period)
    if revision is None:
        raise NoAcceptedReport
    result = published_result(city, period)
    facts = frame(period) | {
        "cities": [facts_of_city(revision, result)],
        "missing": [],
        "agreement": [],
        "sources": sources(revision, result),
    }
    return ReportFacts(facts, revision)


def frame(period: ReportingPeriod) -> dict:
    installation = Installation.objects.first()
    return {
        "network": {
            "name": installation.network_name if installation else "",
            "is_demo": bool(installation and installation.is_demo),
        },
        "period": {
            "name": period.name,
            "starts_on": period.starts_on.isoformat(),
            "ends_on": period.ends_on.isoformat(),
            "due_on": period.due_on.isoformat(),
        },
    }


def accepted_revision(city: City, period: ReportingPeriod) -> PeriodRevision | None:
    """Return the newest accepted revision, even if the period was reopened since; None without any."""
    transitions = PeriodTransition.objects.filter(
        city_period__city=city, city_period__period=period, verb=PeriodVerb.ACCEPT
    ).order_by("-number")
    transition = transitions.first()
    if transition is None:
        return None
    return PeriodRevision.objects.select_related("city_period__city", "city_period__period").get(
        city_period=transition.city_period_id, number=transition.revision
    )


def published_result(city: City, period: ReportingPeriod) -> EvaluationResult | None:
    """Return the result of the newest published evaluation of this period or an earlier one; None without any."""
    rows = EvaluationResult.objects.filter(
        evaluation__strategy__city=city, evaluation__round__period__starts_on__lte=period.starts_on
    )
    rows = rows.select_related("evaluation")
    return rows.order_by("-evaluation__round__period__starts_on", "-evaluation__published_at", "-pk").first()


def sources(revision: PeriodRevision, result: EvaluationResult | None) -> list[dict]:
    """Return the snapshots a report is made from. If the list differs, the report gets a new revision."""
    slug = revision.city_period.city.slug
    made_of = [{"kind": "revision", "city": slug, "number": revision.number, "sha256": revision.sha256}]
    if result:
        made_of.append({"kind": "evaluation", "city": slug, "sha256": result.sha256})
    corrected = corrected_before(revision)
    if corrected:
        made_of.append({"kind": "correction", "city": slug, "periods": corrected})
    return made_of


def corrected_before(revision: PeriodRevision) -> list[str]:
    """Return the names of earlier periods that the revision rests on and that were corrected and accepted since."""
    accepted = PeriodTransition.objects.filter(
        city_period=OuterRef("city_period"), revision=OuterRef("number"), verb=PeriodVerb.ACCEPT
    )
    return corrected_periods([revision.pk], PeriodRevision.objects.filter(Exists(accepted))).get(revision.pk, [])


def facts_of_city(revision: PeriodRevision, result: EvaluationResult | None) -> dict:
    contents = revision.contents
    actions = contents["actions"]
    updates = [update for entry in actions for update in entry["updates"]]
    listed = [
        _update(entry, update)
        for entry in actions
        for update in entry["updates"]
        if update["visibility"] in SHARED_VISIBILITIES
    ]
    return {
        **{key: contents["city"][key] for key in ("slug", "name", "country", "currency")},
        **_transition_days(revision),
        "revision": revision.number,
        "corrected": corrected_before(revision),
        "narrative": _narrative(contents),
        "phases": _phases(revision.city_period.city, contents),
        "actions": [_action(entry, contents["as_of"]) for entry in actions],
        "updates": sorted(listed, key=lambda update: (update["date"], natural_key(update["action"]))),
        "update_count": len(updates),
        "reported_late": sum(update["is_reported_late"] for update in updates),
        "withheld": len(updates) - len(listed),
        "indicators": [_indicator(entry, contents) for entry in contents["indicators"]],
        "money": {key: _sum(actions, key) for key in ("budget", "spent", "spent_in_period")},
        "evaluation": result and evaluation_facts(result),
    }


def _transition_days(revision: PeriodRevision) -> dict:
    """Return when the revision was submitted and accepted (the last time, if repeated), as ISO strings.

    The days are those in the city.
    """
    city_period, city = revision.city_period, revision.city_period.city
    transitions = city_period.transitions.filter(revision=revision.number).order_by("number")
    at = {transition.verb: transition.at for transition in transitions}
    submitted, due_on = at[PeriodVerb.SUBMIT], city_period.period.due_on
    return {
        "submitted_at": submitted.isoformat(),
        "submitted_on": city.day_of(submitted).isoformat(),
        "submitted_late": city.day_of(submitted) > due_on,
        "accepted_at": at[PeriodVerb.ACCEPT].isoformat(),
        "accepted_on": city.day_of(at[PeriodVerb.ACCEPT]).isoformat(),
        "due_on": due_on.isoformat(),
    }


def _narrative(contents: dict) -> dict | None:
    narrative = contents["narrative"]
    return narrative if narrative and narrative["text"] else None


def _phases(city: City, contents: dict) -> list[dict]:
    # a report is read more widely than any page of the city, so its reasons contain only what everybody may read
    gates = {phase.kind: gate for phase, gate in check_gates(city, AnonymousUser())}
    return [
        phase | {"conditions": [_condition(row) for row in gates.get(phase["kind"], [])]}
        for phase in contents["phases"]
    ]


def _condition(row: Any) -> dict:
    reason = row.waiver.reason if row.waiver and not row.met else row.reason
    return {"key": row.key, "label": str(row.label), "state": row.state, "reason": str(reason)}


def _action(entry: dict, as_of: str) -> dict:
    kept = (
        "id",
        "code",
        "title",
        "health",
        "progress",
        "expected",
        "budget",
        "spent",
        "spent_in_period",
        "update_count",
    )
    return {key: entry[key] for key in kept} | {
        "owner": entry["owner"]["name"] if entry["owner"] else "",
        "reason": frozen_reason(entry, date.fromisoformat(as_of)),
    }


def _update(entry: dict, update: dict) -> dict:
    return {
        "date": update["date"],
        "action": entry["code"],
        "text": update["text"],
        "language": update["language"],
        "people": people_figure(update["people_reached"]),
        "evidence": len(update["evidence"]),
        "is_late": update["is_reported_late"],
    }


def people_figure(count: int | None) -> str:
    """Return the count as text, "few" for fewer than five people, "" for None.

    Counts below five must not leave the city: they could identify somebody.
    """
    if count is None:
        return ""
    return "few" if is_few(count) else str(count)


def _indicator(entry: dict, contents: dict) -> dict:
    value, earlier = entry["value"], entry["earlier"][-1] if entry["earlier"] else None
    kept = ("id", "name", "unit", "direction", "baseline_on", "target_on")
    hides_few = entry["counts_people"]
    baseline, target = (_planned(entry[name], hides_few) for name in ("baseline", "target"))
    now, before = (_value(row, entry["counts_people"]) for row in (value, earlier))
    combined = _combined(entry)
    return {key: entry[key] for key in kept} | {
        "across_periods": entry["across_periods"],
        "combined": None if combined is None else f"{combined.normalize():f}",
        "place": _place(entry, contents),
        "baseline": baseline[0],
        "is_baseline_small": baseline[1],
        "target": target[0],
        "is_target_small": target[1],
        "value": now[0],
        "is_small": now[1],
        "is_withheld": _is_withheld(value),
        "is_due": value is not None or _is_due(entry, contents),
        "previous": before[0],
        "is_previous_small": before[1],
        "is_previous_withheld": _is_withheld(earlier),
    }


def _is_due(entry: dict, contents: dict) -> bool:
    """Return whether a value was due in the period, by the rules of ``completeness.due_indicators``."""
    stages = {action["id"]: action["status"] for action in contents["actions"]}
    if stages.get(entry["action"]) in NO_VALUE_DUE:
        return False
    period = (date.fromisoformat(contents["period"][name]) for name in ("starts_on", "ends_on"))
    return entry["frequency"] == Frequency.PERIOD or ends_a_year(*period)


def _combined(entry: dict) -> Decimal | None:
    """Return the figure that counts for the target; None if one of its values is missing, withheld or too small."""
    how, rows = entry["across_periods"], [*entry["earlier"], *([entry["value"]] if entry["value"] else [])]
    needed = [entry["value"]] if how == Addition.LATEST else rows
    figures = [_value(row, entry["counts_people"])[0] for row in needed]
    if not figures or None in figures:
        return None
    figure = combine(how, [Decimal(figure) for figure in figures if figure is not None])
    return None if entry["counts_people"] and is_few(figure) else figure


def _planned(figure: str | None, counts_people: bool) -> tuple[str | None, bool]:
    """Return ``(figure to print or None, is too small to print)`` for a baseline or target."""
    if counts_people and is_few(figure):
        return None, True
    return figure, False


def _value(row: dict | None, counts_people: bool) -> tuple[str | None, bool]:
    """Return ``(figure to print or None, is too small to print)`` for a value; None also if it is withheld."""
    if row is None or _is_withheld(row):
        return None, False
    if counts_people and is_few(row["value"]):
        return None, True
    return row["value"], False


def _is_withheld(row: dict | None) -> bool:
    return row is not None and row["visibility"] not in SHARED_VISIBILITIES


def _place(entry: dict, contents: dict) -> str:
    """Return the action or objective that the indicator measures; "" for the strategy as a whole."""
    for action in contents["actions"]:
        if action["id"] == entry["action"]:
            return f"{action['code']} {action['title']}"
    for area in (contents["strategy"] or {"areas": []})["areas"]:
        for objective in area["objectives"]:
            if objective["id"] == entry["objective"]:
                return f"{objective['code']} {objective['title']}"
    return ""


def _sum(actions: list[dict], key: str) -> str:
    total = sum((Decimal(entry[key]) for entry in actions), Decimal(0))
    return f"{total.normalize():f}" if total else "0"


def evaluation_facts(result: EvaluationResult) -> dict:
    """Return what is published of an evaluation: levels, reasons and agreement, no single rating."""
    contents = contents_of(result)
    scale = contents["framework"]["scale"]
    names = {level: in_language(scale[level]) for level in sorted(scale, key=int)}
    return {
        "round": contents["round"],
        "period": contents["period"]["name"],
        "revision": contents["revision"]["number"],
        "published_on": contents["published_on"],
        "framework": f"{contents['framework']['name']}, {contents['framework']['version']}",
        "scale": [[level, name] for level, name in names.items()],
        "dimensions": [_dimension(dimension, names) for dimension in contents["dimensions"]],
    }


def _dimension(dimension: dict, names: dict[str, str]) -> dict:
    agreed = dimension["consensus"] or {"level": None, "not_assessed_reason": "", "reason": ""}
    beside = {
        capacity: _spread(spread)
        for capacity, spread in dimension["by_capacity"].items()
        if capacity in {"self", "expert_group"}
    }
    return {
        "code": dimension["code"],
        "name": in_language(dimension["names"]),
        "level": agreed["level"],
        "level_name": names.get(str(agreed["level"]), ""),
        "reason": agreed["reason"],
        "not_assessed_reason": agreed["not_assessed_reason"],
        "independent": _spread(dimension["agreement"]),
        "beside": beside,
        "strength": dimension["evidence"],
    }


def _spread(spread: dict) -> dict:
    low, high = spread["low"], spread["high"]
    shown = "" if low is None else str(low) if low == high else f"{low}-{high}"
    return {"n": spread["n"], "median": spread["median"], "range": shown, "gap": spread["gap"]}
