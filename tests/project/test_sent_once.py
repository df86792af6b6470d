"""A form is saved once: sent many times at the same moment, or again after an error or a killed process.

One form of each kind that creates something.
"""

import json
import os
import subprocess
import sys
import threading
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from cities.enums import BodyKind, Role
from cities.models import Event, Invitation
from core.form_middleware import FormInputMiddleware
from core.models import FormInput
from strategies.models import ActionUpdate, BudgetLine, Indicator, Milestone, Risk, SwotItem
from tests import proofs
from tests.factories import ActionFactory, member
from tests.migrated import ROOT, with_name
from tests.page_forms import fill, form_on
from training.models import TrainingWeek

from .shared_data import make_world

MANY, FEW = 20, 5
TEXT = "Sent once."


class Kind(NamedTuple):
    model: Any
    role: str
    url: str
    field: str  # by which the form is found
    typed: dict[str, Any] = {}


def milestone_of(action) -> Kind:
    typed = {"due_on": action.ends_on.isoformat()}
    return Kind(Milestone, "official", reverse("strategies:milestone_add", args=[action.pk]), "title", typed)


def kinds_of(world) -> dict[str, Kind]:
    action, plan = [world.action.pk], [world.coming.ref]
    money = {"amount": "100", "year": str(world.city.today.year)}
    week = {"slug": "once", "timezone": "Europe/Stockholm", "published_at": ""}
    invited = {"email": "once@town.example"}
    return {
        "update": Kind(ActionUpdate, "lead", reverse("strategies:action_log", args=action), "text", {"links": ""}),
        "milestone": milestone_of(world.action),
        "SWOT entry": Kind(SwotItem, "lead", reverse("strategies:swot_add", args=plan), "text"),
        "risk": Kind(Risk, "lead", reverse("strategies:risk_add", args=plan), "text"),
        "indicator": Kind(Indicator, "lead", reverse("strategies:indicator_add", args=plan), "unit", {"action": ""}),
        "event": Kind(Event, "lead", reverse("cities:event_create", args=[world.city.slug]), "title"),
        "budget line": Kind(BudgetLine, "official", reverse("strategies:budgetline_add", args=action), "amount", money),
        "training week": Kind(
            TrainingWeek, "coordinator", reverse("admin:training_trainingweek_add"), "location", week
        ),
        "invitation": Kind(Invitation, "lead", reverse("cities:member_invite"), "email", invited),
    }


def opened(world, kind: Kind) -> tuple[Client, dict[str, Any]]:
    """Return a client that has opened the form, and the form as it will be posted."""
    client = Client(raise_request_exception=False)
    client.force_login(world.roles[kind.role])
    return client, fill(form_on(client.get(kind.url), kind.field), TEXT) | kind.typed


@pytest.mark.prove
@pytest.mark.slow
@pytest.mark.waits
@pytest.mark.django_db(transaction=True)
def test_form_that_is_sent_at_the_same_moment_is_saved_once():
    world, found = make_world(), {}

    for name, kind in kinds_of(world).items():
        client, fields = opened(world, kind)
        before = kind.model.objects.count()
        times = MANY if name == "update" or proofs.PROVE else FEW
        answers = at_the_same_moment(times, partial(post_from_thread, client, kind, fields))
        found[name] = (kind.model.objects.count() - before, len(set(answers)), {status for status, _url in answers})

    assert found == dict.fromkeys(found, (1, 1, {302}))


def post_from_thread(client, kind, fields):
    own = Client(raise_request_exception=False)
    own.cookies = client.cookies.copy()
    answer = own.post(kind.url, fields)
    return answer.status_code, answer.get("Location")


def at_the_same_moment(times, call) -> list:
    barrier, answers = threading.Barrier(times), []

    def work():
        try:
            connection.ensure_connection()
            barrier.wait(30)
            answers.append(call())
        except Exception as error:  # noqa: BLE001 - the test compares them
            answers.append((0, repr(error)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _time in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    return answers


@pytest.mark.slow
@pytest.mark.django_db
def test_form_whose_request_fails_after_its_service_saves_nothing_and_is_saved_when_sent_again(world):
    found = {}

    for name, kind in kinds_of(world).items():
        client, fields = opened(world, kind)
        before, has_row = kind.model.objects.count(), name != "update"  # which compares with the saved update itself
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FormInputMiddleware, "_close", fail)
            failed = client.post(kind.url, fields)
        counts = [kind.model.objects.count() - before]
        held = FormInput.objects.filter(path=kind.url, state="held", user=world.roles[kind.role])
        is_held = held.exists()
        answers = {client.post(kind.url, fields).get("Location") for _time in range(2)}
        counts.append(kind.model.objects.count() - before)
        found[name] = (failed.status_code, is_held == has_row, *counts, len(answers - {None}))

    assert found == dict.fromkeys(found, (500, True, 0, 1, 1))


def fail(*_arguments):
    raise RuntimeError("between the service and the answer")


# ---- a process that is killed

KILLED = """
import json, os, sys
import django
django.setup()
from django.test import Client
from django.test.utils import setup_test_environment
from accounts.models import User
from core import form_middleware, middleware
setup_test_environment()
user, url, fields, moment = json.load(sys.stdin)
def die(*arguments, **options):
    os._exit(9)
if moment == "before the commit":
    form_middleware.FormInputMiddleware._close = die
else:
    middleware.SessionMiddleware.process_response = die
client = Client()
client.force_login(User.objects.get(pk=user))
client.post(url, fields)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_form_whose_process_is_killed_is_saved_once():
    action = ActionFactory()
    city = action.city
    official = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city, organisation=city.municipality)
    world, kind, found = SimpleNamespace(roles={"official": official}), milestone_of(action), {}

    for moment in ("before the commit", "after the commit"):
        client, fields = opened(world, kind)
        before = kind.model.objects.count()
        code = killed(world.roles[kind.role], kind.url, fields, moment)
        saved = kind.model.objects.count() - before
        state = FormInput.objects.latest("created_at").state
        answers = {client.post(kind.url, fields).get("Location") for _time in range(2)}
        found[moment] = (code, saved, state, kind.model.objects.count() - before, len(answers - {None}))

    assert found == {"before the commit": (9, 0, "held", 1, 1), "after the commit": (9, 1, "sent", 1, 1)}


def killed(user, url, fields, moment) -> int:
    """Post the form in a process of its own that is killed at this moment. Returns its exit code."""
    name = str(connection.settings_dict["NAME"])
    is_sqlite = connection.vendor == "sqlite"
    environment = os.environ | {
        "EPI_DATA_DIR": str(settings.DATA_DIR),
        "DATABASE_URL": f"sqlite:///{name}" if is_sqlite else with_name(settings.DATABASE_URL, name),
    }
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        input=json.dumps([user.pk, url, fields, moment]),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode if done.returncode == 9 else done.stderr
