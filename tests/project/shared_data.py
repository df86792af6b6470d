"""A small network with one of everything: drafts, periods and evaluations in each state, reports, emails.

Created by the services. Each text that is hidden from somebody contains a ``MARKER-<name>``; ``SEEN_BY`` says which
roles may see it. The roles belong to Linköping; Lublin is another city.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from accounts import services as letters
from cities.enums import BodyKind, EventKind, Role
from cities.models import City, Installation, StoredFile, TargetGroup, Theme
from cities.services import invitations
from core import clock, redaction
from core.models import FormInput, VerificationRun
from core.snapshots import sha256_hex
from evaluation.enums import Capacity
from evaluation.services import committee, consensus, discussion, ratings, rounds, stages
from evaluation.services.frameworks import load_framework
from reports.documents.render import RenderedFile
from reports.enums import ReportState
from reports.models import Report, ReportSchedule
from reports.services import reports
from strategies.enums import PeriodState
from strategies.models import CityPeriod, Evidence
from strategies.services import periods, plans, updates, values
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
    ReportingPeriodFactory,
    SessionFactory,
    StrategyFactory,
    TrainingWeekFactory,
    member,
    one_for_each_role,
)
from training.enums import SpeakerKind

from .pilot_data import add_pilot
from .shared_meetings import SEEN_MEETINGS, add_meetings
from .shared_recommendations import SEEN_RECOMMENDATIONS, add_recommendations

CITY = "viewer expert local_committee owner official lead"
OFFICIALS = "official lead"
NETWORK = "partner trainer scientific scientific_conflicted chair coordinator"
JUDGES = "rater rater_discuss moderator substitute"
MEMBERS = "lead coordinator data_protection"

SEEN_BY = {  # marker: the roles that may see it on any page
    # what Lublin has not adopted or submitted
    "lublin-plan": "other_official coordinator",
    "next-plan": f"{CITY} coordinator",
    "lublin-fact": "other_official",
    "lublin-typed": "other_official",
    "lublin-event": f"other_official {NETWORK}",
    # what Linköping has not submitted or does not share
    "open-fact": CITY,
    "own-draft": "official",
    "withdrawn-fact": OFFICIALS,
    "city-only": CITY + " rater_city",
    "accepted-fact": f"{CITY} {NETWORK} {JUDGES}",
    "unpublished-action": f"{CITY} {NETWORK} {JUDGES}",
    "ghent-action": NETWORK,  # unpublished parts of a published strategy
    "kept-house": f"{CITY} other_official {NETWORK}",  # who edits a plan chooses from all organisations
    "withdrawn-action": f"{CITY} coordinator",
    "withdrawn-later": f"{CITY} {NETWORK} {JUDGES}",  # withdrawn after the period in which it was reported
    "waiver": f"{CITY} {NETWORK}",
    "pact-open": f"{CITY} {NETWORK}",
    "pact-draft": f"{CITY} {NETWORK}",
    "pact-mail": "lead coordinator",  # the coordinator in the list of emails
    "lublin-pact": f"other_official {NETWORK}",
    "draft-event": f"{CITY} {NETWORK}",
    **SEEN_MEETINGS,
    "attendee": f"{CITY} data_protection coordinator",
    "expert-says": f"{CITY} {NETWORK}",
    # persons
    "member-name": f"{CITY} {NETWORK} data_protection",
    "member-mail": MEMBERS,
    # evaluations
    "rating-rate": "rater",
    "rating-discuss": "rater rater_discuss moderator",
    "note-discuss": "rater rater_discuss moderator",
    "rating-review": "rater rater_discuss moderator substitute scientific",
    "consensus-moderate": "moderator",
    "consensus-review": "lead moderator substitute scientific",
    "question-review": "official lead substitute scientific",
    "decision-review": "substitute scientific",
    "draft-week": "trainer coordinator",
    # one-time links and emails
    "letter": "coordinator",
    "one-time": "",
} | SEEN_RECOMMENDATIONS


def mark(name: str) -> str:
    assert name in SEEN_BY, name
    return f"MARKER-{name}"


def make_world() -> SimpleNamespace:
    world = SimpleNamespace()
    _people(world)
    _plans(world)
    _lublin(world)
    _ghent(world)
    _periods(world)
    _events(world)
    _evaluations(world)
    add_recommendations(world)
    _reports(world)
    _letters(world)
    _training(world)
    return world


# ---- people


def _people(world):
    world.city = CityFactory(name="Linköping", slug="linkoping")
    world.other = CityFactory(name="Lublin", slug="lublin", country="PL", currency="PLN", timezone="Europe/Warsaw")
    world.roles = one_for_each_role(world.city, world.other)
    for name in ("rater", "rater_discuss", "moderator", "substitute"):
        world.roles[name] = PersonFactory().user
    world.roles["owner"] = member(BodyKind.LOCAL_COMMITTEE, Role.MEMBER, world.city)
    # with a conflict of interest, so that too few members are eligible and a substitute can be appointed
    own_organisation = world.city.municipality
    world.roles["chair"] = member(BodyKind.SCIENTIFIC_COMMITTEE, Role.CHAIR, organisation=own_organisation)
    for name, user in world.roles.items():
        if name != "public" and hasattr(user, "person"):
            user.person.name = f"{name} of the world"
            user.person.save()
    world.member = member(
        BodyKind.CITY_OFFICE, Role.VIEWER, world.city, user=PersonFactory(name=mark("member-name")).user
    )
    world.member.person.email = world.member.email = f"{mark('member-mail')}@town.example".lower()
    world.member.person.save()
    world.member.save()
    world.membership = world.member.person.memberships.get()
    named = {"network_name": "A network of the world"}
    world.installation = Installation.objects.get_or_create(pk=1, defaults=named)[0]
    world.target_group = TargetGroup.objects.create(code="families", name="Families")
    world.organisation = world.city.municipality
    world.body = BodyFactory(kind=BodyKind.EXPERT_GROUP, city=world.city)
    world.office = BodyFactory(kind=BodyKind.CITY_OFFICE, city=world.city)


# ---- plans


def _plans(world):
    who = world.roles
    world.theme = Theme.objects.create(code="work", name="Work")
    world.strategy = StrategyFactory(city=world.city, published=True, title="Strategy of Linköping", vision="Together.")
    _before_and_after(world)
    world.area = PriorityAreaFactory(strategy=world.strategy, theme=world.theme)
    world.objective = ObjectiveFactory(area=world.area)
    common = {"objective": world.objective, "published": True}
    world.action = ActionFactory(**common, responsible=who["owner"].person, owner=OrganisationFactory())
    world.second = ActionFactory(**common, responsible=who["official"].person)
    world.unpublished = kept_back(world.objective, mark("unpublished-action"), owner=_house("Unpublished"))
    world.withdrawn = kept_back(world.objective, mark("withdrawn-action"), owner=_house("Withdrawn"), published=True)
    plans.withdraw_part(world.withdrawn, by=who["lead"], reason="Not needed any more.")
    later = mark("withdrawn-later")
    world.withdrawn_later = kept_back(world.objective, later, owner=_house("Later"), published=True)
    world.milestone = MilestoneFactory(action=world.action)
    world.budget_line = BudgetLineFactory(action=world.action)
    world.indicator = IndicatorFactory(strategy=world.strategy, action=world.action, target=Decimal(50))
    world.swot = world.strategy.swot_items.create(kind="strength", text="Many associations.")
    world.swot.actions.add(world.unpublished)
    world.risk = world.strategy.risks.create(text="Few rooms.", mitigating_action=world.unpublished)
    add_pilot(world, mark)


def _before_and_after(world):
    """Create Linköping's earlier strategy, published, and a draft of its next one."""
    world.earlier = StrategyFactory(
        city=world.city, published=True, adopted_on=date(2022, 1, 1), superseded_at=clock.now()
    )
    world.strategy.replaces = world.earlier
    world.strategy.save()
    ActionFactory(objective__area__strategy=world.earlier, published=True)
    secret = mark("next-plan")
    world.coming = StrategyFactory(city=world.city, replaces=world.strategy, title=f"{secret} strategy", vision=secret)
    world.coming.swot_items.create(kind="weakness", text=secret)
    plans.comment_strategy(world.coming, by=world.roles["expert"], text=secret)
    area = PriorityAreaFactory(strategy=world.coming, title=secret, description=secret)
    objective = ObjectiveFactory(area=area, title=secret)
    world.coming_action = ActionFactory(objective=objective, title=f"{secret} action", owner=None)
    IndicatorFactory(strategy=world.coming, name=f"{secret} indicator", definition=secret)


