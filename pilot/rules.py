"""Who may read the pilot phases, set their dates and waive a requirement."""

import rules

from cities.rules import is_coordinator, is_insider, is_lead, is_network_reader

rules.add_perm("pilot", is_coordinator)
rules.add_perm("pilot.view_pilotphase", is_insider | is_network_reader)
rules.add_perm("pilot.add_pilotphase", is_lead | is_coordinator)
rules.add_perm("pilot.delete_pilotphase", rules.always_deny)
rules.add_perm("pilot.change_pilotphase", is_lead | is_coordinator)
rules.add_perm("pilot.waive_requirement", is_coordinator)
