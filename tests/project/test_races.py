"""Every service that creates rows, called at the same moment with the same input, on PostgreSQL.

Each call succeeds or raises an error that a user can read, and there is one row where the domain allows only one.
SQLite has one writer at a time, so nothing can happen between a check and an insert there.
"""

import importlib
import inspect
import re
import threading
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, connections

from accounts.models import Mail, User
from accounts.services import queue_mail
from cities.enums import BodyKind, Role
from cities.models import Attendance, Installation, Invitation, Membership
from cities.services import events, invitations, memberships, setup
from core import clock
from core.exceptions import UserFacingError
from pilot.models import GateWaiver, PactText, PactVersion, PilotPhase, Signature
from pilot.services import pacts, phases, signatures
from strategies.models import (
    Action,
    ActionUpdate,
    BudgetLine,
    IndicatorValue,
    Narrative,
    Objective,
    PeriodComment,
    PeriodRevision,
    PriorityArea,
    ReminderDay,
    ReportingPeriod,
    Strategy,
    StrategyComment,
)
from strategies.services import periods, plans, reminders, updates, values
from tests.factories import CityFactory, EventFactory, IndicatorFactory, PersonFactory, ReportingPeriodFactory, member
from tests.factories.people import PASSWORD
from tests.pilot.pact_data import sign_on_paper
from tests.project.evaluation_races import ANY, RACES_OF_EVALUATIONS, TIMES
from tests.project.first_party import python_files
from tests.project.meeting_races import MEETING_RACES
from tests.project.shared_data import make_world


def _areas(world):
    fields = {"code": "Z", "title": "Same code", "theme": world.theme}
    return (
        PriorityArea,
        1,
        lambda n: plans.save_part(PriorityArea(strategy=world.strategy), by=world.roles["lead"], fields=fields),
    )


def _objectives(world):
    fields = {"code": "Z", "title": "Same code", "area": world.area}
    return Objective, 1, lambda n: plans.save_part(Objective(), by=world.roles["lead"], fields=fields)


def _actions(world):
    day = world.city.today
    fields = {"code": "Z", "title": "Same code", "objective": world.objective, "starts_on": day, "ends_on": day}
    return Action, 1, lambda n: plans.save_part(Action(), by=world.roles["lead"], fields=fields)


def _budget_lines(world):
    fields = {"amount": Decimal(100), "source": "Once", "year": world.city.today.year}
    rows = BudgetLine.objects.filter(source="Once")
    return rows, 1, lambda n: plans.add_budget_line(world.action, by=world.roles["lead"], fields=fields)


def _strategies(world):
    city = CityFactory()
    lead = member(BodyKind.CITY_OFFICE, Role.LEAD_OFFICIAL, city)
    fields = {"title": "First", "year_from": 2026, "year_to": 2030, "language": "sv"}
    return Strategy, 1, lambda n: plans.add_strategy(city, by=lead, fields=fields)


def _strategy_comments(world):
    return StrategyComment, ANY, lambda n: plans.comment_strategy(world.coming, by=world.roles["expert"], text="Same.")


def _periods(world):
    """Periods that begin on one day and end on different ones."""
    day = ReportingPeriod.objects.order_by("-ends_on").first().ends_on + timedelta(1)

    def create(n):
        end = day + timedelta(60 + n)
        dates = {"starts_on": day, "ends_on": end, "opens_on": day, "due_on": end}
        return periods.create_period(name=f"Overlapping {n}", by=world.roles["coordinator"], **dates)

    return ReportingPeriod, 1, create


def _next_periods(world):
    """Updates far ahead, for which periods have to be created."""
    day = ReportingPeriod.objects.order_by("-ends_on").first().ends_on + timedelta(20)
    return ReportingPeriod, 1, lambda n: updates.assign_period(world.city, day)


def _updates(world):
    data = updates.UpdateInput(date=clock.today(), text="Same form.", stage="ongoing", language="en", form_uuid=uuid4())
    return ActionUpdate, 1, lambda n: updates.log_update(world.second, by=world.roles["official"], data=data)


def _no_change(world):
    return ActionUpdate, 1, lambda n: updates.log_no_change([world.action], by=world.roles["lead"])


def _values(world):
    indicator = IndicatorFactory(strategy=world.strategy)
    by, row = world.roles["official"], world.periods["open"]
    return IndicatorValue, 1, lambda n: values.set_value(indicator, row, by=by, value=Decimal(3))