def kept_back(objective, secret, *, owner, **more):
    """Create an action with the marker in its texts; ``owner`` owns nothing else."""
    action = ActionFactory(objective=objective, title=f"{secret} action", owner=owner, **more)
    IndicatorFactory(strategy=objective.area.strategy, action=action, name=f"{secret} indicator", definition=secret)
    return action


def _house(name):
    return OrganisationFactory(name=f"{name} {mark('kept-house')}")


def _lublin(world):
    secret = mark("lublin-plan")
    strategy = StrategyFactory(city=world.other, title=f"{secret} strategy", vision=secret)
    area = PriorityAreaFactory(strategy=strategy, title=secret, description=secret)
    objective = ObjectiveFactory(area=area, title=secret)
    world.other_strategy, world.other_area, world.other_objective = strategy, area, objective
    world.other_action = ActionFactory(
        objective=objective,
        title=f"{secret} action",
        description=secret,
        responsible=world.roles["other_official"].person,
    )
    PilotPhaseFactory(city=world.other, kind="pact")
    world.other_milestone = MilestoneFactory(action=world.other_action, title=secret)
    world.other_budget_line = BudgetLineFactory(action=world.other_action, source=secret)
    world.other_swot = strategy.swot_items.create(kind="weakness", text=secret)
    world.other_risk = strategy.risks.create(text=secret)
    world.other_indicator = IndicatorFactory(strategy=strategy, name=f"{secret} indicator", definition=secret)


