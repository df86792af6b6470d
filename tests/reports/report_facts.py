"""Facts as the selectors return them, for tests of the documents made from them."""

from datetime import UTC, datetime

from django.utils import translation

from core.snapshots import canonical
from reports.documents.document import snapshot_contents

ISSUED_AT = datetime(2026, 10, 12, 8, 30, tzinfo=UTC)
HEALTHS = ["done", "on_track", "at_risk", "late", "stale", "not_started", "cancelled"]
DIMENSIONS = ["Relevance", "Coherence", "Effectiveness", "Efficiency", "Impact", "Sustainability"]


def action(number: int, **changed) -> dict:
    health = HEALTHS[number % len(HEALTHS)]
    return {
        "id": number,
        "code": f"A{number}",
        "title": f"Courses in the language of the place and in civic orientation, group {number}",
        "owner": "" if number % 5 == 4 else "Department of Education and Labour",
        "health": health,
        "reason": "The milestone “First group enrolled” was due on 1 September 2026." if health == "late" else "",
        "progress": 7 * number % 101,
        "expected": 55,
        "budget": str(120000 + 1000 * number),
        "spent": str(40000 + 1500 * number),
        "spent_in_period": str(8000 + 10 * number),
        "update_count": number % 4,
    } | changed


def update(number: int, **changed) -> dict:
    return {
        "date": f"2026-0{7 + number % 3}-1{number % 9}",
        "action": f"A{number}",
        "text": "The second group of the course has begun; 24 people take part. The library lends its rooms.",
        "language": "en",
        "people": "few" if number % 4 == 1 else str(20 + number),
        "evidence": number % 3,
        "is_late": number % 5 == 0,
    } | changed


def indicator(number: int, **changed) -> dict:
    return {
        "id": number,
        "name": f"Employees trained in intercultural work, unit {number}",
        "place": f"A{number} Courses",
        "unit": "people",
        "direction": "up",
        "baseline": "100",
        "baseline_on": "2025-12-31",
        "target": "450",
        "target_on": "2027-06-30",
        "value": str(210 + 90 * number),
        "previous": str(150 + 20 * number),
        "is_small": False,
        "is_withheld": False,
        "is_previous_small": False,
        "is_previous_withheld": False,
    } | changed


def phases() -> list[dict]:
    conditions = [
        {
            "key": "official",
            "label": "The expert group has a municipal official",
            "state": "met",
            "reason": "Two of them",
        },
        {
            "key": "partner",
            "label": "The expert group has a technical partner",
            "state": "waived",
            "reason": "Joins in autumn",
        },
        {
            "key": "minutes",
            "label": "Its first meeting has minutes",
            "state": "not_met",
            "reason": "The minutes are missing",
        },
    ]
    days = [
        ("coordination", "2026-01-01", "2026-12-31", "2026-01-20", None),
        ("kick_off", "2026-03-01", "2026-04-30", "2026-03-10", "2026-05-04"),
    ]
    days.append(("pact", "2026-06-01", "2027-06-30", None, None))
    keys = ("kind", "planned_start", "planned_end", "actual_start", "actual_end")
    return [dict(zip(keys, row, strict=True)) | {"conditions": conditions} for row in days]


def spread(n: int, median: str, low: int | None, high: int | None) -> dict:
    known = low is not None
    span = "" if not known else str(low) if low == high else f"{low}-{high}"
    return {"n": n, "median": median, "range": span, "gap": high - low if known else None}