def _narratives(world):
    by, row = world.roles["lead"], world.periods["scheduled"]
    return Narrative, 1, lambda n: periods.save_narrative(row, by=by, text="Same.", language="sv")


def _period_comments(world):
    return (
        PeriodComment,
        ANY,
        lambda n: periods.comment_period(world.periods["open"], by=world.roles["expert"], text="Same."),
    )


def _endorsements(world):
    return PeriodComment, 1, lambda n: periods.endorse_period(world.periods["scheduled"], by=world.roles["expert"])


def _requests(world):
    return (
        PeriodComment,
        ANY,
        lambda n: periods.request_reopen(world.periods["accepted"], by=world.roles["lead"], reason="Same."),
    )


def _revisions(world):
    return PeriodRevision, 1, lambda n: periods.submit_period(world.periods["open"], by=world.roles["lead"])


def _reminders(world):
    return ReminderDay, 1, lambda n: reminders.remind_city(world.city)


def _phases(world):
    dates = {"planned_start": clock.today(), "planned_end": clock.today()}
    return PilotPhase, 1, lambda n: phases.create_phase(world.city, "pact", by=world.roles["lead"], **dates)


def _first_pacts(world):
    user = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, world.third)
    words = {"language": "en", "title": "Same", "text": "Same."}
    return PactVersion, 1, lambda n: pacts.draft_first_version(world.third, by=user, **words)


def _pact_texts(world):
    words = {"by": world.roles["official"], "language": "fi", "title": "Same", "text": "Same."}
    return PactText, 1, lambda n: pacts.add_text(world.pact_draft, **words)


def _pact_versions(world):
    pacts.open_version(world.pact_draft, by=world.roles["lead"])
    return PactVersion, 1, lambda n: pacts.draft_next_version(world.pact, by=world.roles["official"])


def _signatories(world):
    words = {"by": world.roles["lead"], "sector": "private", "name": "Same", "organisation": world.third_house}
    call = signatures.invite_signatory
    return Signature, 1, lambda n: call(world.pact_open, email=f"same{n}@house.example", **words)


def _papers(world):
    return Signature, 1, lambda n: sign_on_paper(world.pact_open, world.roles["lead"])


def _waivers(world):
    by = world.roles["coordinator"]
    return GateWaiver, 1, lambda n: phases.waive_requirement(world.phase, world.condition, by=by, reason="Same.")


# ---- people


def _memberships(world):
    person, by = PersonFactory(), world.roles["lead"]
    return Membership, 1, lambda n: memberships.add_member(person=person, body=world.body, role=Role.MEMBER, by=by)


def _handovers(world):
    to, by = PersonFactory(), world.roles["lead"]
    return Membership, 1, lambda n: memberships.hand_over(world.membership, to=to, by=by)


def _invitations(world):
    given = {"email": "race@town.example", "name": "Same", "body": world.office, "role": Role.VIEWER}
    open_ones = Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
    return open_ones, 1, lambda n: invitations.invite(**given, by=world.roles["lead"])


def _acceptances(world):
    """Two invitations to one new address, both accepted at the same moment."""
    given = {"email": "new-race@town.example", "name": "Same", "by": world.roles["lead"]}
    _first, one = invitations.invite(body=world.office, role=Role.VIEWER, **given)
    _second, other = invitations.invite(body=world.body, role=Role.MEMBER, **given)
    return User, 1, lambda n: invitations.accept_invitation([one, other][n % 2], name="Same", password=PASSWORD)


def _events(world):
    fields = {"kind": "meeting", "title": "Same", "starts_at": clock.now()}
    return (
        EventFactory._meta.model,
        ANY,
        lambda n: events.save_event(None, by=world.roles["lead"], city=world.city, fields=fields),
    )


def _attendances(world):
    persons = [*(row.person for row in world.event.attendances.all()), world.roles["viewer"].person]
    return Attendance, 1, lambda n: events.record_attendance(world.event, by=world.roles["lead"], persons=persons)


def _networks(world):
    Installation.objects.all().delete()
    return Installation, 1, lambda n: setup.create_network(name="Same")


