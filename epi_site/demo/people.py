"""Organisations, persons, bodies and accounts of the demo. Every person is invented; nobody is a superuser."""

from dataclasses import dataclass, field
from datetime import date

from accounts.models import User
from cities.enums import BodyKind, OrganisationKind, Role, Seat
from cities.models import Body, City, Installation, Organisation, Person, TargetGroup, Theme
from cities.seed_translations import BODIES
from cities.services.memberships import add_member
from core import clock

from .seed_names import GROUPS, THEMES

PASSWORD = "integration-demo"  # noqa: S105 - printed at start; production refuses to run with these accounts
DOMAIN = "demo.example"

PARTNERS = [  # the technical partners of the real network
    ("PATRIR", "RO", "Cluj-Napoca"),
    ("Asociación Ciudades Interculturales", "ES", ""),
    ("Consorzio Comunità Brianza", "IT", "Monza"),
    ("Pro Arbeit - Kreis Offenbach", "DE", "Dietzenbach"),
    ("Tree Agency", "EE", ""),
    ("Radošās Idejas", "LV", "Riga"),
]
RATERS = [
    ("Hanna Virtanen", "Institute for Urban Studies"),
    ("Pedro Salgado", "Centre for Migration Policy"),
    ("Noor van Dijk", "Observatory of Local Government"),
]
COMMITTEE = [  # the third works for an organisation that carries out actions in Lublin: a conflict of interest
    ("Margareta Holm", "Northern University", ""),
    ("Alexandru Ionescu", "Eastern Academy", ""),
    ("Teresa Kowalczyk", "Fundacja Dialog Miasta", "PL"),
]


@dataclass
class DemoUsers:
    """All users of the demo, by the local part of their email address."""

    users: dict[str, User] = field(default_factory=dict)
    bodies: dict[tuple[str, str], Body] = field(default_factory=dict)

    def __getitem__(self, name: str) -> User:
        return self.users[name]

    def person(self, name: str) -> Person:
        return self.users[name].person


def set_up_network() -> None:
    Installation.objects.update_or_create(
        pk=1,
        defaults={
            "network_name": "European Pact for Integration",
            "working_language": "en",
            "contact_email": f"coordinator@{DOMAIN}",
            "about": "A network of seven European cities that each wrote a strategy for the integration of migrants, "
            "piloted it and had it evaluated. The real project ran from 1 January 2020 to 30 June 2022; its training "
            "week took place from 10 to 12 May 2021. This is a demonstration of the software: apart from what the "
            "project’s public pages say about the cities, everything is invented.",
            "funding_statement": "Example of a funding statement: the European Pact for Integration was funded by the "
            "European Union’s Asylum, Migration and Integration Fund (grant agreement 863614). This software was not.",
            "disclaimer": "Example of a disclaimer: the content reflects only the authors’ views. No liability is "
            "accepted for data from third parties.",
            "is_demo": True,
            "demo_loaded_at": clock.now(),
        },
    )
    for code, name in THEMES.items():
        Theme.objects.get_or_create(code=code, defaults={"name": name})
    for code, name in GROUPS.items():
        TargetGroup.objects.get_or_create(code=code, defaults={"name": name})
    for name, country, location in PARTNERS:
        organisation(name, OrganisationKind.TECHNICAL_PARTNER, country, location)


def organisation(name: str, kind: str, country: str = "", location: str = "") -> Organisation:
    found, _made = Organisation.objects.get_or_create(
        name=name, country=country, defaults={"kind": kind, "location": location}
    )
    return found


def add_city(content: dict) -> City:
    municipality = organisation(
        content["municipality"], OrganisationKind.MUNICIPALITY, content["country"], content["name"]
    )
    return City.objects.create(
        name=content["name"],
        slug=content["slug"],
        municipality=municipality,
        country=content["country"],
        latitude=str(content["lat"]),
        longitude=str(content["lon"]),
        currency=content["currency"],
        language=content["language"],
        other_languages=content["other_languages"],
        timezone=content["timezone"],
        profile=content["profile"],
        profile_source="EPI, public pages of the project and its partners",
    )


