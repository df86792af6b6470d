"""The panels of the pilot on a city's page: its phases, and its pact."""

from operator import attrgetter
from typing import Any

import rules

from cities.models import City
from cities.panels import Panel
from pilot.enums import PhaseKind
from pilot.models import PactVersion, PilotPhase
from pilot.selectors.pacts import pact_of


def phases_panel(city: City, user: Any) -> Panel | None:
    """Show the dates only. Gates have their own page, because checking them takes about a dozen queries."""
    phases = sorted(PilotPhase.objects.filter(city=city), key=attrgetter("number"))
    if not phases and not rules.has_perm("pilot.add_pilotphase", user, city):
        return None
    rows = [{"phase": phase, "kind": PhaseKind(phase.kind)} for phase in phases]
    return Panel("pilot/_city_phases_panel.html", {"rows": rows})


def pact_panel(city: City, user: Any) -> Panel | None:
    """Show the version in force, and newer ones to those who see them."""
    pact = pact_of(city, user)
    if pact is None:
        is_offered = rules.has_perm("pilot.add_pact", user, city)
        return Panel("pilot/_city_pact_panel.html", {"rows": []}) if is_offered else None
    rows = list(PactVersion.objects.visible_to(user).filter(pact=pact).order_by("-number")[:3])
    return Panel("pilot/_city_pact_panel.html", {"rows": rows})
