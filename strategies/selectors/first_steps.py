"""Rows of *My work* for a city without a plan and for a network that is being set up."""

from collections.abc import Collection
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from cities.enums import BodyKind, Role
from cities.models import Body, City, Membership, Person
from cities.rules import has_network_role, official_city_ids
from core.collation import by_title
from strategies.enums import Health
from strategies.models import Action, ReportingPeriod, Strategy
from strategies.models.visibility import current_plan_q
from strategies.work import DUE, WorkRow

MAX_CITIES = 5


def first_step_rows(user: Any, with_actions: Collection[int] = ()) -> list[WorkRow]:
    """Return what is done first. ``with_actions``: ids of cities that are known to have actions."""
    rows = _plan_rows(official_city_ids(user) - set(with_actions))
    return rows + _network_rows(user) if has_network_role(user, Role.COORDINATOR) else rows


def _row(title: str, url: str, label: str, text: str) -> WorkRow:
    return WorkRow(title=title, url=url, label=label, text=text, state=Health.NOT_STARTED, urgency=DUE)


# ---- officials


def _plan_rows(cities: set[int]) -> list[WorkRow]:
    """Return rows for cities without a strategy, or without an action in it."""
    if not cities:
        return []
    strategies = Strategy.objects.current().filter(city=OuterRef("pk"))
    plan = "objective__area__strategy__"
    actions = Action.objects.active().filter(current_plan_q(plan), **{f"{plan}city": OuterRef("pk")})
    rows = City.objects.filter(~Exists(actions), pk__in=cities).annotate(has_strategy=Exists(strategies))
    return [_add_actions(city) if city.has_strategy else _begin_strategy(city) for city in by_title(rows)]


def _begin_strategy(city: City) -> WorkRow:
    return _row(
        _("Create the strategy of %(city)s") % {"city": city},
        reverse("strategies:strategy_add", args=[city.slug]),
        _("Create"),
        _("It starts as a draft that only your city and the network’s coordinators can see."),
    )


def _add_actions(city: City) -> WorkRow:
    return _row(
        _("Add actions to the strategy of %(city)s") % {"city": city},
        reverse("strategies:strategy_detail", args=[city.slug]),
        _("Open the strategy"),
        _("Updates are logged on actions. Add priority areas and objectives first, then actions."),
    )


# ---- coordinators


def _network_rows(user: Any) -> list[WorkRow]:
    """Return what a new network lacks, in the order in which a coordinator adds it."""
    found = Exists(ReportingPeriod.objects.all()), Exists(City.objects.all()), Subquery(_committee_without_chair())
    has_period, has_city, committee = Person.objects.of(user).values_list(*found).get()  # one query for all three
    rows = [_chair_row(committee)] if committee else []
    if not has_period:
        text = _("Cities report period by period. After the first, each new period is added automatically.")
        url = reverse("admin:strategies_reportingperiod_add")
        rows.insert(0, _row(_("Set the first reporting period"), url, _("Set dates"), text))
    return _city_rows(has_city) + rows


def _city_rows(has_city: bool) -> list[WorkRow]:
    leads = Membership.objects.current().filter(body__city=OuterRef("pk"), role=Role.LEAD_OFFICIAL)
    office = Body.objects.filter(city=OuterRef("pk"), kind=BodyKind.CITY_OFFICE)
    without = City.objects.filter(~Exists(leads)).annotate(office=Subquery(office.values("pk")[:1]))
    rows = [_lead_row(city) for city in by_title(without)[:MAX_CITIES]]
    if rows or has_city:
        return rows
    text = _("Then add its bodies and invite its lead official.")
    return [_row(_("Add the first city"), reverse("admin:cities_city_add"), _("Add"), text)]


def _lead_row(city: Any) -> WorkRow:
    words = {"city": city}
    if city.office is None:
        text = _("Lead officials and officials are members of the city office.")
        url = reverse("admin:cities_body_add") + f"?city={city.pk}&kind={BodyKind.CITY_OFFICE}"
        return _row(_("Add the city office of %(city)s") % words, url, _("Add"), text)
    url = reverse("cities:member_invite") + f"?body={city.office}&role={Role.LEAD_OFFICIAL}"
    text = _("Without a lead official, no strategy can be adopted and no report submitted.")
    return _row(_("Invite a lead official for %(city)s") % words, url, _("Invite"), text)


def _committee_without_chair() -> QuerySet:
    """Return the id of the scientific committee if it never had a chair. A network has one committee."""
    chairs = Membership.objects.filter(body=OuterRef("pk"), role=Role.CHAIR)
    rows = Body.objects.filter(~Exists(chairs), kind=BodyKind.SCIENTIFIC_COMMITTEE)
    return rows.order_by().values("pk")[:1]


def _chair_row(committee: int) -> WorkRow:
    url = reverse("cities:member_invite") + f"?body={committee}&role={Role.CHAIR}"
    text = _("The chair cannot come from your own organisation. The chair invites the other members.")
    return _row(_("Invite the first chair of the scientific committee"), url, _("Invite"), text)
