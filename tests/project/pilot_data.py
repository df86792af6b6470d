"""The pilot in the shared data: phases, a waiver, and pacts in each state."""

from pilot import gates
from pilot.services import pacts, phases, signatures
from tests.factories import OrganisationFactory, PilotPhaseFactory
from tests.pilot.pact_data import sign_on_paper


def add_pilot(world, mark):
    who = world.roles
    world.phase = PilotPhaseFactory(city=world.city)
    PilotPhaseFactory(city=world.city, kind="kick_off")
    first, second = (condition.key for condition in gates.GATES[world.phase.kind][:2])
    world.waiver = phases.waive_requirement(world.phase, first, by=who["coordinator"], reason=mark("waiver"))
    world.condition = second
    _pact_of_linkoping(world, mark)
    _pact_of_lublin(world, mark)


def _pact_of_linkoping(world, mark):
    """Version 1 is in force, version 2 open for signature, version 3 a draft."""
    who = world.roles
    words = {"language": "en", "title": "Pact of Linköping", "text": "We work together."}
    first = pacts.draft_first_version(world.city, by=who["official"], **words)
    pacts.open_version(first, by=who["lead"])
    sign_on_paper(first, who["lead"])
    world.signature = sign_on_paper(first, who["lead"], OrganisationFactory(name="A partner of the pact"))
    pacts.close_signing(first, by=who["lead"])
    world.pact, world.pact_in_force = first.pact, pacts.put_in_force(first, by=who["lead"], day=world.city.today)
    world.pact_open = _next_version(world, mark("pact-open"))
    pacts.open_version(world.pact_open, by=who["lead"])
    world.pact_invitation = signatures.invite_signatory(
        world.pact_open,
        by=who["lead"],
        organisation=OrganisationFactory(name=f"{mark('pact-open')} partner"),
        sector="private",
        name="Ines",
        email=f"{mark('pact-mail')}@partner.example".lower(),
    )
    world.pact_draft = _next_version(world, mark("pact-draft"))
    world.pact_text = world.pact_draft.texts.get()


def _next_version(world, words):
    version = pacts.draft_next_version(world.pact, by=world.roles["official"])
    fields = {"title": f"{words} title", "text": words}
    pacts.save_text(version.texts.get(), by=world.roles["official"], fields=fields, version=1)
    return version


def _pact_of_lublin(world, mark):
    by, secret = world.roles["other_official"], mark("lublin-pact")
    version = pacts.draft_first_version(world.other, by=by, language="pl", title=f"{secret} title", text=secret)
    world.other_pact_draft, world.other_pact_text = version, version.texts.get()
