"""Every page and state as ``(name, role, path)``, with the role that sees most of it."""

import json

# Creates what the demo lacks: evaluations in discussion, in moderation and returned, a question to a city, open
# invitations, a password reset link, a value that can be withdrawn, a file with a wrong hash, queued and failed
# reports.
CREATE_ROWS = """
import json
from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from cities.models import Body, Event, Person, StoredFile
from cities.services import decisions, invitations
from accounts.models import User
from core import clock
from evaluation.models import Evaluation, EvaluationRound
from evaluation.services import (
    committee, consensus, discussion, ratings, recommendation_progress, recommendations, responses, rounds,
    stages,
)
from pilot import gates
from pilot.models import PilotPhase
from reports.services import reports
from strategies.enums import LOCKED
from strategies.models import Action, ActionUpdate, CityPeriod, Evidence, Indicator, PriorityArea, Strategy
from strategies.services import periods, plans, values
from strategies.services.decisions import link_decision


def user(name):
    return User.objects.get(email=f"{name}@demo.example")


def person(name):
    return Person.objects.get(user=user(name))


coordinator, today = user("coordinator"), clock.today()
framework = EvaluationRound.objects.first().framework
names = ("declare_on", "rate_on", "discuss_on", "moderate_on", "review_on", "decide_by")
days = {name: today + timedelta(days=30 + number) for number, name in enumerate(names)}
published = CityPeriod.objects.filter(city__slug="cluj-napoca", state="published")
quarter = published.earliest("period__starts_on").period
made = {}
for slug, stage in (("cartagena", "discuss"), ("cluj-napoca", "moderate"), ("ravenna", "changes")):
    round_ = rounds.create_round(framework=framework, period=quarter, name=f"In {stage}", by=coordinator, **days)
    strategy = Strategy.objects.current().get(city__slug=slug)
    row = rounds.add_evaluation(round_, strategy, by=coordinator)
    made[stage] = row.pk
    rounds.set_moderator(row, person("moderator"), by=coordinator)
    lead = f"lead.{slug}"
    for name, capacity in (("rater1", "peer"), ("rater2", "peer"), (lead, "self")):
        rounds.assign_rater(row, person(name), capacity, by=coordinator)
    stages.move_stage(row, "start_rating", by=coordinator)
    dimensions = list(framework.dimensions.all())
    for name, step in (("rater1", 1), ("rater2", 2), (lead, 2)):
        for number, dimension in enumerate(dimensions):
            level = 1 + number * step % 4
            ratings.save_rating(row, dimension, by=user(name), level=level, reasons="As the updates say.")
        ratings.submit_assessment(row, by=user(name))
    if stage == "discuss":  # complete, not submitted
        rounds.assign_rater(row, person("rater3"), "peer", by=coordinator)
        for dimension in dimensions:
            ratings.save_rating(row, dimension, by=user("rater3"), level=3, reasons="I looked at the figures.")
    stages.move_stage(row, "start_discussion", by=coordinator)
    changed = dict(level=4, reasons="The survey convinced me.", version=1)
    ratings.save_rating(row, dimensions[1], by=user("rater1"), **changed)
    discussion.add_note(row, dimensions[0], by=user("rater1"), text="Did others see more?")
    if stage == "discuss":
        continue
    stages.move_stage(row, "start_moderation", by=coordinator)
    for dimension in dimensions[:3] if stage == "moderate" else dimensions:
        consensus.save_consensus(row, dimension, by=user("moderator"), level=2, reason="We agreed on it.")
    if stage == "moderate":
        continue
    stages.move_stage(row, "hand_to_committee", by=coordinator)
    committee.decide(
        row, by=user("committee1"), decision="request_changes", reason="The reasons do not carry the level.",
        dimensions={dimensions[0].code: ("request_changes", "Say which figures.")}, reopen_ratings=True,
        snapshot_hash=committee.decision_hash(row),
    )

desk = Evaluation.objects.get(strategy__city__slug="lublin", stage="review")
given = dict(text="Offer courses in the evening.", done_when="They are in the programme.", priority="high")
lublin = user("lead.lublin")
made["draft_recommendation"] = recommendations.draft_in_evaluation(desk, by=user("committee1"), fields=given).pk
recommended = [
    recommendations.draft_from("network_office", by=coordinator, city=desk.strategy.city, fields=given)
    for _number in range(3)
]
for row in recommended:
    recommendations.issue(row, by=coordinator)
answer = dict(responsible=lublin.person, due_on=today + timedelta(days=30), reason="As planned.", version=0)
responses.save_response(recommended[0], by=lublin, decision="partly", **answer)
responses.send_response(recommended[1], by=lublin, decision="accept", **answer)
lublin_period = CityPeriod.objects.filter(city=desk.strategy.city).unlocked().earliest("period__starts_on")
recommendation_progress.report_progress(
    recommended[1], lublin_period, by=lublin, text="Two courses have started.", is_done=True, version=0
)
made["lublin_period"] = lublin_period.pk
made["recommendation"], made["answered"] = recommended[0].pk, recommended[1].pk
recommendations.withdraw(recommended[2], by=coordinator, reason="Said twice.")
made["withdrawn_recommendation"] = recommended[2].pk
made["question"] = committee.ask_question(desk, by=user("committee1"), text="Who was asked, and how?").pk
office = Body.objects.get(kind="city_office", city__slug="linkoping")
expert = Body.objects.get(kind="expert_group", city__slug="linkoping")
lead = user("lead.linkoping")
for key, email, body, more in (
    ("invited_new", "new@town.example", office, {}),
    ("invited_known", "partner@demo.example", expert, {"seat": "selected_expert"}),
):
    role = "viewer" if body == office else "member"
    _row, made[key] = invitations.invite(email=email, name="Somebody", body=body, role=role, by=lead, **more)
resetting = user("official.riga")
made["password_key"] = f"{user_pk_to_url_str(resetting)}-{default_token_generator.make_token(resetting)}"

open_ = CityPeriod.objects.filter(city__slug="linkoping", state="open").earliest("period__starts_on")
indicator = Indicator.objects.filter(strategy__city__slug="linkoping", withdrawn_at=None).first()
value = open_.values.filter(withdrawn_at=None).first()
if value is None:
    value = values.set_value(indicator, open_, by=user("official.linkoping"), value=3)
made["value"] = value.pk
path = default_storage.save("browser/broken", ContentFile(b"%PDF-1.4"))
stored = StoredFile.objects.create(
    name="broken.pdf", content_type="application/pdf", size=8, sha256="0" * 64, path=path, state="used",
    uploaded_by=user("official.cluj-napoca"),
)
where = {"city_period__city__slug": "cluj-napoca", "city_period__state": "open", "withdrawn_at": None}
update = ActionUpdate.objects.filter(**where).first()
Evidence.objects.create(update=update, file=stored, title="What it shows")
made["broken"] = str(stored.uuid)  # its bytes are not what its hash says
area = PriorityArea(strategy=Strategy.objects.current().get(city__slug="linkoping"))
area = plans.save_part(area, by=lead, fields={"code": "99", "title": "Culture"})
made["withdrawn_area"] = plans.withdraw_part(area, by=lead, reason="Part of another area now.").pk
phase = PilotPhase.objects.filter(city__slug="riga").first()
made["riga_phase"], made["condition"] = phase.pk, gates.GATES[phase.kind][0].key
for key, row in zip(("queued", "failed"), CityPeriod.objects.filter(city__slug="dietzenbach", state__in=LOCKED)):
    periods.reopen_period(row, by=coordinator, reason="A figure was wrong.")
    periods.submit_period(row, by=user("lead.dietzenbach"))
    periods.accept_period(row, by=coordinator)
    report = reports.issue_report(kind="city_period", city=row.city, period=row.period, by=coordinator)
    report.attempts, report.state, report.reason = 3, key, "The disk was full." if key == "failed" else ""
    report.save(update_fields=["attempts", "state", "reason"])  # no worker takes them any more
    made[key] = report.number
for key, slug in (("next", "riga"), ("former", "dietzenbach")):
    current = Strategy.objects.current().get(city__slug=slug)
    fields = {"title": "The next strategy", "year_from": 2030, "year_to": 2034, "language": "en"}
    coming = plans.add_strategy(current.city, by=user(f"lead.{slug}"), fields=fields)
    made[key] = coming.ref
    if key == "former":
        plans.adopt_strategy(coming, by=user(f"lead.{slug}"), on=today)
        made[key] = Strategy.objects.get(pk=current.pk).ref
meeting = Event.objects.filter(body=expert, kind="meeting", published_at=None).earliest("starts_at")
responsible = person("official.linkoping")
for key, more in (("decision", {}), ("decision_dropped", {"reason": "The money was not granted."})):
    fields = {"text": "Open the centre on Saturdays.", "responsible": responsible, "due_on": today}
    decision = decisions.record_decision(meeting, by=lead, fields=fields)
    if more:
        decisions.drop_decision(decision, by=lead, **more)
    else:
        link_decision(decision, by=lead, action=Action.objects.get(title="Mentors in working life"))
    made[key] = decision.pk
made["meeting"] = meeting.pk
print(json.dumps(made))
"""
FIND_IDS = """
import json
from cities.models import Body, Event, Membership
from accounts.models import Mail
from evaluation.models import Evaluation, RoundResult
from pilot.models import PilotPhase
from reports.models import Report
from strategies.models import Action, ActionUpdate, CityPeriod, Indicator, PeriodRevision

def period(slug, state):
    rows = CityPeriod.objects.filter(city__slug=slug).order_by("period__starts_on")
    return (rows.filter(state=state).first() or rows.first()).pk

def evaluation(slug, stage):
    rows = Evaluation.objects.filter(strategy__city__slug=slug)
    return (rows.filter(stage=stage).first() or rows.order_by("-round__declare_on").first()).pk

action = Action.objects.get(title="Mentors in working life")
open_ = CityPeriod.objects.get(pk=period("linkoping", "open"))
objective = action.objective
print(json.dumps({
    "action": action.pk, "objective": objective.pk, "area": objective.area_id,
    "update": ActionUpdate.objects.filter(city_period=open_).first().pk,
    "milestone": action.milestones.first().pk, "line": action.budget_lines.first().pk,
    "indicator": Indicator.objects.filter(strategy__city__slug="linkoping").first().pk,
    "swot": action.strategy.swot_items.first().pk, "risk": action.strategy.risks.first().pk,
    "open": open_.pk, "scheduled": period("linkoping", "scheduled"), "published": period("linkoping", "published"),
    "accepted": period("linkoping", "accepted"), "submitted": period("riga", "submitted"),
    "returned": period("cartagena", "returned"),
    "phase": PilotPhase.objects.filter(city__slug="linkoping").first().pk,
    "body": Body.objects.get(kind="expert_group", city__slug="linkoping").pk,
    "event": Event.objects.filter(city__slug="linkoping", kind="kick_off").first().pk,
    "membership": Membership.objects.get(person__user__email="official.linkoping@demo.example").pk,
    "mail": Mail.objects.first().pk,
    "rate": evaluation("linkoping", "rate"), "review": evaluation("lublin", "review"),
    "done": evaluation("linkoping", "published"),
    "round": Evaluation.objects.get(pk=evaluation("linkoping", "rate")).round_id,
    "closed_round": RoundResult.objects.first().round_id,
    "revision_hash": PeriodRevision.objects.first().sha256,
    "result_hash": RoundResult.objects.first().sha256,
    "city_report": Report.objects.filter(city__slug="linkoping", state="ready").first().number,
    "network_report": Report.objects.filter(city=None, state="ready").first().number,
    "framework": Evaluation.objects.first().round.framework_id,
}))
"""

PAGES = [
    # visitors who are not signed in
    ("front-page", None, "/"),
    ("about", None, "/about/"),
    ("privacy", None, "/privacy/"),
    ("accessibility", None, "/accessibility/"),
    ("sign-in", None, "/account/login/"),
    ("password-reset", None, "/account/password/reset/"),
    ("password-reset-sent", None, "/account/password/reset/done/"),
    ("sign-up-closed", None, "/account/signup/"),
    ("pact-public", None, "/cities/linkoping/pact/"),
    ("pact-link-unknown", None, "/pact-signing/unknown/"),
    ("pact-decline-unknown", None, "/pact-signing/unknown/decline/"),
    ("invitation-used", None, "/account/invitation/used/"),
    ("cities", None, "/cities/"),
    ("verify", None, "/verify/"),
    ("verify-unknown", None, f"/verify/?hash={'0' * 64}"),
    ("training", None, "/training/"),
    ("training-week", None, "/training/pilot/"),
    ("strategy-public", None, "/strategies/linkoping/"),
    ("evaluation-published", None, "/evaluation/{done}/"),
    ("password-new", None, "/account/password/reset/key/{password_key}/"),
    ("password-changed", None, "/account/password/reset/key/done/"),
    ("account-inactive", None, "/account/inactive/"),
    ("invitation-new", None, "/account/invitation/{invited_new}/"),
    ("invitation-sign-in", None, "/account/invitation/{invited_known}/"),
    ("invitation-accept", "partner", "/account/invitation/{invited_known}/"),
    ("invitation-of-other-user", "lead.linkoping", "/account/invitation/{invited_new}/"),
    ("bad-request", None, "/__page__/400.html"),
    ("signed-out", None, "/__page__/401.html"),
    ("form-too-old", None, "/__page__/403_csrf.html"),
    ("part-forbidden", None, "/__page__/403_part.html"),
    ("part-not-found", None, "/__page__/404_part.html"),
    ("method-not-allowed", None, "/__page__/405.html"),
    ("not-received", None, "/__page__/408.html"),
    ("length-missing", None, "/__page__/411.html"),
    ("address-too-long", None, "/__page__/414.html"),
    ("too-many-attempts", None, "/__page__/429.html"),
    ("no-room", None, "/__page__/507.html"),
    ("request-too-large", None, "/__page__/413.html"),
    ("too-many-attempts", None, "/__page__/429.html"),
    ("backend-unavailable", None, "/__page__/503.html"),
    ("server-error", None, "/__page__/500.html"),
    # an official and a lead official of Linköping
    ("not-found", "official.linkoping", "/actions/999999/"),
    ("forbidden", "official.linkoping", "/cities/lublin/edit/"),
    ("my-work", "official.linkoping", "/my-work/"),
    ("log", "official.linkoping", "/actions/{action}/log/"),
    ("log-another-period", "official.linkoping", "/actions/{action}/log/?city_period={open}"),
    ("update-edit", "official.linkoping", "/updates/{update}/edit/"),
    ("update-withdraw", "official.linkoping", "/updates/{update}/withdraw/"),
    ("file-with-wrong-hash", "official.cluj-napoca", "/files/{broken}/"),
    ("value-withdraw", "official.linkoping", "/values/{value}/withdraw/"),
    ("update-history", "official.linkoping", "/updates/{update}/history/"),
    ("action", "official.linkoping", "/actions/{action}/"),
    ("action-edit", "official.linkoping", "/actions/{action}/edit/"),
    ("action-history", "official.linkoping", "/actions/{action}/history/"),
    ("action-withdraw", "official.linkoping", "/actions/{action}/withdraw/"),
    ("action-add", "official.linkoping", "/objectives/{objective}/actions/add/"),
    ("milestone-add", "official.linkoping", "/actions/{action}/milestones/add/"),
    ("milestone-edit", "official.linkoping", "/milestones/{milestone}/edit/"),
    ("milestone-withdraw", "official.linkoping", "/milestones/{milestone}/withdraw/"),
    ("budget-line-add", "official.linkoping", "/actions/{action}/budget/add/"),
    ("budget-line-edit", "official.linkoping", "/budget-lines/{line}/edit/"),
    ("strategy", "lead.linkoping", "/strategies/linkoping/"),
    ("strategy-add-next", "lead.cartagena", "/cities/cartagena/strategy/add/"),
    ("strategy-next", "lead.riga", "/strategies/{next}/"),
    ("strategy-comment", "expert.riga", "/strategies/{next}/comment/"),
    ("strategy-next-adopt", "lead.riga", "/strategies/{next}/adopt/"),
    ("strategy-superseded", "lead.dietzenbach", "/strategies/{former}/"),
    ("city-with-earlier-strategy", "lead.dietzenbach", "/cities/dietzenbach/"),
    ("strategy-edit", "lead.linkoping", "/strategies/linkoping/edit/"),
    ("strategy-adopt", "lead.linkoping", "/strategies/linkoping/adopt/"),
    ("strategy-history", "lead.linkoping", "/strategies/linkoping/history/"),
    ("strategy-withdrawn", "lead.linkoping", "/strategies/linkoping/withdrawn/"),
    ("part-restore", "lead.linkoping", "/strategies/linkoping/withdrawn/area/{withdrawn_area}/restore/"),
    ("actions", "lead.linkoping", "/strategies/linkoping/actions/"),
    ("actions-none-found", "lead.linkoping", "/strategies/linkoping/actions/?q=nothing-of-the-kind"),
    ("area-add", "lead.linkoping", "/strategies/linkoping/areas/add/"),
    ("area-edit", "lead.linkoping", "/areas/{area}/edit/"),
    ("area-withdraw", "lead.linkoping", "/areas/{area}/withdraw/"),
    ("objective-withdraw", "lead.linkoping", "/objectives/{objective}/withdraw/"),
    ("objective-add", "lead.linkoping", "/areas/{area}/objectives/add/"),
    ("objective-edit", "lead.linkoping", "/objectives/{objective}/edit/"),
    ("swot", "lead.linkoping", "/strategies/linkoping/swot/"),
    ("swot-add", "lead.linkoping", "/strategies/linkoping/swot/add/"),
    ("swot-edit", "lead.linkoping", "/swot/{swot}/edit/"),
    ("risk-add", "lead.linkoping", "/strategies/linkoping/problems/add/"),
    ("risk-edit", "lead.linkoping", "/problems/{risk}/edit/"),
    ("indicators", "lead.linkoping", "/strategies/linkoping/indicators/"),
    ("indicator", "lead.linkoping", "/indicators/{indicator}/"),
    ("indicator-add", "lead.linkoping", "/strategies/linkoping/indicators/add/"),
    ("indicator-edit", "lead.linkoping", "/indicators/{indicator}/edit/"),
    ("indicator-withdraw", "lead.linkoping", "/indicators/{indicator}/withdraw/"),
    ("indicator-history", "lead.linkoping", "/indicators/{indicator}/history/"),
    ("periods", "lead.linkoping", "/periods/"),
    ("period-open", "lead.linkoping", "/periods/{open}/"),
    ("period-scheduled", "lead.linkoping", "/periods/{scheduled}/"),
    ("period-accepted", "lead.linkoping", "/periods/{accepted}/"),
    ("period-published", "lead.linkoping", "/periods/{published}/"),
    ("period-submit", "lead.linkoping", "/periods/{open}/submit/"),
    ("period-values", "lead.linkoping", "/periods/{open}/values/"),
    ("period-narrative", "lead.linkoping", "/periods/{open}/narrative/"),
    ("period-publish", "lead.linkoping", "/periods/{accepted}/publish/"),
    ("period-request-reopen", "lead.linkoping", "/periods/{accepted}/ask-to-reopen/"),
    ("period-revision", "lead.linkoping", "/periods/{published}/revisions/1/"),
    ("period-comment", "expert.linkoping", "/periods/{open}/comment/"),
    ("period-endorse", "expert.linkoping", "/periods/{open}/endorse/"),
    ("city-with-recommendations", "lead.lublin", "/cities/lublin/"),
    ("phases", "lead.linkoping", "/cities/linkoping/phases/"),
    ("phase-edit", "lead.linkoping", "/phases/{phase}/edit/"),
    ("phase-add", "lead.linkoping", "/cities/linkoping/phases/pact/add/"),
    ("pact", "lead.linkoping", "/cities/linkoping/pact/"),
    ("pact-none", "official.riga", "/cities/riga/pact/"),
    ("pact-version", "lead.linkoping", "/cities/linkoping/pact/2/?language=sv"),
    ("pact-version-signed", "lead.ravenna", "/cities/ravenna/pact/1/"),
    ("pact-version-draft", "lead.lublin", "/cities/lublin/pact/1/"),
    ("pact-version-changes", "lead.linkoping", "/cities/linkoping/pact/2/changes/"),
    ("pact-invite", "lead.linkoping", "/cities/linkoping/pact/2/invite/"),
    ("pact-record", "lead.linkoping", "/cities/linkoping/pact/2/record/"),
    ("pact-in-force", "lead.linkoping", "/cities/linkoping/pact/2/put-in-force/"),
    ("city", "lead.linkoping", "/cities/linkoping/"),
    ("city-edit", "lead.linkoping", "/cities/linkoping/edit/"),
    ("body", "lead.linkoping", "/bodies/{body}/"),
    ("body-edit", "lead.linkoping", "/bodies/{body}/edit/"),
    ("event", "lead.linkoping", "/events/{event}/"),
    ("event-edit", "lead.linkoping", "/events/{event}/edit/"),
    ("event-attendance", "lead.linkoping", "/events/{event}/attendance/"),
    ("event-cancel", "lead.linkoping", "/events/{event}/cancel/"),
    ("meeting", "lead.linkoping", "/events/{meeting}/"),
    ("minutes-edit", "lead.linkoping", "/events/{meeting}/minutes/"),
    ("minutes-reopen", "lead.linkoping", "/events/{event}/minutes/reopen/"),
    ("decision", "lead.linkoping", "/decisions/{decision}/"),
    ("decision-dropped", "lead.linkoping", "/decisions/{decision_dropped}/"),
    ("decision-add", "lead.linkoping", "/events/{meeting}/decisions/add/"),
    ("decision-edit", "lead.linkoping", "/decisions/{decision}/edit/"),
    ("decision-drop", "lead.linkoping", "/decisions/{decision}/drop/"),
    ("decision-link", "lead.linkoping", "/decisions/{decision}/action/"),
    ("decision-action-add", "lead.linkoping", "/decisions/{decision}/action/add/"),
    ("event-new", "lead.linkoping", "/cities/linkoping/events/new/"),
    ("members", "lead.linkoping", "/members/"),
    ("member-invite", "lead.linkoping", "/members/invite/"),
    ("member-end", "lead.linkoping", "/memberships/{membership}/end/"),
    ("member-hand-over", "lead.linkoping", "/memberships/{membership}/hand-over/"),
    ("preferences", "lead.linkoping", "/account/preferences/"),
    ("password", "lead.linkoping", "/account/password/change/"),
    ("confirm-password", "lead.linkoping", "/account/reauthenticate/"),
    ("sign-out", "lead.linkoping", "/account/logout/"),
    ("dashboard-own-city", "lead.linkoping", "/dashboards/linkoping/"),
    # partner, raters, moderator, committee
    ("action-as-partner", "partner", "/actions/{action}/"),
    ("dashboard", "partner", "/dashboards/"),
    ("dashboard-city", "partner", "/dashboards/linkoping/"),
    ("dashboard-dimensions", "partner", "/dashboards/dimensions/"),
    ("dashboard-actions", "partner", "/dashboards/actions/"),
    ("reports", "partner", "/reports/"),
    ("report-city", "partner", "/reports/{city_report}/"),
    ("report-network", "partner", "/reports/{network_report}/"),
    ("rounds", "rater1", "/evaluation/"),
    ("round", "coordinator", "/evaluation/rounds/{round}/"),
    ("round-closed", "partner", "/evaluation/rounds/{closed_round}/"),
    ("round-new", "coordinator", "/evaluation/rounds/new/"),
    ("verify-revision", None, "/verify/?hash={revision_hash}"),
    ("verify-round", None, "/verify/?hash={result_hash}"),
    ("evaluation-rate", "rater1", "/evaluation/{rate}/"),
    ("rate", "rater1", "/evaluation/{rate}/rate/relevance/"),
    ("rate-review", "rater1", "/evaluation/{rate}/rate/review/"),
    ("conflict", "rater1", "/evaluation/{rate}/conflict/"),
    ("assign", "coordinator", "/evaluation/{rate}/assign/"),
    ("evaluation-discuss", "rater1", "/evaluation/{discuss}/"),
    ("discuss", "rater1", "/evaluation/{discuss}/discuss/"),
    ("rate-late", "rater3", "/evaluation/{discuss}/rate/review/"),
    ("evaluation-progress", "moderator", "/evaluation/{discuss}/"),
    ("discuss-as-moderator", "moderator", "/evaluation/{discuss}/discuss/"),
    ("moderate-too-early", "moderator", "/evaluation/{discuss}/moderate/"),
    ("moderate", "moderator", "/evaluation/{moderate}/moderate/"),
    ("moderate-again", "moderator", "/evaluation/{changes}/moderate/"),
    ("rate-again", "rater1", "/evaluation/{changes}/rate/review/"),
    ("evaluation-changes", "rater1", "/evaluation/{changes}/"),
    ("moderate-closed", "moderator", "/evaluation/{review}/moderate/"),
    ("my-work-as-moderator", "moderator", "/my-work/"),
    ("evaluation-review", "moderator", "/evaluation/{review}/"),
    ("evaluation-city", "lead.lublin", "/evaluation/{review}/"),
    ("question-answer", "lead.lublin", "/evaluation/questions/{question}/"),
    ("evaluation-published-network", "partner", "/evaluation/{done}/"),
    ("recommendations", "coordinator", "/evaluation/recommendations/"),
    ("recommendations-empty", None, "/evaluation/recommendations/?state=completed&priority=low"),
    ("recommendation-new", "committee1", "/evaluation/recommendations/new/"),
    ("recommendation-add", "committee1", "/evaluation/{review}/recommend/"),
    ("recommendation-draft", "committee1", "/evaluation/recommendations/{draft_recommendation}/"),
    ("recommendation-edit", "committee1", "/evaluation/recommendations/{draft_recommendation}/edit/"),
    ("recommendation-city", "lead.lublin", "/evaluation/recommendations/{recommendation}/"),
    ("recommendation-respond", "lead.lublin", "/evaluation/recommendations/{recommendation}/respond/"),
    ("recommendation-answered", "coordinator", "/evaluation/recommendations/{answered}/"),
    ("recommendation-progress", "lead.lublin", "/evaluation/recommendations/{answered}/progress/{lublin_period}/"),
    ("recommendation-withdraw", "coordinator", "/evaluation/recommendations/{answered}/withdraw/"),
    ("recommendation-withdrawn", "partner", "/evaluation/recommendations/{withdrawn_recommendation}/"),
    ("desk-gates", "committee1", "/admin/evaluation/evaluation/{review}/desk/gates/"),
    ("desk-published", "committee1", "/admin/evaluation/evaluation/{done}/desk/"),
    ("desk-queue", "committee1", "/admin/evaluation/evaluation/"),
    ("desk", "committee1", "/admin/evaluation/evaluation/{review}/desk/"),
    # the coordinator and the admin
    ("period-submitted", "coordinator", "/periods/{submitted}/"),
    ("period-return", "coordinator", "/periods/{submitted}/return/"),
    ("period-reopen", "coordinator", "/periods/{accepted}/reopen/"),
    ("period-decline-reopen", "coordinator", "/periods/{accepted}/decline-reopening/"),
    ("period-returned", "lead.cartagena", "/periods/{returned}/"),
    ("my-work-as-coordinator", "coordinator", "/my-work/"),
    ("requirement-waive", "coordinator", "/phases/{riga_phase}/waive/{condition}/"),
    ("report-queued", "coordinator", "/reports/{queued}/"),
    ("report-failed", "coordinator", "/reports/{failed}/"),
    ("report-failed-city", "lead.dietzenbach", "/reports/{failed}/"),
    ("report-issue", "coordinator", "/reports/issue/"),
    ("mails", "coordinator", "/account/mails/"),
    ("mail", "coordinator", "/account/mails/{mail}/"),
    ("admin", "coordinator", "/admin/"),
    ("admin-app", "coordinator", "/admin/cities/"),
    ("admin-list", "coordinator", "/admin/cities/organisation/"),
    ("admin-none-found", "coordinator", "/admin/cities/organisation/?q=nothing-of-the-kind"),
    ("admin-cities", "coordinator", "/admin/cities/city/"),
    ("admin-persons", "coordinator", "/admin/cities/person/"),
    ("admin-add", "coordinator", "/admin/cities/theme/add/"),
    ("admin-periods", "coordinator", "/admin/strategies/reportingperiod/"),
    ("admin-period-add", "coordinator", "/admin/strategies/reportingperiod/add/"),
    ("admin-framework", "coordinator", "/admin/evaluation/framework/{framework}/change/"),
    ("admin-history", "coordinator", "/admin/evaluation/framework/{framework}/history/"),
    ("admin-weeks", "coordinator", "/admin/training/trainingweek/"),
    ("admin-session-add", "coordinator", "/admin/training/session/add/"),
    ("admin-as-committee", "committee1", "/admin/"),
    ("admin-as-trainer", "trainer", "/admin/"),
]


def create_rows_and_find_ids(site) -> dict:
    """Create what the demo lacks; return the ids that the paths contain."""
    return json.loads(site.shell(FIND_IDS).splitlines()[-1]) | json.loads(site.shell(CREATE_ROWS).splitlines()[-1])