def _ghent(world):
    """Create a third city with a published strategy and an unpublished action."""
    world.third = CityFactory(name="Ghent", slug="ghent", country="BE")
    objective = ObjectiveFactory(area__strategy=StrategyFactory(city=world.third, published=True))
    world.third_objective = objective
    world.third_action = ActionFactory(objective=objective, published=True)
    world.third_hidden = kept_back(objective, mark("ghent-action"), owner=_house("Hidden"))
    world.third_house = OrganisationFactory(name="House that owns nothing yet")
    world.third_indicator = world.third_hidden.indicators.get()


# ---- periods and updates


def _periods(world):
    ahead = {-2: "published", -1: "accepted", 0: "open", 1: "scheduled"}
    quarters = {name: ReportingPeriodFactory(ahead=steps) for steps, name in ahead.items()}
    for city in City.objects.all():  # all took part from the first quarter on
        for quarter in quarters.values():
            CityPeriod.objects.create(city=city, period=quarter)
    world.periods, world.quarters = {}, quarters
    for name, quarter in quarters.items():
        world.periods[name] = CityPeriod.objects.get(city=world.city, period=quarter)
        world.periods[f"lublin-{name}"] = CityPeriod.objects.get(city=world.other, period=quarter)
    world.revision = _report(world, "published")
    with _day(quarters["published"].due_on):
        periods.accept_period(world.periods["published"], by=world.roles["coordinator"])
        periods.publish_period(world.periods["published"], by=world.roles["lead"])
    world.accepted_revision = _report(world, "accepted", text=mark("accepted-fact"))
    with _day(min(quarters["accepted"].due_on, clock.today())):
        periods.accept_period(world.periods["accepted"], by=world.roles["coordinator"])
    for name in ("lublin-published", "lublin-accepted"):
        _other_city_reports(world, name)
    _open(world)
    plans.withdraw_part(world.withdrawn_later, by=world.roles["lead"], reason="Not needed any more.")
    for name, row in world.periods.items():
        world.periods[name] = CityPeriod.objects.get(pk=row.pk)
    assert world.periods["open"].state == PeriodState.OPEN


def _day(day):
    return clock.at(datetime.combine(day, time(12), tzinfo=clock.now().tzinfo))


def _report(world, name, text="We met everybody."):
    """Open the period, log an update of each visibility, and submit."""
    who, row = world.roles, world.periods[name]
    with _day(first := row.period.starts_on + timedelta(days=20)):
        periods.open_period(row)
        for visibility, words in (("public", "Doors opened."), ("network", text), ("city", mark("city-only"))):
            data = updates.UpdateInput(date=first, text=words, stage="ongoing", visibility=visibility)
            if visibility == "network":
                data.spent, data.people_reached = Decimal(1200), 30
            updates.log_update(world.action, by=who["official"], data=data)
        world.judged_evidence = _on_record(world, row)
        values.set_value(world.indicator, row, by=who["official"], value=Decimal(12), visibility="public")
        periods.save_narrative(row, by=who["official"], text=f"Account: {text}", language="en")
        periods.comment_period(row, by=who["expert"], text=f"{mark('expert-says')} {name}")
    with _day(row.period.ends_on):
        return periods.submit_period(row, by=who["lead"])


def _on_record(world, row):
    """Add evidence to the newest update that the network may read."""
    update = row.updates.filter(visibility="network").latest("pk")
    return evidence_on(update, f"{mark('accepted-fact')}.pdf", world.roles["official"])


def _other_city_reports(world, name):
    """Open a period of Lublin; it is not submitted, so it stays open."""
    with _day(world.periods[name].period.starts_on):
        periods.open_period(world.periods[name])


