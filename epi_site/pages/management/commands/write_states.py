"""Write docs/states.md from the tables of transitions, so that the page cannot drift from the code."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from cities.enums import DECISION_TRANSITIONS, MINUTES_TRANSITIONS
from evaluation.enums import BY_DATE
from evaluation.enums import RECOMMENDATION_TRANSITIONS as RECOMMENDATIONS
from evaluation.enums import TRANSITIONS as STAGES
from pilot.enums import NEEDS_REASON, SIGNATURE_TRANSITIONS
from pilot.enums import TRANSITIONS as PACTS
from strategies.enums import ALL_TRANSITIONS as PERIODS
from strategies.enums import LOCKED, NEEDS_TEXT

HEAD = "# States and transitions\n\nWritten by `manage.py write_states` from the code; a test compares the two.\n"


def _rows(transitions: dict, notes: dict[str, str]) -> list[str]:
    rows = ["| verb | from | to | |", "|---|---|---|---|"]
    for verb, (sources, target) in transitions.items():
        rows.append(f"| {verb} | {', '.join(sorted(sources))} | {target} | {notes.get(verb, '')} |")
    return rows


def states_page() -> str:
    period_notes = dict.fromkeys(NEEDS_TEXT, "with a reason") | {"open": "automatically, or by hand"}
    period_notes |= {"redact": "by a redaction, which carries over what was decided on the revision before"}
    stage_notes = {verb: f"automatically on `{field}`, or by hand" for verb, field in BY_DATE.items()}
    stage_notes |= {"request_changes": "by one member, with a reason", "publish": "when two members approve"}
    stage_notes |= {"remove": "by a coordinator while nobody has rated, with a reason"}
    pact_notes = dict.fromkeys(NEEDS_REASON, "with a reason")
    pact_notes |= {"open": "freezes the texts with their hash", "put_in_force": "from a date"}
    pact_notes |= {"supersede": "by a newer version in force, or by hand with a reason"}
    recommendation_notes = {
        "issue": "by who issues it, or with the publication of its evaluation",
        "answer": "by the lead official; for the network by a coordinator",
        "reject": "the same, with a reason",
        "start": "with the first progress that is reported",
        "complete": "by who issues it, or the scientific committee",
        "withdraw": "by who issues it, with a reason; a draft also by its moderator",
    }
    locked = ", ".join(sorted(LOCKED))
    parts = [
        HEAD,
        "## A city's period\n",
        *_rows(PERIODS, period_notes),
        f"\nLocked for facts: {locked}. Each submission freezes the next revision.\n",
        "## An evaluation\n",
        *_rows(STAGES, stage_notes),
        "",
        "Stages of an evaluation start automatically one at a time, and never on the day on which the previous stage",
        "started: after an outage, or if a stage started late, people have the rest of that day to act in it.",
        "",
        "## A version of the pact\n",
        *_rows(PACTS, pact_notes),
        "\nOne version of a city is in force at a time, signed by the city itself, and at most one is a draft.\n",
        "## A signature of the pact\n",
        *_rows(SIGNATURE_TRANSITIONS, {"withdraw": "with a date and a reason", "decline": "with a reason"}),
        "\n## A recommendation\n",
        *_rows(RECOMMENDATIONS, recommendation_notes),
        "",
        "## Minutes of a meeting\n",
        *_rows(MINUTES_TRANSITIONS, {"approve": "by the chair", "reopen": "by the chair, with a reason"}),
        "",
        "## A decision of a meeting\n",
        *_rows(DECISION_TRANSITIONS, {"drop": "with a reason"}),
        "",
        "A decision that is done or dropped never changes again.",
        "",
    ]
    return "\n".join(parts)


class Command(BaseCommand):
    help = "Writes docs/states.md."

    def handle(self, *args, **options):
        page = Path(settings.BASE_DIR) / "docs" / "states.md"
        page.write_text(states_page(), encoding="utf-8")
        self.stdout.write(f"Written: {page.name}")
