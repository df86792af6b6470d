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
from core.snapshots import decimal_text
from evaluation.models import EvaluationResult, in_language
from evaluation.selectors.published import contents_of
from pilot.gates import check_gates
from reports.exceptions import NoAcceptedReport
from strategies.enums import Addition, Frequency, PeriodVerb
from strategies.models import PeriodRevision, PeriodTransition, ReportingPeriod
from strategies.models.visibility import SHARED_VISIBILITIES
from strategies.period_snapshot import (
    PeriodSnapshot,
    SnapshotAction,
    SnapshotEarlierValue,
    SnapshotIndicator,
    SnapshotUpdate,
    SnapshotValue,
)
from strategies.selectors.completeness import NO_VALUE_DUE, ends_a_year
from strategies.selectors.corrections import corrected_periods
from strategies.selectors.disclosure import is_few
from strategies.selectors.frozen_rows import frozen_reason
from strategies.targets import combine

AnyValue = SnapshotValue | SnapshotEarlierValue


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
    snapshot = revision.read()
    actions, updates = snapshot.actions, snapshot.updates
    listed = [
        _update(action, update)
        for action in actions
        for update in action.updates
        if update.visibility in SHARED_VISIBILITIES
    ]
    return {
        **{key: getattr(snapshot.city, key) for key in ("slug", "name", "country", "currency")},
        **_transition_days(revision),
        "revision": revision.number,
        "corrected": corrected_before(revision),
        "narrative": _narrative(snapshot),
        "phases": _phases(revision.city_period.city, snapshot),
        "actions": [_action(action, snapshot.as_of) for action in actions],
        "updates": sorted(listed, key=lambda update: (update["date"], natural_key(update["action"]))),
        "update_count": len(updates),
        "reported_late": sum(update.is_reported_late for update in updates),
        "withheld": len(updates) - len(listed),
        "indicators": [_indicator(indicator, snapshot) for indicator in snapshot.indicators],
        "money": {key: _plain(_sum(actions, key)) for key in ("budget", "spent", "spent_in_period")},
        "evaluation": result and evaluation_facts(result),
    }


def _transition_days(revision: PeriodRevision) -> dict:
    """Return when the revision was submitted and accepted (the last time, if repeated), as ISO strings.

    The days are those in the city.
    """
    city_period, city = revision.city_period, revision.city_period.city
    transitions = city_period.transitions.filter(revision__lte=revision.number).order_by("number")
    at = {transition.verb: transition.at for transition in transitions}  # a redaction submits nothing again
    submitted, due_on = at[PeriodVerb.SUBMIT], city_period.period.due_on
    return {
        "submitted_at": submitted.isoformat(),
        "submitted_on": city.day_of(submitted).isoformat(),
        "submitted_late": city.day_of(submitted) > due_on,
        "accepted_at": at[PeriodVerb.ACCEPT].isoformat(),
        "accepted_on": city.day_of(at[PeriodVerb.ACCEPT]).isoformat(),
        "due_on": due_on.isoformat(),
    }


def _narrative(snapshot: PeriodSnapshot) -> dict | None:
    narrative = snapshot.narrative
    return {"text": narrative.text, "language": narrative.language} if narrative and narrative.text else None


def _phases(city: City, snapshot: PeriodSnapshot) -> list[dict]:
    # a report is read more widely than any page of the city, so its reasons contain only what everybody may read
    gates = {phase.kind: gate for phase, gate in check_gates(city, AnonymousUser())}
    return [
        phase | {"conditions": [_condition(row) for row in gates.get(phase["kind"], [])]}
        for phase in snapshot.parts["phases"]
    ]


def _condition(row: Any) -> dict:
    reason = row.waiver.reason if row.waiver and not row.met else row.reason
    return {"key": row.key, "label": str(row.label), "state": row.state, "reason": str(reason)}


def _action(action: SnapshotAction, as_of: date) -> dict:
    kept = ("id", "code", "title", "progress", "expected", "update_count")
    return {key: getattr(action, key) for key in kept} | {
        **{key: _plain(getattr(action, key)) for key in ("budget", "spent", "spent_in_period")},
        "health": action.health.value,
        "owner": action.owner.name if action.owner else "",
        "reason": frozen_reason(action, as_of),
    }


def _update(action: SnapshotAction, update: SnapshotUpdate) -> dict:
    return {
        "date": update.date.isoformat(),
        "action": action.code,
        "text": update.text,
        "language": update.language,
        "people": people_figure(update.people_reached),
        "evidence": len(update.evidence),
        "is_late": update.is_reported_late,
    }


def people_figure(count: int | None) -> str:
    """Return the count as text, "few" for fewer than five people, "" for None.

    Counts below five must not leave the city: they could identify somebody.
    """
    if count is None:
        return ""
    return "few" if is_few(count) else str(count)


def _indicator(indicator: SnapshotIndicator, snapshot: PeriodSnapshot) -> dict:
    value, earlier = indicator.value, indicator.earlier[-1] if indicator.earlier else None
    hides_few = indicator.counts_people
    baseline, target = (_planned(figure, hides_few) for figure in (indicator.baseline, indicator.target))
    now, before = (_value(row, hides_few) for row in (value, earlier))
    return {key: getattr(indicator, key) for key in ("id", "name", "unit", "direction", "across_periods")} | {
        "baseline_on": _iso(indicator.baseline_on),
        "target_on": _iso(indicator.target_on),
        "combined": _plain(_combined(indicator)),
        "place": _place(indicator, snapshot),
        "baseline": _plain(baseline[0]),
        "is_baseline_small": baseline[1],
        "target": _plain(target[0]),
        "is_target_small": target[1],
        "value": _plain(now[0]),
        "is_small": now[1],
        "is_withheld": _is_withheld(value),
        "is_due": value is not None or _is_due(indicator, snapshot),
        "previous": _plain(before[0]),
        "is_previous_small": before[1],
        "is_previous_withheld": _is_withheld(earlier),
    }


def _is_due(indicator: SnapshotIndicator, snapshot: PeriodSnapshot) -> bool:
    """Return whether a value was due in the period, by the rules of ``completeness.due_indicators``."""
    if any(action.id == indicator.action_id and action.stage in NO_VALUE_DUE for action in snapshot.actions):
        return False
    period = snapshot.period
    return indicator.frequency == Frequency.PERIOD or ends_a_year(period.starts_on, period.ends_on)


def _combined(indicator: SnapshotIndicator) -> Decimal | None:
    """Return the figure that counts for the target; None if one of its values is missing, withheld or too small."""
    how, value = indicator.across_periods, indicator.value
    rows: list[AnyValue | None] = [*indicator.earlier, *([value] if value else [])]
    needed = [value] if how == Addition.LATEST else rows
    figures = [_value(row, indicator.counts_people)[0] for row in needed]
    if not figures or None in figures:
        return None
    figure = combine(how, [figure for figure in figures if figure is not None])
    return None if indicator.counts_people and is_few(figure) else figure


def _planned(figure: Decimal | None, counts_people: bool) -> tuple[Decimal | None, bool]:
    """Return ``(figure to print or None, is too small to print)`` for a baseline or target."""
    if counts_people and is_few(figure):
        return None, True
    return figure, False


def _value(row: AnyValue | None, counts_people: bool) -> tuple[Decimal | None, bool]:
    """Return ``(figure to print or None, is too small to print)`` for a value; None also if it is withheld."""
    return (None, False) if row is None or _is_withheld(row) else _planned(row.value, counts_people)


def _is_withheld(row: AnyValue | None) -> bool:
    return row is not None and row.visibility not in SHARED_VISIBILITIES


def _place(indicator: SnapshotIndicator, snapshot: PeriodSnapshot) -> str:
    """Return the action or objective that the indicator measures; "" for the strategy as a whole."""
    areas = snapshot.strategy.areas if snapshot.strategy else []
    objectives = [objective for area in areas for objective in area.objectives]
    measured: list[Any] = [action for action in snapshot.actions if action.id == indicator.action_id]
    measured += [objective for objective in objectives if objective.id == indicator.objective_id]
    return f"{measured[0].code} {measured[0].title}" if measured else ""


def _sum(actions: list[SnapshotAction], key: str) -> Decimal:
    return sum((getattr(action, key) for action in actions), Decimal(0))


def _plain(figure: Decimal | None) -> str | None:
    return None if figure is None else decimal_text(figure)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


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
