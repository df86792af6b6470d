"""An action with its updates, and the list of a strategy's actions."""

from itertools import groupby
from operator import attrgetter, itemgetter

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cities.rules import insider_city_ids, official_city_ids, reads_network
from core import locales
from core.available import available_actions
from core.collation import title_key
from core.columns import Column
from core.form_inputs import drafts_for
from core.forms import form_helper
from core.links import url_of
from core.tables import table_body
from core.templatetags.epi import state_mark
from core.views import ActionView, DetailPage, ListPage, ServiceFormView
from strategies.enums import AT_REST, WORST_FIRST, Health, ImplementationStage
from strategies.filters import ActionFilter
from strategies.forms import ReasonForm
from strategies.models import Action
from strategies.models.health import health_reason
from strategies.selectors.actions import PLAN_ORDER, action_page, actions_of, active_actions
from strategies.selectors.decisions import decisions_carried_out_by
from strategies.selectors.disclosure import reads_all_figures
from strategies.services import plans

from . import breadcrumbs
from .base import StrategyMixin

SEVERITY = {health: number for number, health in enumerate(WORST_FIRST)}


class ActionDetail(DetailPage):
    template_name = "strategies/action_detail.html"
    name = "action"
    rows = Action.objects.with_related().select_related("figures")  # ``action_page`` sets those that the user may see

    def get_context_data(self, **kwargs):
        action, page = self.row, action_page(self.row, self.user)
        shows_people = page.is_insider or reads_network(self.user)
        context = {
            "page": page,
            "trail": breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(action.strategy), action.title),
            "city": action.city,
            "reason": health_reason(action) if page.is_live else "",
            "shows_people": shows_people,
            "deputies": list(action.deputies.all()) if shows_people else [],
            "partners": list(action.partners.all()),
            "target_groups": list(action.target_groups.all()),
            "may": available_actions(action, self.user, is_found=True),
            "may_history": self.may("strategies.read_history"),
            "draft": self.draft(),
            "changeable": self.changeable(page),
            "milestone_rows": self.milestone_rows(page),
            "late_label": _("was due"),
            "frozen_log": by_period(page.frozen),
            "decisions": decisions_carried_out_by(action, self.user),
        }
        return super().get_context_data(**context | kwargs)

    def draft(self):
        page = reverse("strategies:action_log", args=[self.row.pk])
        return next(iter(drafts_for(self.user, page)), None) if self.user.is_authenticated else None

    def changeable(self, page):
        """Return the ids of the updates that the user may change now."""
        found = {update.pk: available_actions(update, self.user, is_found=True) for update in page.log}
        return {pk for pk, available in found.items() if available["change"]}

    def milestone_rows(self, page):
        """Yield each milestone with the day it was reached, or whether it was dropped: live, or from the revision.

        It is not late if its action is completed, cancelled or paused.
        """
        frozen = page.frozen_row.read().milestones if page.frozen_row is not None else []
        by_id = {entry.id: entry for entry in frozen}
        rests = self.row.health in AT_REST
        today = self.row.city.today
        for milestone in page.milestones:
            entry = milestone if page.is_live else by_id.get(milestone.pk)
            reached_on, dropped_on = (entry.reached_on, entry.dropped_on) if entry else (None, None)
            is_open = reached_on is None and dropped_on is None
            yield {
                "milestone": milestone,
                "reached_on": locales.day(reached_on, "medium") if reached_on else "",
                "is_dropped": dropped_on is not None,
                "is_late": page.is_live and is_open and not rests and milestone.due_on < today,
            }


def by_period(entries):
    """Group updates from snapshots by the revision that they come from: pairs of origin and updates."""
    return [
        (origin, [update for update, _origin in updates]) for origin, updates in groupby(entries, key=itemgetter(1))
    ]


def _title_key(title):
    return title_key(title)


def _owner_key(owner, title):
    return title_key(owner or ""), title_key(title)


def _health_key(health, title):
    return SEVERITY.get(health, len(SEVERITY)), title_key(title)


def _progress_key(progress, title):
    return progress or 0, title_key(title)


def _ends_key(ends_on, title):
    return ends_on, title_key(title)


def _title_cell(action):
    link = format_html('<a href="{}">{}</a>', action.get_absolute_url(), action.title)
    return link if action.published_at else format_html('{} <span class="epi-tag">{}</span>', link, _("not published"))