def evaluation() -> dict:
    levels = [3, 2, None, 4, 1, 3]
    spreads = [
        spread(4, "3", 3, 3),
        spread(4, "2-3", 1, 4),
        spread(1, "2", 2, 2),
        spread(4, "4", 3, 4),
        spread(4, "1-2", 1, 3),
        spread(0, "", None, None),
    ]
    return {
        "round": "Evaluation of spring 2026",
        "period": "2026 Q2",
        "revision": 1,
        "published_on": "2026-09-20",
        "framework": "EPI 2021, 1",
        "scale": [["1", "not met"], ["2", "partly met"], ["3", "largely met"], ["4", "fully met"]],
        "dimensions": [
            {
                "code": name.lower(),
                "name": name,
                "level": level,
                "level_name": "" if level is None else ["not met", "partly met", "largely met", "fully met"][level - 1],
                "reason": ""
                if level is None
                else "The raters found the measures well founded in the city’s own analysis.",
                "not_assessed_reason": "Too early to tell." if level is None else "",
                "independent": independent,
                "beside": {"self": spread(1, "3", 3, 3), "expert_group": spread(2, "3-4", 3, 4)},
                "strength": "moderate",
            }
            for name, level, independent in zip(DIMENSIONS, levels, spreads, strict=True)
        ],
    }


def city(name="Linköping", slug="linkoping", *, actions=14, currency="SEK", is_evaluated=True, **changed) -> dict:
    rows = [action(number) for number in range(1, actions + 1)]
    total = {key: str(sum(int(row[key]) for row in rows)) for key in ("budget", "spent", "spent_in_period")}
    return {
        "slug": slug,
        "name": name,
        "country": "SE",
        "currency": currency,
        "revision": 2,
        "submitted_at": "2026-10-05T09:12:00+00:00",
        "submitted_on": "2026-10-05",
        "submitted_late": False,
        "accepted_at": "2026-10-09T13:40:00+00:00",
        "accepted_on": "2026-10-09",
        "due_on": "2026-10-15",
        "narrative": {
            "text": "Kvartalet präglades av uppstarten.\n\nFler grupper än väntat anmälde sig.",
            "language": "sv",
        },
        "phases": phases(),
        "actions": rows,
        "updates": [update(number) for number in range(1, actions + 1)],
        "update_count": actions + 3,
        "reported_late": 2,
        "withheld": 3,
        "indicators": [indicator(1), indicator(2, value=None, target=None), indicator(3, is_small=True, value=None)],
        "money": total,
        "evaluation": evaluation() if is_evaluated else None,
    } | changed


def facts(*cities: dict, is_demo=True, **changed) -> dict:
    return {
        "network": {"name": "European Pact for Integration", "is_demo": is_demo},
        "period": {"name": "2026 Q3", "starts_on": "2026-07-01", "ends_on": "2026-09-30", "due_on": "2026-10-15"},
        "cities": list(cities or [city()]),
        "missing": [],
        "agreement": [],
        "sources": [{"kind": "revision", "city": "linkoping", "number": 2, "sha256": "0" * 64}],
        "previous": None,
        "changes": [],
    } | changed


def _agreement(name: str) -> dict:
    is_defined = name != "Impact"
    return {
        "code": name.lower(),
        "name": name,
        "alpha": "0.61" if is_defined else None,
        "undefined": "" if is_defined else "no_variation",
        "strategies": 5,
        "ratings": 20,
        "strengths": {"moderate": 3, "strong": 2},
    }


def network_facts(**changed) -> dict:
    names = [
        ("Cartagena", "EUR"),
        ("Cluj-Napoca", "RON"),
        ("Dietzenbach", "EUR"),
        ("Linköping", "SEK"),
        ("Lublin", "PLN"),
        ("Ravenna", "EUR"),
    ]
    cities = [
        city(name, name.lower(), actions=10 + index, currency=currency, is_evaluated=index != 1)
        for index, (name, currency) in enumerate(names)
    ]
    agreement = [{"round": "Evaluation of spring 2026", "dimensions": [_agreement(name) for name in DIMENSIONS]}]
    changed = {"agreement": agreement} | changed
    return facts(*cities, missing=[{"name": "Riga", "state": "open"}], **changed)


def snapshot(
    report_data: dict | None = None, *, kind="city_period", number="EPI-2026-Q3-LINKOPING-R1", language="en"
) -> str:
    with translation.override(language):
        contents = snapshot_contents(
            kind, report_data or facts(), number=number, revision=1, issued_at=ISSUED_AT, language=language
        )
    return canonical(contents)
