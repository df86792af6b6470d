"""Who may read the pilot phases, set their dates and waive a requirement; who drafts the pact and puts it in force."""

import rules

from cities.rules import is_coordinator, is_insider, is_lead, is_network_reader, is_official, is_visible

rules.add_perm("pilot", is_coordinator)
rules.add_perm("pilot.view_pilotphase", is_insider | is_network_reader)
rules.add_perm("pilot.add_pilotphase", is_lead | is_coordinator)
rules.add_perm("pilot.delete_pilotphase", rules.always_deny)
rules.add_perm("pilot.change_pilotphase", is_lead | is_coordinator)
rules.add_perm("pilot.waive_requirement", is_coordinator)

rules.add_perm("pilot.view_pact", is_visible)
rules.add_perm("pilot.add_pact", is_official)  # object: the city, or its pact
rules.add_perm("pilot.delete_pact", rules.always_deny)
rules.add_perm("pilot.view_pactversion", is_visible)
rules.add_perm("pilot.add_pactversion", is_official)  # object: the pact
rules.add_perm("pilot.change_pactversion", is_official)  # its texts, while it is a draft
rules.add_perm("pilot.delete_pactversion", rules.always_deny)
for _verb in ("open", "close", "put_in_force", "supersede", "withdraw"):
    rules.add_perm(f"pilot.{_verb}_pactversion", is_lead)

rules.add_perm("pilot.view_signature", is_visible)
rules.add_perm("pilot.add_signature", is_lead)  # object: the version; invite, or record one on paper
rules.add_perm("pilot.change_signature", rules.always_deny)  # who is invited signs or declines by the link alone
rules.add_perm("pilot.withdraw_signature", is_lead)
rules.add_perm("pilot.delete_signature", rules.always_deny)
rules.add_perm("pilot.view_pactinvitation", is_visible)  # the address is for those who send
rules.add_perm("pilot.send_pactinvitation", is_lead)
