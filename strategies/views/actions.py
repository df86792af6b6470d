"""An action with its updates, and the list of a strategy's actions."""

from datetime import date

from django.core.paginator import Paginator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cities.models import Installation
from cities.rules import insider_city_ids, reads_network
from core import locales
from core.collation import by_title, title_key
from core.csv_files import csv_response
from strategies.enums import AT_REST, WORST_FIRST, Health, ImplementationStage
from strategies.filters import ActionFilter
from strategies.forms import ReasonForm
from strategies.models import Action
from strategies.models.health import health_reason
from strategies.selectors.actions import action_page, actions_of, with_readable_figures
from strategies.selectors.disclosure import reads_all_figures
from strategies.services import plans

from . import breadcrumbs
from .base import ActionView, DetailPage, ServiceFormView, StrategyMixin, may

SEVERITY = {health: number for number, health in enumerate(WORST_FIRST)}
SORTS = {  # in Python: the database knows neither the reader's alphabet nor the severity of a status
    "code": lambda row: (row.objective.area.code_sort, row.objective.code_sort, row.code_sort),
    "title": lambda row: title_key(row.title),
    "health": lambda row: SEVERITY.get(row.health, len(SEVERITY)),
    "progress": lambda row: row.progress or 0,
    "ends": lambda row: row.ends_on,
    "owner": lambda row: title_key(row.owner.name if row.owner else ""),
}
COLUMNS = [
    ("code", gettext_lazy("Code")),
    ("title", gettext_lazy("Action")),
    ("owner", gettext_lazy("Owner")),
    ("health", gettext_lazy("Health")),
    ("progress", gettext_lazy("Progress")),
    ("ends", gettext_lazy("Ends")),
]


class ActionDetail(DetailPage):
    template_name = "strategies/action_detail.html"
    name = "action"
    rows = Action.objects.with_related().prefetch_related("deputies", "partners", "target_groups")

    def get_rows(self):
        """Add figures: live ones if the user may see them, else from the newest readable revision."""
        rows = super().get_rows().filter(pk=self.kwargs["pk"])
        city = rows.order_by().values_list("objective__area__strategy__city", flat=True).first()
        return with_readable_figures(rows, self.user, city)

    def get_context_data(self, **kwargs):
        action, page = self.row, action_page(self.row, self.user)
        context = {
            "page": page,
            "trail": breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(action.strategy), action.title),
            "city": action.city,
            "reason": health_reason(action) if page.is_live else "",
            "shows_people": page.is_insider or reads_network(self.user),
            "may_log": not (action.withdrawn_at or action.strategy.is_next) and self.may("strategies.log_action"),
            "may_change": self.may("strategies.change_action") and not action.strategy.is_superseded,
            "may_publish": self.may("strategies.publish_strategy") and self.can_be_published(),
            "may_history": self.may("strategies.read_history"),
            "draft": action.drafts.filter(author=self.user).first() if self.user.is_authenticated else None,
            "changeable": self.changeable(page),
            "milestone_rows": self.milestone_rows(page),
            "late_label": _("was due"),
            "frozen_log": by_period(page.frozen),
        }
        return super().get_context_data(**context | kwargs)

    def can_be_published(self):
        action = self.row
        return action.published_at is None and action.withdrawn_at is None and action.strategy.published_at is not None

    def changeable(self, page):
        """Return the ids of the updates that the user may change now."""
        return {
            update.pk
            for update in page.log
            if not update.withdrawn_at
            and not update.city_period.is_locked
            and may(self.user, "strategies.change_actionupdate", update)
        }

    def milestone_rows(self, page):
        """Yield each milestone with the day it was reached, or whether it was dropped: live, or from the revision.

        It is not late if its action is completed, cancelled or paused.
        """
        entries = page.frozen_row.entry["milestones"] if page.frozen_row is not None else []
        told = {entry["id"]: entry for entry in entries}
        rests = self.row.health in AT_REST
        today = self.row.city.today
        for milestone in page.milestones:
            entry = told.get(milestone.pk, {"reached_on": None, "dropped_on": None})
            reached_on = milestone.reached_on if page.is_live else _day(entry["reached_on"])
            dropped_on = milestone.dropped_on if page.is_live else _day(entry["dropped_on"])
            is_open = reached_on is None and dropped_on is None
            yield {
                "milestone": milestone,
                "reached_on": locales.day(reached_on, "medium") if reached_on else "",
                "is_dropped": dropped_on is not None,
                "is_late": page.is_live and is_open and not rests and milestone.due_on < today,
            }


def _day(text):
    return text and date.fromisoformat(text)


def by_period(entries):
    """Group updates from snapshots by the revision that they come from."""
    groups: list[dict] = []
    for entry in entries:
        entry["day"] = date.fromisoformat(entry["date"])
        if not groups or groups[-1]["city_period"] != entry["city_period"]:
            origin = {name: entry[name] for name in ("period", "revision", "city_period")}
            groups.append(origin | {"updates": []})
        groups[-1]["updates"].append(entry)
    return groups


