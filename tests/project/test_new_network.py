"""Test a network from ``manage.py setup`` up to a submitted period, through its pages only, without factories."""

import io
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import Mail, User
from cities.models import Body, City, Organisation
from core import clock, triggers
from epi_site.demo.bench.forms import fields_of
from evaluation.models import Framework
from pilot.models import PilotPhase
from strategies.models import Action, CityPeriod, Objective, PriorityArea, ReportingPeriod, Strategy
from tests.html_checker import needs_checker, problems_in
from tests.markup import faults_in

from .routes import routes

pytestmark = pytest.mark.django_db

NAMELESS = ("(", "admin:(")
PASSWORD = "four words that differ"
LEAD = "lena@town.example"


def made(client, url: str, **typed) -> str:
    """Open the form, fill it in, save it and return the URL of the redirect. Errors of the form fail the test."""
    page = client.get(url)
    assert page.status_code == 200, url
    answer = client.post(url, fields_of(page.content.decode()) | typed)
    assert answer.status_code == 302, dict(answer.context["form"].errors)
    return answer["Location"]


def page_of(answer) -> str:
    return answer.content.decode()


def read(client, url: str, *leads_to: str) -> str:
    """Return the page after checking that it links to these URLs."""
    page = page_of(client.get(url, follow=True))
    assert [way for way in leads_to if f'"{way}"' not in page] == []
    return page


@pytest.fixture
def coordinator(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD))
    given = {"network": "Pact of Towns", "email": "anna@town.example", "name": "Anna Larsson"}
    call_command("setup", stdout=io.StringIO(), password_stdin=True, **given)
    client = Client()
    client.force_login(User.objects.get())
    return client


@pytest.fixture
def lead(coordinator):
    """The invited lead official of a city, which the coordinator created in the admin with its bodies."""
    made(coordinator, reverse("admin:cities_organisation_add"), name="Town of Ebba", kind="municipality", country="SE")
    place = {"country": "SE", "latitude": "58.41", "longitude": "15.62", "language": "sv", "currency": "SEK"}
    house = Organisation.objects.get().pk
    named = {"name": "Ebba", "slug": "ebba", "municipality": house, "timezone": "Europe/Stockholm"}
    made(coordinator, reverse("admin:cities_city_add"), **named, **place)
    for kind in ("city_office", "expert_group", "local_committee"):
        made(coordinator, reverse("admin:cities_body_add"), kind=kind, city=City.objects.get().pk, name=kind)
    office = Body.objects.get(kind="city_office")
    invite = reverse("cities:member_invite") + f"?body={office.pk}"
    read(coordinator, office_page(office), invite)
    made(coordinator, invite, name="Lena Ek", email=LEAD, place=f"{office.pk}:lead_official", organisation=house)
    link = re.search(r"/account/invitation/\S+", Mail.objects.get(recipient=LEAD).body)[0]
    client = Client()
    made(client, link, name="Lena Ek", password=PASSWORD, password_again=PASSWORD)
    return client


def office_page(body) -> str:
    return reverse("cities:body_detail", args=[body.pk])


def plan(lead) -> Action:
    city, tree = reverse("cities:city_detail", args=["ebba"]), reverse("strategies:strategy_detail", args=["ebba"])
    begin = reverse("strategies:strategy_add", args=["ebba"])
    assert "No strategy yet" in read(lead, city, begin)
    year = clock.today().year
    assert made(lead, begin, title="A town for everybody", year_from=year, year_to=year + 3) == tree
    add_area = reverse("strategies:area_add", args=["ebba"])
    read(lead, tree, add_area)
    made(lead, add_area, code="1", title="Work")
    add_objective = reverse("strategies:objective_add", args=[PriorityArea.objects.get().pk])
    read(lead, tree, add_objective)
    made(lead, add_objective, code="1.1", title="More people find work")
    add_action = reverse("strategies:action_add", args=[Objective.objects.get().pk])
    read(lead, tree, add_action)
    days = {"starts_on": clock.today().isoformat(), "ends_on": (clock.today() + timedelta(days=200)).isoformat()}
    person = User.objects.get(email=LEAD).person
    made(lead, add_action, code="1.1.1", title="Mentors", responsible=person.pk, is_pilot="on", **days)
    adopt = reverse("strategies:strategy_adopt", args=["ebba"])
    read(lead, tree, adopt)
    made(lead, adopt)
    return Action.objects.get()


def test_new_network_has_framework_and_link_to_city(coordinator, lead):
    assert Framework.objects.get().dimensions.count() == 6
    assert str(Framework.objects.get()) in read(coordinator, reverse("evaluation:round_create"))
    home = reverse("cities:city_detail", args=["ebba"])
    assert f'href="{home}"' in read(lead, reverse("strategies:my_work"))
    assert reverse("strategies:strategy_add", args=["ebba"]) not in read(coordinator, home)