class UserSetup:
    """Creates accounts, and memberships from ``since`` on.

    The first coordinator and the chair of the committee are added without an inviter; these two add the others.
    """

    def __init__(self, since: date):
        self.cast, self.since = DemoUsers(), since

    def network(self) -> None:
        office = self._body(BodyKind.NETWORK_OFFICE, BODIES[BodyKind.NETWORK_OFFICE])
        committee = self._body(BodyKind.SCIENTIFIC_COMMITTEE, BODIES[BodyKind.SCIENTIFIC_COMMITTEE])
        patrir = Organisation.objects.get(name="PATRIR")
        self._seat("coordinator", "Elisabeth Marin", patrir, office, Role.COORDINATOR, by=None)
        self._seat("partner", "Marco Colombo", Organisation.objects.get(name="Tree Agency"), office, Role.PARTNER)
        self._seat("trainer", "Liis Tamm", Organisation.objects.get(name="Tree Agency"), office, Role.TRAINER)
        for number, (name, house, country) in enumerate(COMMITTEE, 1):
            role = Role.CHAIR if number == 1 else Role.MEMBER
            at = organisation(house, OrganisationKind.UNIVERSITY, country)
            by = None if role == Role.CHAIR else self.cast["committee1"]
            self._seat(f"committee{number}", name, at, committee, role, by=by)
        for number, (name, house) in enumerate(RATERS, 1):
            self._account(f"rater{number}", name, organisation(house, OrganisationKind.UNIVERSITY))
        self._account(
            "moderator", "Sofia Marinou", organisation("School of Public Policy", OrganisationKind.UNIVERSITY)
        )

    def city(self, city: City, content: dict) -> None:
        slug, house = city.slug, city.municipality
        partner = organisation(content["partner"], OrganisationKind.TECHNICAL_PARTNER, city.country, city.name)
        office = self._body(BodyKind.CITY_OFFICE, f"City office of {city.name}", city)
        experts = self._body(BodyKind.EXPERT_GROUP, f"Expert group of {city.name}", city)
        local = self._body(BodyKind.LOCAL_COMMITTEE, f"Local implementation committee of {city.name}", city)
        self._seat(f"lead.{slug}", content["lead"], house, office, Role.LEAD_OFFICIAL)
        self._seat(f"official.{slug}", content["official"], house, office, Role.OFFICIAL)
        self._seat(f"expert.{slug}", content["expert"], partner, experts, Role.MEMBER, Seat.TECHNICAL_PARTNER)
        first, second, third, fourth = (self._person(name) for name in content["others"])
        self._member(self.cast.person(f"lead.{slug}"), experts, Role.CHAIR, Seat.MUNICIPAL_OFFICIAL)
        self._member(first, experts, Role.MEMBER, Seat.SELECTED_EXPERT)
        self._member(second, local, Role.CHAIR, Seat.CIVIL_SOCIETY)
        self._member(third, local, Role.MEMBER, Seat.PRIVATE)
        self._member(fourth, local, Role.MEMBER, Seat.MUNICIPAL)

    def _body(self, kind: str, name: str, city: City | None = None) -> Body:
        mandate = {
            BodyKind.EXPERT_GROUP: "Leads and oversees the implementation of the strategy.",
            BodyKind.LOCAL_COMMITTEE: "Municipal and private partners who carry out the city integration pact.",
            BodyKind.SCIENTIFIC_COMMITTEE: "Supports the cities, sets the framework for their common follow-up and "
            "decides on evaluations.",
        }.get(kind, "")
        defaults = {"name": name, "mandate": mandate, "established_on": self.since}
        body, _made = Body.objects.get_or_create(kind=kind, city=city, defaults=defaults)
        self.cast.bodies[kind, city.slug if city else ""] = body
        return body

    def _account(self, local_part: str, name: str, house: Organisation) -> Person:
        first, last = name.rsplit(" ", 1)
        email = f"{local_part}@{DOMAIN}"
        user = User.objects.create_user(email, PASSWORD, first_name=first, last_name=last)
        self.cast.users[local_part] = user
        return Person.objects.create(name=name, email=email, organisation=house, user=user)

    def _person(self, name: str) -> Person:
        return Person.objects.create(name=name)

    def _seat(
        self, local_part: str, name: str, house: Organisation, body: Body, role: str, seat: str = "", **by: User | None
    ) -> None:
        self._member(self._account(local_part, name, house), body, role, seat, **by)

    def _member(self, person: Person, body: Body, role: str, seat: str = "", **by: User | None) -> None:
        given_by = by.get("by", self.cast.users.get("coordinator"))
        add_member(person=person, body=body, role=role, seat=seat, valid_from=self.since, by=given_by)