def _coordinators(world):
    Membership.objects.filter(role=Role.COORDINATOR).update(valid_to=clock.today())
    given = {"network": "Same", "email": "first-race@town.example", "name": "Same", "password": PASSWORD}
    return Membership, 1, lambda n: setup.create_network_with_coordinator(**given)


def _first_members(world):
    given = ("chair-race@town.example", "Same", PASSWORD, BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR)
    return User, 1, lambda n: setup.add_first_member(*given)


def _mails(world):
    return Mail, 1, lambda n: queue_mail(to="a@town.example", subject="Same", body="Same", key="race")


RACES = (
    RACES_OF_EVALUATIONS
    | {
        "plans.save_part of an area": _areas,
        "plans.save_part of an objective": _objectives,
        "plans.save_part of an action": _actions,
        "plans.add_strategy": _strategies,
        "plans.add_budget_line": _budget_lines,
        "plans.comment_strategy": _strategy_comments,
        "periods.create_period": _periods,
        "period_assignment.assign_period": _next_periods,
        "updates.log_update": _updates,
        "updates.log_no_change": _no_change,
        "values.set_value": _values,
        "periods.save_narrative": _narratives,
        "periods.comment_period": _period_comments,
        "periods.endorse_period": _endorsements,
        "periods.request_reopen": _requests,
        "periods.submit_period": _revisions,
        "reminders.remind_city": _reminders,
        "phases.create_phase": _phases,
        "phases.waive_requirement": _waivers,
        "pacts.draft_first_version": _first_pacts,
        "pacts.add_text": _pact_texts,
        "signatures.invite_signatory": _signatories,
        "signatures.record_on_paper": _papers,
        "pacts.draft_next_version": _pact_versions,
        "memberships.add_member": _memberships,
        "memberships.hand_over": _handovers,
        "invitations.invite": _invitations,
        "invitations.accept_invitation": _acceptances,
        "events.save_event": _events,
        "events.record_attendance": _attendances,
        "services.queue_mail": _mails,
        "setup.add_first_member": _first_members,
        "setup.create_network": _networks,
        "setup.create_network_with_coordinator": _coordinators,
    }
    | MEETING_RACES
)
OF_ONE_ROW = {  # change a row that they lock, or are called by a service above
    "files.store_uploads",
    "periods.add_city_period",
    "services.save_with_history",
    "values.set_values",
    "files.store_upload",
    "frameworks.load_default_framework",
    "periods.save_period",
    "pacts.save_text",
    "profiles.save_profile",
    "services.save_language",
}
CREATES = re.compile(
    r"(accept_inv|add(?!ress)|appoint|ask|assign|comment|create|decide|declare|endorse|invite|issue_report|load|log|queue|record|remind_|report_|request|save|set_mod|set_val|store|submit|waive)\w*"
)


def test_every_creating_service_is_raced():
    """Find the services by their first word; a new one needs a line above."""
    files = [file for file in python_files() if "services" in file.parts or file.name == "services.py"]
    found = set()
    for file in files:
        module = importlib.import_module(".".join(file.relative_to(settings.BASE_DIR).with_suffix("").parts))
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if CREATES.fullmatch(name) and function.__module__ == module.__name__:
                found.add(f"{file.stem}.{name}")

    raced = {name.split(" ")[0] for name in RACES}
    assert sorted(found - raced - OF_ONE_ROW) == []


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_services_called_at_the_same_moment():
    world, outcomes = make_world(), {}
    ReportingPeriodFactory(ahead=2)
    periods.ensure_city_periods()

    for name, prepare in RACES.items():
        rows, wanted, call = prepare(world)
        rows = rows._default_manager.all() if isinstance(rows, type) else rows
        before = rows.count()
        errors = _at_the_same_moment(call)
        made = rows.all().count() - before
        unexpected = [repr(error) for error in errors if not isinstance(error, UserFacingError | ValidationError)]
        if unexpected or len(errors) == TIMES or wanted not in (ANY, made):
            outcomes[name] = (made, wanted, unexpected or errors)

    assert outcomes == {}


def _at_the_same_moment(call) -> list[Exception]:
    """Call in ``TIMES`` threads and return the errors."""
    barrier, errors = threading.Barrier(TIMES), []

    def work(n):
        try:
            connection.ensure_connection()
            barrier.wait(20)
            call(n)
        except Exception as error:  # noqa: BLE001 - the caller looks at all of them
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[n]) for n in range(TIMES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors
