"""A city's strategy as a tree, its SWOT analysis, and its adoption, comments and publication."""

from collections import defaultdict

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.rules import insider_city_ids
from core.available import available_actions
from core.text_limits import PARAGRAPH
from core.views import ActionView, DetailPage, ServiceFormView
from strategies.enums import WORST_FIRST, StrategyStatus, SwotKind
from strategies.forms import AdoptionForm
from strategies.models import Objective, PriorityArea, Strategy
from strategies.selectors.actions import actions_of, plan_rows
from strategies.selectors.disclosure import reads_all_figures
from strategies.services import plans

from . import breadcrumbs
from .actions import ReasonFormView
from .base import StrategyMixin

MAX_ROWS_WITH_FIGURES = 60  # actions of a strategy; of more, the page shows the titles


class StrategyPage(StrategyMixin, DetailPage):
    name = "strategy"

    def get_context_data(self, **kwargs):
        context = {
            "city": self.row.city,
            "may": available_actions(self.row, self.user, is_found=True),
        }
        return super().get_context_data(**context | kwargs)


class StrategyDetail(StrategyPage):
    template_name = "strategies/strategy_detail.html"

    def get_context_data(self, **kwargs):
        strategy, user = self.row, self.user
        actions = plan_rows(strategy, user)
        context = {
            "areas": self.tree(actions),
            "counts": self.counts(actions),
            "action_count": len(actions),
            "shows_titles_only": len(actions) > MAX_ROWS_WITH_FIGURES,
            "indicators": strategy.indicators.visible_to(user).active().select_related("action"),
            "trail": breadcrumbs.here(breadcrumbs.city_breadcrumbs(strategy.city), _("Strategy")),
            "status": StrategyStatus(strategy.status),
            "is_insider": strategy.city_id in insider_city_ids(user),
            "is_live": reads_all_figures(user, strategy.city_id),
            "may_history": self.may("strategies.read_history"),
            "may_restore": self.may("strategies.change_strategy"),
            "comments": strategy.comments.visible_to(user).select_related("author"),
            "ended_on": strategy.get_ended_on(),
            "next": self.seen(getattr(strategy, "replaced_by", None)),
            "former": self.seen(strategy.replaces),
        }
        return super().get_context_data(**context | kwargs)

    def seen(self, other):
        """Return the previous or next strategy if the user may see it, else None."""
        rows = Strategy.objects.visible_to(self.user).select_related("city")
        return rows.filter(pk=other.pk).first() if other else None

    def tree(self, actions):
        """Return areas with their objectives and actions, including empty ones, in two more queries."""
        by_objective = defaultdict(list)
        for action in actions:
            by_objective[action.objective_id].append(action)
        areas = {area.pk: (area, []) for area in self.row.areas.active().select_related("theme").order_by("code_sort")}
        for objective in (
            Objective.objects.filter(area__strategy=self.row, area__withdrawn_at=None).active().order_by("code_sort")
        ):
            areas[objective.area_id][1].append((objective, by_objective[objective.pk]))
        return list(areas.values())

    @staticmethod
    def counts(actions):
        found = defaultdict(int)
        for action in actions:
            if action.health:
                found[action.health] += 1
        return [(health, found[health]) for health in WORST_FIRST if found[health]]


class SwotDetail(StrategyPage):
    template_name = "strategies/swot.html"

    def get_context_data(self, **kwargs):
        strategy, user = self.row, self.user
        areas = Prefetch("areas", PriorityArea.objects.active())
        items = strategy.swot_items.visible_to(user).filter(withdrawn_at=None).prefetch_related(areas, "actions")
        risks = strategy.risks.visible_to(user).filter(withdrawn_at=None)
        actions = set(actions_of(strategy, user).values_list("pk", flat=True))
        quadrants = [(kind, [item for item in items if item.kind == kind]) for kind in SwotKind]
        context = {
            "quadrants": quadrants,
            "risks": risks.select_related("area", "mitigating_action").prefetch_related("swot_items"),
            "seen": actions,
            "trail": breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(strategy), _("SWOT analysis")),
        }
        return super().get_context_data(**context | kwargs)


class StrategyAdopt(StrategyMixin, ServiceFormView):
    template_name = "strategies/form.html"
    permission = "strategies.adopt_strategy"
    success_message = gettext_lazy("The strategy has been adopted. It can now be published.")

    def make_form(self, data=None, files=None):
        label = _("Date of adoption")
        help_text = _("The day of the decision. From then on, the whole network can read the strategy.")
        if self.row.is_next:
            help_text += " " + _(
                "The strategy before it, “%(title)s”, ends the day before. It can still be read with "
                "everything that was logged and submitted, but its plan can no longer be edited."
            ) % {"title": self.row.replaces.title}
        return AdoptionForm(
            data, label=label, help_text=help_text, initial={"day": self.row.city.today}, cancel=self.get_success_url()
        )

    def save(self, form):
        plans.adopt_strategy(self.row, by=self.user, on=form.cleaned_data["day"])

    def get_context_data(self, **kwargs):
        trail = breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row), _("Adopt"))
        return super().get_context_data(heading=_("Adopt strategy"), lead=self.row.title, trail=trail, **kwargs)


class StrategyCommentAdd(StrategyMixin, ReasonFormView):
    permission = "strategies.comment_strategy"
    has_draft = True
    heading = gettext_lazy("Comment on the draft")
    label = gettext_lazy("Your comment")
    button = gettext_lazy("Comment")
    consequence = gettext_lazy(
        "Only members of the city’s bodies and the network’s coordinators can read it. It is never public."
    )
    success_message = gettext_lazy("Your comment has been added to the strategy.")
    is_danger = False
    most = PARAGRAPH

    def save(self, form):
        plans.comment_strategy(self.row, by=self.user, text=form.cleaned_data["text"])

    def trail(self):
        return breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row), self.heading)


class StrategyPublish(StrategyMixin, ActionView):
    permission = "strategies.publish_strategy"
    success_message = gettext_lazy("Published. Everyone can read the strategy and its actions.")

    def perform(self):
        plans.publish_strategy(self.row, by=self.user)