class ActionList(StrategyMixin, ListPage):
    """In the order of the plan, or sorted by a column, equal rows by title."""

    template_name = "strategies/action_list.html"
    filter_class = ActionFilter
    default_sort = "code"
    page_fields = ["code", "title", "published_at", "ends_on", "owner__name"]
    columns = [
        Column("code", gettext_lazy("Code"), order_by=PLAN_ORDER, cell=attrgetter("code")),
        Column(
            "title",
            gettext_lazy("Action"),
            key=_title_key,
            key_fields=["title"],
            cell=_title_cell,
            is_row_heading=True,
        ),
        Column("area", gettext_lazy("Priority area"), "objective.area", is_shown=False),
        Column("objective", gettext_lazy("Objective"), is_shown=False),
        Column(
            "owner",
            gettext_lazy("Owner"),
            key=_owner_key,
            key_fields=["owner__name", "title"],
            cell=lambda row: row.owner or _("no owner"),
        ),
        Column(
            "health",
            gettext_lazy("Status"),
            lambda row: Health(row.health).label if row.health else "",
            key=_health_key,
            key_fields=["health", "title"],
            cell=lambda row: state_mark(row.health),
        ),
        Column(
            "status",
            gettext_lazy("Implementation stage"),
            lambda row: ImplementationStage(row.current_stage).label if row.current_stage else "",
            is_shown=False,
        ),
        Column(
            "progress",
            gettext_lazy("Progress"),
            key=_progress_key,
            key_fields=["progress", "title"],
            is_number=True,
            is_exported=False,
            cell=lambda row: locales.percent(row.progress),
            cell_class="epi-num",
        ),
        Column("progress_percent", gettext_lazy("Progress (per cent)"), "progress", is_shown=False),
        Column("expected", gettext_lazy("Expected (per cent)"), is_shown=False),
        Column("start", gettext_lazy("Start"), "starts_on", is_shown=False),
        Column(
            "ends",
            gettext_lazy("Ends"),
            "ends_on",
            key=_ends_key,
            key_fields=["ends_on", "title"],
            cell=lambda row: locales.day(row.ends_on, "medium"),
        ),
        Column("budget", gettext_lazy("Budget"), "budget_total", is_shown=False),
        Column("spent", gettext_lazy("Spent"), "spent_total", is_shown=False),
        Column("currency", gettext_lazy("Currency"), "city.currency", is_shown=False),
    ]

    @property
    def export_name(self):
        return f"actions-{self.row.city.slug}"

    def get_filter_kwargs(self):
        return {"strategy": self.row, "actions": active_actions(self.row, self.user)}

    def get_list_rows(self):
        return actions_of(self.row, self.user)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        count = context["paginator"].count
        loggable = self.loggable(context["object_list"])
        return context | {
            "body": table_body(self.columns, context["object_list"], self.log_cell(loggable) if loggable else None),
            "strategy": self.row,
            "count": ngettext("%(count)s action", "%(count)s actions", count) % {"count": locales.number(count)},
            "trail": breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row), _("Actions")),
            "city": self.row.city,
            "is_insider": self.row.city_id in insider_city_ids(self.user),
            "is_live": reads_all_figures(self.user, self.row.city_id),
            "loggable": loggable,
        }

    @staticmethod
    def log_cell(loggable):
        label = _("Log update")
        link = '<a class="epi-btn epi-quiet epi-compact" href="{}">{}<span class="visually-hidden">: {}</span></a>'

        def cell(action):
            url = url_of("strategies:action_log", action.pk)
            return format_html(link, url, label, action.title) if action.pk in loggable else ""

        return cell

    def loggable(self, actions):
        """Return the ids of the actions that the user may log on, in at most one query."""
        if self.row.city_id in official_city_ids(self.user):
            return set() if self.row.is_next else {action.pk for action in actions}
        rows = Action.objects.loggable_by(self.user).filter(pk__in=[action.pk for action in actions])
        return set(rows.values_list("pk", flat=True))


class ActionPublish(ActionView):
    rows = Action.objects.with_related()
    permission = "strategies.publish_strategy"
    success_message = gettext_lazy("The action has been published. Everyone can read its plan.")

    def perform(self):
        plans.publish_action(self.row, by=self.user)


class ReasonFormView(ServiceFormView):
    """A form that asks for a reason or comment before the service is called."""

    template_name = "strategies/reason.html"
    form_class = ReasonForm
    heading = label = consequence = ""
    button = ""  # by default the heading
    most = 250
    is_required = is_danger = True
    has_draft = False

    def get_form_kwargs(self):
        return {
            "label": self.label,
            "most": self.most,
            "required": self.is_required,
            "helper": form_helper(
                save=self.button or self.heading,
                is_danger=self.is_danger,
                cancel=self.get_success_url(),
                draft=self.subject() if self.has_draft else None,
            ),
        }

    def get_context_data(self, **kwargs):
        words = {"heading": self.heading, "consequence": self.consequence}
        return super().get_context_data(**words | {"trail": self.trail(), "subject": self.subject()} | kwargs)

    def subject(self):
        return str(self.row)

    def trail(self):
        return []


class PartWithdrawWithReason(ReasonFormView):
    """Withdraws a part of the plan for a reason, which some parts need only if figures depend on them."""

    success_message = gettext_lazy("Removed from the plan. It is kept in the history.")
    label = gettext_lazy("Reason for withdrawal")

    @property
    def is_required(self):
        return plans.needs_reason(self.row)

    def save(self, form):
        plans.withdraw_part(self.row, by=self.user, reason=form.cleaned_data["text"])


class ActionWithdraw(PartWithdrawWithReason):
    rows = Action.objects.with_related()
    permission = "strategies.change_action"
    heading = gettext_lazy("Withdraw action")
    consequence = gettext_lazy(
        "From today it is not shown in the plan, lists or totals. What has been logged and submitted is kept."
    )
    success_message = gettext_lazy("The action has been withdrawn.")

    def trail(self):
        return breadcrumbs.here(breadcrumbs.action_breadcrumbs(self.row), self.heading)