class ActionList(StrategyMixin, DetailPage):
    template_name = "strategies/action_list.html"
    name = "strategy"
    per_page = 25

    def get(self, request, *args, **kwargs):
        rows = actions_of(self.row, self.user)
        self.filter = ActionFilter(request.GET, queryset=rows, strategy=self.row)
        if request.GET.get("csv") == "actions":
            is_demo = Installation.objects.filter(is_demo=True).exists()
            name = f"actions-{self.row.city.slug}"
            return csv_response(name, self.csv_columns(), self.csv_rows(), is_illustrative=is_demo)
        return super().get(request, *args, **kwargs)

    @property
    def sort(self):
        wanted = self.request.GET.get("sort", "code")
        return wanted if wanted.lstrip("-") in SORTS else "code"

    def sorted_rows(self):
        """Return all rows of the strategy that match the filter; equal ones by title."""
        return sorted(
            by_title(self.filter.qs, "title"), key=SORTS[self.sort.lstrip("-")], reverse=self.sort.startswith("-")
        )

    def get_context_data(self, **kwargs):
        page = Paginator(self.sorted_rows(), self.per_page).get_page(self.request.GET.get("page"))
        count = page.paginator.count
        context = {
            "page_obj": page,
            "paginator": page.paginator,
            "filter": self.filter,
            "count": ngettext("%(count)s action", "%(count)s actions", count) % {"count": locales.number(count)},
            "columns": [self.column(key, words) for key, words in COLUMNS],
            "trail": breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row), _("Actions")),
            "city": self.row.city,
            "is_insider": self.row.city_id in insider_city_ids(self.user),
            "is_live": reads_all_figures(self.user, self.row.city_id),
            "loggable": self.loggable(page.object_list),
        }
        return super().get_context_data(**context | kwargs)

    def column(self, key, words):
        up = self.sort == key
        order = "ascending" if up else "descending" if self.sort == f"-{key}" else "none"
        return {"key": f"-{key}" if up else key, "label": words, "order": order, "is_number": key == "progress"}

    def loggable(self, actions):
        """Return the ids of the actions that the user may log on, in one query."""
        rows = Action.objects.loggable_by(self.user).filter(pk__in=[action.pk for action in actions])
        return set(rows.values_list("pk", flat=True))

    def csv_columns(self):
        return [
            _("Code"),
            _("Action"),
            _("Priority area"),
            _("Objective"),
            _("Owner"),
            _("Health"),
            _("Status"),
            _("Progress, per cent"),
            _("Expected, per cent"),
            _("Start"),
            _("End"),
            _("Budget"),
            _("Spent"),
            _("Currency"),
        ]

    def csv_rows(self):
        for row in self.sorted_rows():
            yield [
                row.code,
                row.title,
                str(row.objective.area),
                str(row.objective),
                row.owner or "",
                Health(row.health).label if row.health else "",
                ImplementationStage(row.current_stage).label if row.current_stage else "",
                row.progress,
                row.expected,
                row.starts_on,
                row.ends_on,
                row.budget_total,
                row.spent_total,
                self.row.city.currency,
            ]


class ActionPublish(ActionView):
    rows = Action.objects.with_related()
    permission = "strategies.publish_strategy"
    success_message = gettext_lazy("Published: everybody can read this action’s plan.")

    def perform(self):
        plans.publish_action(self.row, by=self.user)


class ReasonFormView(ServiceFormView):
    """A form that asks for a reason or comment before the service is called."""

    template_name = "strategies/reason.html"
    heading = label = button = consequence = ""
    is_danger = True

    def make_form(self, data=None, files=None):
        return ReasonForm(data, label=self.label, most=self.most)

    most = 250

    def get_context_data(self, **kwargs):
        words = {
            "heading": self.heading,
            "button": self.button,
            "consequence": self.consequence,
            "cancel": self.get_success_url(),
        }
        words["is_danger"] = self.is_danger
        return super().get_context_data(**words | {"trail": self.trail(), "subject": self.subject()} | kwargs)

    def subject(self):
        return str(self.row)

    def trail(self):
        return []


class ActionWithdraw(ReasonFormView):
    rows = Action.objects.with_related()
    permission = "strategies.change_action"
    heading = gettext_lazy("Withdraw an action")
    label = gettext_lazy("Why is it withdrawn?")
    button = gettext_lazy("Withdraw the action")
    consequence = gettext_lazy(
        "It leaves the plan, the lists and the counts from today. What was logged and submitted stays as it is."
    )
    success_message = gettext_lazy("The action is withdrawn.")

    def save(self, form):
        plans.withdraw_action(self.row, by=self.user, reason=form.cleaned_data["text"])

    def trail(self):
        return breadcrumbs.here(breadcrumbs.action_breadcrumbs(self.row), self.heading)
