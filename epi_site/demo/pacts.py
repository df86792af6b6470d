"""Pacts of the demo: Linköping's is in force and has a second version open for signature, Ravenna's has a signature on
paper and a decline, Lublin's is a draft.
"""

import re
from datetime import date, timedelta

from accounts.models import Mail
from cities.models import City, Organisation
from cities.services import files
from core import clock
from pilot.models import PactVersion
from pilot.services import pacts, signatures

from . import pact_texts as words
from . import sample_files
from .calendar import Calendar, Schedule
from .people import DemoUsers

IN_FORCE, SIGNED_ON_PAPER, DRAFTED = "linkoping", "ravenna", "lublin"
LINK = re.compile(r"/pact-signing/([^/\s]+)/")


def schedule(events: Schedule, cities: dict[str, City], cast: DemoUsers, calendar: Calendar) -> None:
    _in_force(events, cities[IN_FORCE], cast, calendar)
    _signed_on_paper(events, cities[SIGNED_ON_PAPER], cast, calendar)
    day = calendar.quarter(-1).start + timedelta(days=30)
    polish = ("pl", words.POLISH_TITLE, words.POLISH)
    events.add(day, lambda: _draft(cities[DRAFTED], cast, polish))


def _in_force(events: Schedule, city: City, cast: DemoUsers, calendar: Calendar) -> None:
    start, lead = calendar.quarter(-3).start, cast[f"lead.{city.slug}"]
    mayor = ("municipal", "Lars Nordin", "Chair of the municipal executive board", "mayor@linkoping.example")
    partner = ("public_authority", "Karin Sjögren", "Director", "director@fou-centrum.example")
    fou = Organisation.objects.get(name="FoU Centrum")
    swedish = ("sv", words.SWEDISH_TITLE, words.SWEDISH)
    plan = [
        (5, lambda: _draft(city, cast, swedish)),
        (20, lambda: pacts.open_version(_latest(city), by=lead)),
        (24, lambda: _sign(_latest(city), lead, city.municipality, *mayor)),
        (26, lambda: _sign(_latest(city), lead, fou, *partner)),
        (33, lambda: pacts.close_signing(_latest(city), by=lead)),
        (33, lambda: pacts.put_in_force(_latest(city), by=lead, day=clock.today())),
    ]
    for days, act in plan:
        events.add(start + timedelta(days=days), act, hour=10)
    events.add(calendar.quarter(-1).start + timedelta(days=40), lambda: _next_draft(city, cast), hour=10)
    opened = calendar.quarter(-1).end - timedelta(days=12)
    events.add(opened, lambda: pacts.open_version(_latest(city), by=lead), hour=11)
    events.add(opened, lambda: _invite(_latest(city), lead, fou, *partner), hour=12)


def _signed_on_paper(events: Schedule, city: City, cast: DemoUsers, calendar: Calendar) -> None:
    start, lead = calendar.quarter(-2).start, cast[f"lead.{city.slug}"]
    italian = ("it", words.ITALIAN_TITLE, words.ITALIAN)
    events.add(start + timedelta(days=8), lambda: _draft(city, cast, italian), hour=10)
    events.add(start + timedelta(days=30), lambda: pacts.open_version(_latest(city), by=lead), hour=10)
    day = start + timedelta(days=41)
    events.add(day, lambda: _paper(city, lead, day), hour=10)
    events.add(day, lambda: _decline(city, lead), hour=14)


def _draft(city: City, cast: DemoUsers, own: tuple[str, str, list[str]]) -> None:
    by, (language, title, paragraphs) = cast[f"official.{city.slug}"], own
    version = pacts.draft_first_version(city, by=by, language=language, title=title, text=words.text(paragraphs))
    english = words.text(words.ENGLISH, city.name)
    pacts.add_text(version, by=by, language="en", title=f"{words.ENGLISH_TITLE} of {city.name}", text=english)


def _next_draft(city: City, cast: DemoUsers) -> None:
    """Draft version 2: the English text becomes authoritative and changes; the Swedish one is not translated yet."""
    by = cast[f"official.{city.slug}"]
    version = pacts.draft_next_version(city.pact, by=by)
    english = version.texts.get(language="en")
    pacts.make_authoritative(english, by=by)
    english.refresh_from_db()
    fields = {"text": words.text(words.ENGLISH_LATER, city.name)}
    pacts.save_text(english, by=by, fields=fields, version=english.version)


def _latest(city: City) -> PactVersion:
    return PactVersion.objects.filter(pact__city=city).order_by("-number").select_related("pact__city")[0]


def _invite(
    version: PactVersion, lead, organisation: Organisation, sector: str, name: str, _office: str, email: str
) -> None:
    signatures.invite_signatory(version, by=lead, organisation=organisation, sector=sector, name=name, email=email)


def _token(email: str) -> str:
    """Return the token of the newest link that waits to be sent to this address."""
    return LINK.search(Mail.objects.filter(recipient=email, has_secret=True).latest("pk").body)[1]


def _sign(
    version: PactVersion, lead, organisation: Organisation, sector: str, name: str, office: str, email: str
) -> None:
    _invite(version, lead, organisation, sector, name, office, email)
    signatures.sign_by_link(_token(email), name=name, office=office, language="sv")


def _paper(city: City, lead, day: date) -> None:
    upload = sample_files.minutes("Patto cittadino", "Signed by the mayor in the council chamber.")
    signatures.record_on_paper(
        _latest(city),
        by=lead,
        organisation=city.municipality,
        sector="municipal",
        name="Giulia Ferri",
        office="Mayor",
        signed_on=day,
        scan=files.store_upload(upload, by=lead),
    )


def _decline(city: City, lead) -> None:
    organisation = Organisation.objects.get(name="Consorzio Comunità Brianza")
    email = "office@partner-ravenna.example"
    _invite(_latest(city), lead, organisation, "civil_society", "Marta Conti", "", email)
    signatures.decline_by_link(_token(email), reason="Our board decides on agreements in its spring meeting only.")
