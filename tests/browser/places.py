"""Every page and state that people meet, each in its fullest role: ``(name, role, path)``."""

import json

FIND = """
import json
from cities.models import Body, Event, Membership
from epi_site.accounts.models import Mail
from evaluation.models import Evaluation, Report
from strategies.models import Action, ActionUpdate, CityPeriod, Indicator, PilotPhase

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
    "swot": action.strategy.swot_items.first().pk, "problem": action.strategy.problems.first().pk,
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
    "city_report": Report.objects.filter(city__slug="linkoping", state="ready").first().number,
    "network_report": Report.objects.filter(city=None, state="ready").first().number,
    "framework": Evaluation.objects.first().round.framework_id,
}))
"""

PAGES = [
    # the public
    ("front-page", None, "/"),
    ("about", None, "/about/"),
    ("privacy", None, "/privacy/"),
    ("accessibility", None, "/accessibility/"),
    ("sign-in", None, "/account/login/"),
    ("password-reset", None, "/account/password/reset/"),
    ("password-reset-sent", None, "/account/password/reset/done/"),
    ("no-sign-up", None, "/account/signup/"),
    ("invitation-gone", None, "/account/invitation/used/"),
    ("cities", None, "/cities/"),
    ("verify", None, "/verify/"),
    ("verify-no", None, f"/verify/?hash={'0' * 64}"),
    ("training", None, "/training/"),
    ("training-week", None, "/training/pilot/"),
    ("strategy-public", None, "/strategies/linkoping/"),
    ("evaluation-published", None, "/evaluation/{done}/"),
    # an official and a lead official of Linköping
    ("not-found", "official.linkoping", "/actions/999999/"),
    ("forbidden", "official.linkoping", "/cities/lublin/edit/"),
    ("my-work", "official.linkoping", "/my-work/"),
    ("log", "official.linkoping", "/actions/{action}/log/"),
    ("log-another-period", "official.linkoping", "/actions/{action}/log/?city_period={open}"),
    ("update-edit", "official.linkoping", "/updates/{update}/edit/"),
    ("update-withdraw", "official.linkoping", "/updates/{update}/withdraw/"),
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
    ("strategy-edit", "lead.linkoping", "/strategies/linkoping/edit/"),
    ("strategy-adopt", "lead.linkoping", "/strategies/linkoping/adopt/"),
    ("strategy-history", "lead.linkoping", "/strategies/linkoping/history/"),
    ("actions", "lead.linkoping", "/strategies/linkoping/actions/"),
    ("actions-none-found", "lead.linkoping", "/strategies/linkoping/actions/?q=nothing-of-the-kind"),
    ("area-add", "lead.linkoping", "/strategies/linkoping/areas/add/"),
    ("area-edit", "lead.linkoping", "/areas/{area}/edit/"),
    ("objective-add", "lead.linkoping", "/areas/{area}/objectives/add/"),
    ("objective-edit", "lead.linkoping", "/objectives/{objective}/edit/"),
    ("swot", "lead.linkoping", "/strategies/linkoping/swot/"),
    ("swot-add", "lead.linkoping", "/strategies/linkoping/swot/add/"),
    ("swot-edit", "lead.linkoping", "/swot/{swot}/edit/"),
    ("problem-add", "lead.linkoping", "/strategies/linkoping/problems/add/"),
    ("problem-edit", "lead.linkoping", "/problems/{problem}/edit/"),
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
    ("period-ask", "lead.linkoping", "/periods/{accepted}/ask-to-reopen/"),
    ("period-revision", "lead.linkoping", "/periods/{published}/revisions/1/"),
    ("period-comment", "expert.linkoping", "/periods/{open}/comment/"),
    ("period-endorse", "expert.linkoping", "/periods/{open}/endorse/"),
    ("phases", "lead.linkoping", "/cities/linkoping/phases/"),
    ("phase-edit", "lead.linkoping", "/phases/{phase}/edit/"),
    ("phase-add", "lead.linkoping", "/cities/linkoping/phases/pact/add/"),
    ("city", "lead.linkoping", "/cities/linkoping/"),
    ("city-edit", "lead.linkoping", "/cities/linkoping/edit/"),
    ("body", "lead.linkoping", "/bodies/{body}/"),
    ("body-edit", "lead.linkoping", "/bodies/{body}/edit/"),
    ("event", "lead.linkoping", "/events/{event}/"),
    ("event-edit", "lead.linkoping", "/events/{event}/edit/"),
    ("event-attendance", "lead.linkoping", "/events/{event}/attendance/"),
    ("event-new", "lead.linkoping", "/cities/linkoping/events/new/"),
    ("members", "lead.linkoping", "/members/"),
    ("member-invite", "lead.linkoping", "/members/invite/"),
    ("member-end", "lead.linkoping", "/memberships/{membership}/end/"),
    ("member-hand-over", "lead.linkoping", "/memberships/{membership}/hand-over/"),
    ("preferences", "lead.linkoping", "/account/preferences/"),
    ("password", "lead.linkoping", "/account/password/change/"),
    ("sign-out", "lead.linkoping", "/account/logout/"),
    ("dashboard-own-city", "lead.linkoping", "/dashboards/linkoping/"),
    # partner, raters, moderator, committee
    ("dashboard", "partner", "/dashboards/"),
    ("dashboard-city", "partner", "/dashboards/linkoping/"),
    ("dashboard-dimensions", "partner", "/dashboards/dimensions/"),
    ("dashboard-actions", "partner", "/dashboards/actions/"),
    ("reports", "partner", "/reports/"),
    ("report-city", "partner", "/reports/{city_report}/"),
    ("report-network", "partner", "/reports/{network_report}/"),
    ("rounds", "rater1", "/evaluation/"),
    ("round", "coordinator", "/evaluation/rounds/{round}/"),
    ("round-new", "coordinator", "/evaluation/rounds/new/"),
    ("evaluation-rate", "rater1", "/evaluation/{rate}/"),
    ("rate", "rater1", "/evaluation/{rate}/rate/relevance/"),
    ("rate-review", "rater1", "/evaluation/{rate}/rate/review/"),
    ("conflict", "rater1", "/evaluation/{rate}/conflict/"),
    ("assign", "coordinator", "/evaluation/{rate}/assign/"),
    ("evaluation-review", "moderator", "/evaluation/{review}/"),
    ("evaluation-city", "lead.lublin", "/evaluation/{review}/"),
    ("desk-queue", "committee1", "/admin/evaluation/evaluation/"),
    ("desk", "committee1", "/admin/evaluation/evaluation/{review}/desk/"),
    # the coordinator and the workbench
    ("period-submitted", "coordinator", "/periods/{submitted}/"),
    ("period-return", "coordinator", "/periods/{submitted}/return/"),
    ("period-reopen", "coordinator", "/periods/{accepted}/reopen/"),
    ("period-returned", "lead.cartagena", "/periods/{returned}/"),
    ("report-issue", "coordinator", "/reports/issue/"),
    ("mails", "coordinator", "/account/mails/"),
    ("mail", "coordinator", "/account/mails/{mail}/"),
    ("workbench", "coordinator", "/admin/"),
    ("workbench-list", "coordinator", "/admin/cities/organisation/"),
    ("workbench-none-found", "coordinator", "/admin/cities/organisation/?q=nothing-of-the-kind"),
    ("workbench-cities", "coordinator", "/admin/cities/city/"),
    ("workbench-persons", "coordinator", "/admin/cities/person/"),
    ("workbench-add", "coordinator", "/admin/cities/theme/add/"),
    ("workbench-periods", "coordinator", "/admin/strategies/reportingperiod/"),
    ("workbench-period-add", "coordinator", "/admin/strategies/reportingperiod/add/"),
    ("workbench-framework", "coordinator", "/admin/evaluation/framework/{framework}/change/"),
    ("workbench-history", "coordinator", "/admin/evaluation/framework/{framework}/history/"),
    ("workbench-weeks", "coordinator", "/admin/training/trainingweek/"),
    ("workbench-session-add", "coordinator", "/admin/training/session/add/"),
    ("workbench-of-committee", "committee1", "/admin/"),
    ("workbench-of-trainer", "trainer", "/admin/"),
]


def numbers(site) -> dict:
    return json.loads(site.shell(FIND).splitlines()[-1])