def _open(world):
    who, secret = world.roles, mark("open-fact")
    row, other = world.periods["open"], world.periods["lublin-open"]
    for each in (row, other):
        periods.open_period(each)
    world.update = logged(world.action, who["official"], secret)
    world.owners_update = logged(world.action, who["owner"], secret)
    world.evidence = evidence_on(world.update, f"{secret}.pdf", who["official"])
    world.withdrawn_update = logged(world.action, who["official"], mark("withdrawn-fact"))
    updates.withdraw_update(world.withdrawn_update, by=who["official"], reason=mark("withdrawn-fact"))
    world.value = values.set_value(world.indicator, row, by=who["official"], value=Decimal(20), note=secret)
    periods.save_narrative(row, by=who["official"], text=secret, language="en")
    periods.endorse_period(row, by=who["expert"], text=secret)
    world.draft_file = stored(f"{mark('own-draft')}.pdf", who["official"])
    world.own_draft = draft(world.second, who["official"], mark("own-draft"), world.draft_file)
    world.other_update = logged(world.other_action, who["other_official"], mark("lublin-fact"))
    world.other_evidence = evidence_on(world.other_update, f"{mark('lublin-fact')}.pdf", who["other_official"])
    world.other_value = values.set_value(
        world.other_indicator, other, by=who["other_official"], value=Decimal(7), note=mark("lublin-fact")
    )
    periods.save_narrative(other, by=who["other_official"], text=mark("lublin-fact"), language="pl")
    draft(world.other_action, who["other_official"], mark("lublin-typed"))


def draft(action, user, text, *files):
    page = reverse("strategies:action_log", args=[action.pk])
    kept = [("files", str(stored.uuid), stored.name, stored.sha256) for stored in files]
    return FormInput.objects.create(
        user=user, nonce="draft", page=page, path=page, title=str(action), fields={"text": [text]}, files=kept
    )


def logged(action, by, text):
    data = updates.UpdateInput(
        date=clock.today(), text=text, stage="ongoing", challenges=text, next_step=text, language="en"
    )
    return updates.log_update(action, by=by, data=data)


def stored(name, by):
    content = b"%PDF-1.4 of the world"
    path = default_storage.save(f"world/{uuid4()}", ContentFile(content))
    return StoredFile.objects.create(
        name=name, content_type="application/pdf", size=21, sha256=sha256_hex(content), path=path, uploaded_by=by
    )


def evidence_on(update, name, by):
    row = stored(name, by)
    StoredFile.objects.filter(pk=row.pk).update(state="used")
    return Evidence.objects.create(update=update, file=row, title=name)


# ---- events


def _events(world):
    common = {"kind": EventKind.MEETING, "programme": "Welcome.", "location": "Town hall"}
    held = {"title": "Kick-off", "minutes": mark("draft-event"), "published_at": clock.now()}
    world.event = EventFactory(**common, city=world.city, **held)
    world.draft_event = EventFactory(**common, city=world.city, title=mark("draft-event"))
    hidden = {"title": mark("draft-event"), "location": mark("draft-event"), "documentation": mark("draft-event")}
    programme = f"{mark('draft-event')}: {world.unpublished.title}"
    EventFactory(kind=EventKind.KICK_OFF, city=world.city, programme=programme, minutes=programme, **hidden)
    world.other_event = EventFactory(**common, city=world.other, title=mark("lublin-event"))
    add_meetings(world)


# ---- evaluations: one in each stage


def _evaluations(world):
    world.framework = load_framework()
    world.dimension = world.framework.dimensions.first()
    world.evaluations = {}
    for stage in ("declare", "rate", "discuss", "moderate", "review", "published"):
        world.evaluations[stage] = evaluation_in(world, stage)
    world.round = world.evaluations["review"].round
    for row in world.evaluations.values():
        row.refresh_from_db()
    assert all(row.stage == stage for stage, row in world.evaluations.items())


def evaluation_in(world, stage, name=""):
    who = world.roles
    days = {name: clock.today() + timedelta(days=30 + step) for step, name in enumerate(_DAYS)}
    quarter = world.quarters["published" if stage == "published" else "accepted"]
    round_ = rounds.create_round(
        framework=world.framework, period=quarter, name=name or f"Round in {stage}", by=who["coordinator"], **days
    )
    row = rounds.add_evaluation(round_, world.strategy, by=who["coordinator"])
    rounds.set_moderator(row, who["moderator"].person, by=who["coordinator"])
    for name in ("rater", "rater_discuss"):
        rounds.assign_rater(row, who[name].person, Capacity.PEER, by=who["coordinator"])
    steps = ["declare", "rate", "discuss", "moderate", "review", "published"].index(stage)
    for step in _STEPS[:steps]:
        step(world, row, stage)
    return row


_DAYS = ("declare_on", "rate_on", "discuss_on", "moderate_on", "review_on", "decide_by")


def _rate(world, row, stage):
    stages.move_stage(row, "start_rating", by=world.roles["coordinator"], reason="For the world.")
    words = mark(f"rating-{stage}") if f"rating-{stage}" in SEEN_BY else "As we saw."
    for dimension in world.framework.dimensions.all():
        ratings.save_rating(row, dimension, by=world.roles["rater"], level=3, reasons=words)
        if stage != "rate":
            ratings.save_rating(row, dimension, by=world.roles["rater_discuss"], level=2, reasons=words)
    ratings.submit_assessment(row, by=world.roles["rater"])
    if stage != "rate":
        ratings.submit_assessment(row, by=world.roles["rater_discuss"])


def _discuss(world, row, stage):
    stages.move_stage(row, "start_discussion", by=world.roles["coordinator"], reason="For the world.")
    words = mark("note-discuss") if stage == "discuss" else "Did others see more?"
    discussion.add_note(row, world.dimension, by=world.roles["rater"], text=words)


def _moderate(world, row, stage):
    stages.move_stage(row, "start_moderation", by=world.roles["coordinator"], reason="For the world.")
    words = mark(f"consensus-{stage}") if f"consensus-{stage}" in SEEN_BY else "Agreed."
    for dimension in world.framework.dimensions.all():
        consensus.save_consensus(row, dimension, by=world.roles["moderator"], level=3, reason=words)


def _review(world, row, stage):
    who = world.roles
    stages.move_stage(row, "hand_to_committee", by=who["coordinator"], reason="For the world.")
    rounds.appoint_substitute(row, who["substitute"].person, by=who["coordinator"], reason="One is in conflict.")
    if stage == "review":
        world.question = committee.ask_question(row, by=who["scientific"], text=mark("question-review"))
        _decide(row, who["scientific"], mark("decision-review"))


def _publish(world, row, stage):
    for name in ("scientific", "substitute"):
        _decide(row, world.roles[name], "Well founded.")


def _decide(row, by, reason):
    committee.decide(row, by=by, decision="approve", reason=reason, snapshot_hash=committee.decision_hash(row))


_STEPS = (_rate, _discuss, _moderate, _review, _publish)


# ---- reports, emails, training


def _reports(world):
    by = world.roles["coordinator"]
    issue = reports.issue_report
    world.report = issue(kind="city_period", city=world.city, period=world.quarters["accepted"], by=by)
    world.network_report = issue(kind="network_period", period=world.quarters["accepted"], by=by)
    world.failed_report = issue(kind="city_period", city=world.city, period=world.quarters["published"], by=by)
    token = Report.objects.claim(world.report.pk)
    files = [RenderedFile(f"{world.report.number}.pdf", "application/pdf", b"%PDF-1.4 of the world")]
    reports.finish_report(world.report, token=token, files=files)
    world.report_file = world.report.files.get()
    Report.objects.filter(pk=world.failed_report.pk).update(state=ReportState.FAILED, reason="Out of paper.")
    world.schedule = ReportSchedule.objects.create(kind="city_period", trigger="accepted", offset_days=3)


def _letters(world):
    lead, contact = world.roles["lead"], world.roles["data_protection"]
    world.opening = redaction.open_record(f"/events/{EventFactory(city=world.city).pk}/", by=contact, reason="Why.")
    world.invitation, world.token = invitations.invite(
        email="new@town.example", name="Somebody new", body=world.office, role=Role.VIEWER, by=lead
    )
    world.secret_letter = letters.queue_mail(
        to="new@town.example", subject="Your link", body=f"https://x.example/{mark('one-time')}", has_secret=True
    )
    world.integrity_check = VerificationRun.objects.create(started_at=clock.now(), checked=9, difference_count=0)
    world.letter = letters.queue_mail(to="known@town.example", subject=mark("letter"), body=mark("letter"))
    type(world.letter).objects.filter(pk=world.letter.pk).update(state="failed")


def _training(world):
    world.week = TrainingWeekFactory(slug="week", published_at=clock.now())
    world.draft_week = TrainingWeekFactory(slug="draft-week", title=mark("draft-week"))
    world.session = SessionFactory(week=world.week)
    world.speaker = world.session.speakers.create(name="A guest", kind=SpeakerKind.values[0])
