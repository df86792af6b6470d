"""No page runs more queries for five rows than for one, and none more than its limit."""

import logging
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import services as letters
from cities.enums import BodyKind, Role
from core import clock
from strategies.services import periods, plans
from tests.factories import (
    ActionFactory,
    BodyFactory,
    BudgetLineFactory,
    CityFactory,
    EventFactory,
    IndicatorFactory,
    MilestoneFactory,
    ObjectiveFactory,
    OrganisationFactory,
    PersonFactory,
    PilotPhaseFactory,
    PriorityAreaFactory,
    SessionFactory,
    StrategyFactory,
    ThemeFactory,
    TrainingWeekFactory,
    member,
)

from .access import HALVES, LINES, path_of
from .routes import answer, code
from .shared_data import evaluation_in, evidence_on, logged, stored
from .shared_recommendations import add_recommendations

pytestmark = [pytest.mark.django_db, pytest.mark.crawl, pytest.mark.xdist_group(HALVES["public"])]

FULLEST = ["lead", "coordinator", "scientific", "rater", "moderator", "trainer", "public"]
MORE = 4
LIST, DETAIL = 15, 20
LISTS = ("_list", "_changelist", "my_work", "desk_queue")


COUNTS_VISITS = {"account_reset_password_from_key"}  # writes the rate limit to the database
THREE_ROWS = {"pilot:phase_list"}  # a page about one city


def bar_of(name: str) -> int:
    if name in THREE_ROWS:
        return DETAIL
    if name == "strategies:my_work":
        return LIST + 3  # in the transaction of this test, what is kept in the process is read (core.versions)
    if name == "dashboards:network":
        return DETAIL + 2  # in this transaction, what is kept is read, and the sums of the cities are stored each time
    return LIST if name.endswith(LISTS) else DETAIL


def asked() -> list:
    """Return (line, role) for each page, for the two roles that see most of it."""
    found = []
    for line in (line for line in LINES if line.name not in COUNTS_VISITS):
        roles = [role for role in FULLEST if line.get.get(role) == "200"][:2]
        found += [(line, role) for role in roles]
    return found


def count(world, line, role) -> int:
    path = path_of(line, world)
    connection.queries_log.clear()  # it holds 9,000 queries, of all pages
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        response = answer(world.clients[role], "get", path)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    assert code(response) == "200", path
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")) for query in queries)


@pytest.fixture(scope="module")
def counted(world, django_db_blocker):
    """Count queries with the shared data, then with four more of everything: ``{(page, role): (before, after)}``."""
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), transaction.atomic():
        pages = asked()
        for line, role in pages[:3]:
            count(world, line, role)  # fill the caches of the process
        before = [count(world, line, role) for line, role in pages]
        grow(world)
        after = [count(world, line, role) for line, role in pages]
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)
    names = [(line.name, line.sample, role) for line, role in pages]
    return dict(zip(names, zip(before, after, strict=True), strict=True))


def test_query_count_is_same_for_more_rows(counted):
    assert {page: pair for page, pair in counted.items() if pair[1] > pair[0]} == {}


def test_query_count_is_within_limit(counted):
    assert {page: after for page, (_before, after) in counted.items() if after > bar_of(page[0])} == {}


def test_logging_update_takes_at_most_25_queries(counted, world):
    from django.urls import reverse

    path = reverse("strategies:action_log", args=[world.action.pk])
    client = world.clients["official"]
    with transaction.atomic():
        recent = world.action.updates.filter(city_period=world.periods["open"])  # else the page asks about them
        recent.update(created_at=clock.now() - timedelta(hours=1))
        with CaptureQueriesContext(connection) as queries:
            page = client.get(path)
            form = page.context["form"]
            initial = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
            data = {name: value for name, value in initial.items() if value not in (None, [])}
            posted = client.post(path, data | {"text": "We met again.", "date": clock.today().isoformat()})
        transaction.set_rollback(True)

    assert posted.status_code == 302, posted.context["form"].errors
    statements = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) <= 25


# ---- four more of everything


def grow(world) -> None:
    who = world.roles
    for stage in ("rate", "discuss", "review", "published"):
        evaluation_in(world, stage, name=f"One more in {stage}")
    recommended = world.recommendations
    add_recommendations(world)
    world.recommendations = recommended
    for number in range(MORE):
        _more_of_the_city(world, who, number)
        _more_cities(world, who, number)
        letters.queue_mail(to=f"more{number}@town.example", subject="More", body="More.")
        week = TrainingWeekFactory(published_at=clock.now(), slug=f"more-{number}")
        SessionFactory(week=week)
        SessionFactory(week=world.week)
        OrganisationFactory()
        ThemeFactory()


def _more_of_the_city(world, who, number) -> None:
    StrategyFactory(city=world.city, published=True, superseded_at=clock.now())
    area = PriorityAreaFactory(strategy=world.strategy, theme=world.theme)
    objective = ObjectiveFactory(area=area)
    ObjectiveFactory(area=world.area)
    common = {"published": True, "responsible": who["lead"].person, "owner": OrganisationFactory()}
    action = ActionFactory(objective=objective, **common)
    ActionFactory(objective=world.objective, **common)
    for each in (action, world.action):
        MilestoneFactory(action=each)
        BudgetLineFactory(action=each)
        IndicatorFactory(strategy=world.strategy, action=each)
        update = logged(each, who["official"], "More.")
        evidence_on(update, "more.pdf", who["official"])
    action.deputies.add(who["owner"].person)
    action.partners.add(OrganisationFactory())
    plans.comment_strategy(world.coming, by=who["expert"], text="More.")
    swot = world.strategy.swot_items.create(kind="weakness", text="More.")
    swot.areas.add(area)
    world.strategy.swot_items.create(kind="weakness", text="Less.", withdrawn_at=clock.now())
    world.strategy.risks.create(text="More.", area=area)
    EventFactory(city=world.city, published_at=clock.now())
    EventFactory(body=world.body, city=None, published_at=clock.now())
    periods.comment_period(world.periods["open"], by=who["expert"], text="More.")
    person = PersonFactory(organisation=OrganisationFactory())
    member(BodyKind.EXPERT_GROUP, Role.MEMBER, world.city, user=person.user)
    member(BodyKind.CITY_OFFICE, Role.VIEWER, world.city)
    member(BodyKind.SCIENTIFIC_COMMITTEE, Role.MEMBER)
    stored("more.pdf", who["official"])


def _more_cities(world, who, number) -> None:
    city = CityFactory(country="DE")
    strategy = StrategyFactory(city=city, published=True)
    objective = ObjectiveFactory(area__strategy=strategy, area__theme=world.theme)
    action = ActionFactory(objective=objective, published=True, responsible=who["owner"].person)
    PilotPhaseFactory(city=city)
    for kind in (BodyKind.CITY_OFFICE, BodyKind.EXPERT_GROUP, BodyKind.LOCAL_COMMITTEE):
        BodyFactory(kind=kind, city=city)
    periods.ensure_city_periods()
    row = city.periods.get(period=world.quarters["open"])
    periods.open_period(row)
    official = member(BodyKind.CITY_OFFICE, Role.OFFICIAL, city)
    logged(action, official, "More.")
    IndicatorFactory(strategy=strategy, action=action)
