"""Write the snapshot of a submitted period, as JSON that ``strategies.period_snapshot`` reads.

No person is named: authors are given by organisation and role. Keys stay as they are, whatever the fields are called:
older snapshots have them.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q

from cities.enums import BodyKind
from cities.models import Membership
from strategies import revision_parts
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    CityPeriod,
    Evidence,
    Indicator,
    IndicatorValue,
    Milestone,
    Narrative,
    Objective,
    Strategy,
)
from strategies.models.health import health_inputs, health_of

SCHEMA = "strategies.period"


def period_contents(city_period: CityPeriod) -> dict:
    """Return the snapshot of a city's period: its facts and the current plan. The module docstring has the layout."""
    city, period = city_period.city, city_period.period
    strategy = Strategy.objects.current().filter(city=city).first()
    as_of = min(city.today, period.ends_on)
    return {
        "schema": SCHEMA,
        "city": {
            "id": city.pk,
            "slug": city.slug,
            "name": city.name,
            "country": city.country,
            "currency": city.currency,
            "timezone": city.timezone,
        },
        "period": {
            "id": period.pk,
            "name": period.name,
            "starts_on": period.starts_on,
            "ends_on": period.ends_on,
            "due_on": period.due_on,
        },
        "city_period": city_period.pk,
        "revision": city_period.revision,
        "as_of": as_of,
        "narrative": _narrative(city_period),
        "strategy": strategy and _strategy(strategy),
        "actions": _actions(city_period, strategy, as_of),
        "indicators": _indicators(city_period, strategy),
        **revision_parts.contents_of(city_period),
    }


def _narrative(city_period: CityPeriod) -> dict | None:
    found = Narrative.objects.filter(city_period=city_period).first()
    return {"text": found.text, "language": found.language} if found else None


def _strategy(strategy: Strategy) -> dict:
    objectives = Prefetch("objectives", Objective.objects.active())
    areas = list(strategy.areas.active().select_related("theme").prefetch_related(objectives))
    area_ids = {area.pk for area in areas}
    of_strategy = Action.objects.active().filter(objective__area__strategy=strategy)
    action_ids = set(of_strategy.order_by().values_list("pk", flat=True))
    swot = list(strategy.swot_items.filter(withdrawn_at=None).prefetch_related("areas", "actions"))
    swot_ids = {item.pk for item in swot}
    risks = strategy.risks.filter(withdrawn_at=None).prefetch_related("swot_items")
    return {
        "id": strategy.pk,
        "title": strategy.title,
        "vision": strategy.vision,
        "year_from": strategy.year_from,
        "year_to": strategy.year_to,
        "language": strategy.language,
        "status": strategy.status,
        "adopted_on": strategy.adopted_on,
        "areas": [
            {
                "id": area.pk,
                "code": area.code,
                "title": area.title,
                "description": area.description,
                "theme": area.theme and area.theme.code,
                "objectives": [
                    {"id": row.pk, "code": row.code, "title": row.title, "description": row.description}
                    for row in area.objectives.all()
                ],
            }
            for area in areas
        ],
        "swot": [
            {
                "id": item.pk,
                "kind": item.kind,
                "text": item.text,
                "areas": sorted(area.pk for area in item.areas.all() if area.pk in area_ids),
                "actions": sorted(action.pk for action in item.actions.all() if action.pk in action_ids),
            }
            for item in swot
        ],
        "problems": [
            {
                "id": risk.pk,
                "text": risk.text,
                "area": risk.area_id if risk.area_id in area_ids else None,
                "counter_action": risk.mitigating_action_id if risk.mitigating_action_id in action_ids else None,
                "swot_items": sorted(item.pk for item in risk.swot_items.all() if item.pk in swot_ids),
            }
            for risk in risks
        ],
    }


def _actions(city_period: CityPeriod, strategy: Strategy | None, as_of: Any) -> list[dict]:
    """Active actions of the current strategy, and any other action with updates in this period."""
    period = city_period.period
    milestones = Milestone.objects.active().with_outcomes(period)
    updates = ActionUpdate.objects.active().filter(city_period=city_period)
    rows = (
        Action.objects.filter(
            Q(objective__area__strategy=strategy, withdrawn_at=None) | Q(pk__in=updates.values("action"))
        )
        .with_related()
        .with_health_inputs(as_of, upto=period)
        .with_money(upto=period)
        .prefetch_related(
            "partners",
            "target_groups",
            Prefetch("milestones", milestones, to_attr="active_milestones"),
            Prefetch("budget_lines", BudgetLine.objects.active(), to_attr="active_budget_lines"),
        )
        .order_by("objective__area__code_sort", "objective__code_sort", "code_sort", "pk")
    )
    entries = _updates(city_period, updates)
    return [_action(row, entries[row.pk]) for row in rows]


def _action(action: Action, updates: list[dict]) -> dict:
    objective, area = action.objective, action.objective.area
    return {
        "id": action.pk,
        "code": action.code,
        "title": action.title,
        "description": action.description,
        "area": {"id": area.pk, "code": area.code, "title": area.title, "theme": area.theme and area.theme.code},
        "objective": {"id": objective.pk, "code": objective.code, "title": objective.title},
        "owner": action.owner and {"id": action.owner_id, "name": action.owner.name, "kind": action.owner.kind},
        "has_accountable": action.has_responsible,
        "partners": sorted(partner.name for partner in action.partners.all()),
        "target_groups": sorted(group.code for group in action.target_groups.all()),
        "starts_on": action.starts_on,
        "ends_on": action.ends_on,
        "is_pilot": action.is_pilot,
        "is_withdrawn": action.withdrawn_at is not None,
        "budget_status": action.budget_status,
        "budget_lines": [
            {"id": line.pk, "amount": line.amount, "source": line.source, "year": line.year}
            for line in action.active_budget_lines
        ],
        "milestones": [
            {
                "id": milestone.pk,
                "title": milestone.title,
                "due_on": milestone.due_on,
                "weight": milestone.weight,
                "reached_on": milestone.reached_on,
                "dropped_on": milestone.dropped_on,
            }
            for milestone in action.active_milestones
        ],
        "status": action.current_stage or "",
        "health": str(health_of(health_inputs(action))),
        "progress": action.progress,
        "expected": action.expected,
        "next_due_on": action.next_due_on,
        "last_update_on": action.last_update_on,
        "budget": action.budget_total,
        "spent": action.spent_total,
        "spent_in_period": sum((update["spent"] for update in updates if update["spent"] is not None), Decimal(0)),
        "update_count": len(updates),
        "updates": updates,
    }


def _updates(city_period: CityPeriod, rows: Any) -> dict[int, list[dict]]:
    """Return the updates of the period, newest first, by action id."""
    rows = list(
        rows.newest_first()
        .select_related("author__person__organisation", "on_behalf_of__organisation")
        .prefetch_related("reached", "dropped", _evidence())
    )
    people = {row.on_behalf_of_id for row in rows} | {
        getattr(getattr(row.author, "person", None), "pk", None) for row in rows
    }
    roles = _roles(city_period.city_id, {pk for pk in people if pk is not None})
    by_action = defaultdict(list)
    for row in rows:
        by_action[row.action_id].append(_update(row, roles))
    return by_action


def _evidence() -> Prefetch:
    return Prefetch("evidence", Evidence.objects.active().select_related("file"), to_attr="active_evidence")


def _roles(city_id: int, people: set[int]) -> dict[int, list[Membership]]:
    seats = Membership.objects.filter(body__city=city_id, person__in=people).select_related("body").order_by("pk")
    roles = defaultdict(list)
    for seat in seats:
        roles[seat.person_id].append(seat)
    return roles


def _author_role(person: Any, day: Any, roles: dict) -> dict | None:
    """Return a person's organisation, and body and role in the city on that day, without a name."""
    if person is None:
        return None
    held = [
        seat for seat in roles[person.pk] if seat.valid_from <= day and (seat.valid_to is None or seat.valid_to >= day)
    ]
    held.sort(key=lambda seat: seat.body.kind != BodyKind.CITY_OFFICE)
    organisation = person.organisation.name if person.organisation_id else ""
    return {
        "organisation": organisation,
        "body": held[0].body.kind if held else "",
        "role": held[0].role if held else "",
    }


def _update(row: ActionUpdate, roles: dict) -> dict:
    return {
        "id": row.pk,
        "uuid": row.uuid,
        "date": row.date,
        "author": _author_role(getattr(row.author, "person", None), row.date, roles),
        "on_behalf_of": _author_role(row.on_behalf_of, row.date, roles),
        "text": row.text,
        "language": row.language,
        "status": row.stage,
        "progress": row.progress,
        "milestones": sorted(reached.milestone_id for reached in row.reached.all()),
        "dropped": sorted(dropped.milestone_id for dropped in row.dropped.all()),
        "spent": row.spent,
        "spent_reason": row.spent_reason,
        "budget_line": row.budget_line_id,
        "people_reached": row.people_reached,
        "challenges": row.challenges,
        "next_step": row.next_step,
        "visibility": row.visibility,
        "is_nothing_new": row.is_no_change,
        "is_reported_late": row.is_reported_late,
        "evidence": [_evidence_entry(piece) for piece in row.active_evidence],
    }


def _evidence_entry(piece: Evidence) -> dict:
    stored = piece.file
    return {
        "id": piece.pk,
        "title": piece.title,
        "link": piece.link,
        "file": stored
        and {
            "uuid": stored.uuid,
            "name": stored.name,
            "content_type": stored.content_type,
            "size": stored.size,
            "sha256": stored.sha256,
        },
    }


def _indicators(city_period: CityPeriod, strategy: Strategy | None) -> list[dict]:
    period = city_period.period
    values = (
        IndicatorValue.objects.active()
        .filter(city_period__period__starts_on__lte=period.starts_on)
        .select_related("city_period__period", "author__person__organisation")
        .prefetch_related(_evidence())
        .order_by("city_period__period__starts_on")
    )
    measured = IndicatorValue.objects.active().filter(city_period=city_period)
    planned = Q(strategy=strategy, withdrawn_at=None, action__withdrawn_at=None)  # also true without an action
    rows = (
        Indicator.objects.filter(planned | Q(pk__in=measured.values("indicator")))
        .prefetch_related(Prefetch("values", values, to_attr="active_values"))
        .order_by("name", "pk")
    )
    return [_indicator(row, city_period) for row in rows]


INDICATOR = (
    "name",
    "definition",
    "unit",
    "direction",
    "baseline",
    "baseline_on",
    "no_baseline_reason",
    "target",
    "target_on",
    "frequency",
    "source",
    "across_periods",
    "counts_people",
)


def _indicator(indicator: Indicator, city_period: CityPeriod) -> dict:
    entry = {name: getattr(indicator, name) for name in INDICATOR}
    entry |= {"id": indicator.pk, "objective": indicator.objective_id, "action": indicator.action_id, "value": None}
    entry |= {"across_places": indicator.across_cities, "earlier": []}
    for value in indicator.active_values:
        if value.city_period_id == city_period.pk:
            entry["value"] = {
                "id": value.pk,
                "value": value.value,
                "note": value.note,
                "visibility": value.visibility,
                "evidence": [_evidence_entry(piece) for piece in value.active_evidence],
            }
        else:
            earlier = {"period": value.city_period.period.name, "value": value.value, "visibility": value.visibility}
            entry["earlier"].append(earlier)
    return entry