def pages_without_rows(coordinator, lead) -> dict[str, str]:
    """Return all pages whose addresses name no row, as the first coordinator and the first lead official see them."""
    found = {}
    for who, client in (("coordinator", coordinator), ("lead", lead)):
        for route in routes().values():
            if not route.arguments and not route.name.startswith(NAMELESS) and "logout" not in route.name:
                answer = client.get(reverse(route.name))
                if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                    found[f"{who} {route.name}"] = page_of(answer)
    return found


@pytest.mark.slow
def test_pages_without_rows_have_no_hidden_faults(coordinator, lead):
    pages = pages_without_rows(coordinator, lead)

    assert {"coordinator dashboards:network", "lead strategies:my_work"} <= pages.keys()
    assert {name: faults for name, page in pages.items() if (faults := faults_in(page))} == {}


@needs_checker
def test_pages_without_rows_are_valid_html(coordinator, lead, tmp_path):
    assert problems_in(pages_without_rows(coordinator, lead), tmp_path) == []


def test_pilot_phases_are_added_once(coordinator, lead):
    steps = reverse("pilot:phase_list", args=["ebba"])
    read(lead, reverse("cities:city_detail", args=["ebba"]), steps)
    today = clock.today().isoformat()
    for client, kind in ((lead, "coordination"), (coordinator, "kick_off"), (coordinator, "pact")):
        add = reverse("pilot:phase_add", args=["ebba", kind])
        read(client, steps, add)
        assert made(client, add, planned_start=today, planned_end=today) == steps
    again = coordinator.post(add, {"planned_start": today, "planned_end": today, "version": 1})

    assert "already has dates" in page_of(again)
    assert PilotPhase.objects.count() == 3
    assert "no dates yet" not in read(lead, steps)


@pytest.mark.slow
def test_city_creates_plan_logs_update_and_submits_period(coordinator, lead):
    action = plan(lead)
    today = clock.today()
    days = {
        "starts_on": today - timedelta(days=10),
        "opens_on": today - timedelta(days=10),
        "ends_on": today + timedelta(days=60),
        "due_on": today + timedelta(days=80),
    }
    named = {name: day.isoformat() for name, day in days.items()}
    made(coordinator, reverse("admin:strategies_reportingperiod_add"), name="First", **named)
    city_period = CityPeriod.objects.get(period=ReportingPeriod.objects.get())
    open_ = reverse("strategies:cityperiod_open", args=[city_period.pk])
    read(coordinator, city_period.get_absolute_url(), open_)
    coordinator.post(open_)

    log = reverse("strategies:action_log", args=[action.pk])
    read(lead, reverse("strategies:my_work"), log)
    made(lead, log, text="Twelve mentors met for the first time.", stage="ongoing", people_reached="12")
    submit_period = reverse("strategies:cityperiod_submit", args=[city_period.pk])
    read(
        lead, city_period.get_absolute_url(), submit_period, reverse("strategies:narrative_edit", args=[city_period.pk])
    )
    made(lead, reverse("strategies:narrative_edit", args=[city_period.pk]), text="A beginning.")
    made(lead, submit_period, on_behalf_of=User.objects.get(email=LEAD).person.pk, early="on")  # before period end

    city_period.refresh_from_db()
    assert city_period.state == "submitted"
    revision = reverse("strategies:revision_detail", args=[city_period.pk, 1])
    assert "Twelve mentors met" in read(coordinator, revision)


@pytest.mark.slow
def test_second_strategy_during_draft_is_refused(lead):
    plan(lead)
    with triggers.triggers_dropped():
        Strategy.objects.update(status="draft", adopted_on=None)
    begin = reverse("strategies:strategy_add", args=["ebba"])

    assert lead.get(begin)["Location"] == reverse("strategies:strategy_detail", args=["ebba"])
    answer = lead.post(begin, {"title": "B", "year_from": 2026, "year_to": 2030, "language": "sv", "version": 1})

    assert "already has a strategy" in page_of(answer)
    assert Strategy.objects.count() == 1


@pytest.mark.slow
def test_next_strategy_supersedes_first(lead):
    plan(lead)
    Strategy.objects.update(adopted_on=clock.today() - timedelta(days=400))
    first = Strategy.objects.get()
    begin = reverse("strategies:strategy_add", args=["ebba"])
    read(lead, first.get_absolute_url(), begin)

    draft = made(lead, begin, title="Together again", year_from=2030, year_to=2034)
    made(lead, reverse("strategies:area_add", args=[Strategy.objects.get(replaces=first).ref]), code="1", title="Homes")
    adopt = f"{draft}adopt/"
    read(lead, draft, adopt)
    made(lead, adopt)

    home = read(lead, reverse("cities:city_detail", args=["ebba"]))
    assert ("Together again" in home, "Earlier strategies" in home) == (True, True)
    assert "Together again" in read(lead, reverse("strategies:strategy_detail", args=["ebba"]))
    assert "Replaced on" in read(lead, f"/strategies/ebba/{first.pk}/")
