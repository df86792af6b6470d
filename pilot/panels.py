"""The panel of the pilot on a city's page."""

from operator import attrgetter
from typing import Any

import rules

from cities.models import City
from cities.panels import Panel
from pilot.enums import PhaseKind
from pilot.models import PilotPhase


def phases_panel(city: City, user: Any) -> Panel | None:
    """Show the dates only. Gates have their own page, because checking them takes about a dozen queries."""
    phases = sorted(PilotPhase.objects.filter(city=city), key=attrgetter("number"))
    if not phases and not rules.has_perm("pilot.add_pilotphase", user, city):
        return None
    rows = [{"phase": phase, "kind": PhaseKind(phase.kind)} for phase in phases]
    return Panel("pilot/_city_phases_panel.html", {"rows": rows})
