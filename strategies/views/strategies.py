"""A city's strategy as a tree, its SWOT analysis, and its adoption, comments and publication."""

from collections import defaultdict

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.rules import insider_city_ids
from core.text_limits import PARAGRAPH
from strategies.enums import WORST_FIRST, StrategyStatus, SwotKind
from strategies.forms import DayForm
from strategies.models import Objective, PriorityArea, Strategy
from strategies.selectors.actions import actions_of
from strategies.selectors.disclosure import reads_all_figures
from strategies.services import plans

from . import breadcrumbs
from .actions import ReasonFormView
from .base import ActionView, DetailPage, ServiceFormView, StrategyMixin


class StrategyPage(StrategyMixin, DetailPage):
    name = "strategy"

    def get_context_data(self, **kwargs):
        context = {
            "city": self.row.city,
            "may_change": self.may("strategies.change_strategy") and not self.row.is_superseded,
        }
        return super().get_context_data(**context | kwargs)


class StrategyDetail(StrategyPage):
    template_name = "strategies/strategy_detail.html"

    def get_context_data(self, **kwargs):
        strategy, user = self.row, self.user
        actions = list(actions_of(strategy, user))
        context = {
            "areas": self.tree(actions),
            "counts": self.counts(actions),
            "action_count": len(actions),
            "indicators": strategy.indicators.visible_to(user).active().select_related("action"),
            "trail": breadcrumbs.here(breadcrumbs.city_breadcrumbs(strategy.city), _("Strategy")),
            "status": StrategyStatus(strategy.status),
            "is_insider": strategy.city_id in insider_city_ids(user),
            "is_live": reads_all_figures(user, strategy.city_id),
            "may_history": self.may("strategies.read_history"),
            "may_restore": self.may("strategies.change_strategy"),
            "may_adopt": strategy.status == StrategyStatus.DRAFT and self.may("strategies.adopt_strategy"),
            "comments": strategy.comments.visible_to(user).select_related("author"),
            "may_comment": strategy.status == StrategyStatus.DRAFT and self.may("strategies.comment_strategy"),
            "may_begin_next": self.may_begin_next(),
            "ended_on": strategy.get_ended_on(),
            "next": self.seen(getattr(strategy, "replaced_by", None)),
            "former": self.seen(strategy.replaces),
            "may_publish": self.can_be_published(actions) and self.may("strategies.publish_strategy"),
        }
        return super().get_context_data(**context | kwargs)

    def seen(self, other):
        """Return the previous or next strategy if the user may see it, else None."""
        rows = Strategy.objects.visible_to(self.user).select_related("city")
        return rows.filter(pk=other.pk).first() if other else None

    def may_begin_next(self):
        """Return whether the user may begin the next strategy: once, after the current one is adopted."""
        strategy = self.row
        is_current = strategy.status == StrategyStatus.ADOPTED and not strategy.is_superseded
        return is_current and not hasattr(strategy, "replaced_by") and self.may("strategies.begin_next_strategy")

    def can_be_published(self, actions):
        strategy = self.row
        if strategy.status != StrategyStatus.ADOPTED:
            return False
        return strategy.published_at is None or any(action.published_at is None for action in actions)

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
            "trail": breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(strategy), _("Strengths and weaknesses")),
        }
        return super().get_context_data(**context | kwargs)


class StrategyAdopt(StrategyMixin, ServiceFormView):
    template_name = "strategies/form.html"
    permission = "strategies.adopt_strategy"
    success_message = gettext_lazy("The strategy is adopted. It can now be published.")

    def make_form(self, data=None, files=None):
        label = _("When was it adopted?")
        help_text = _("The day of the decision. From then on the whole network reads the strategy.")
        if self.row.is_next:
            help_text += " " + _(
                "The strategy before it, “%(title)s”, ends the day before. It stays readable, with all that was "
                "logged and submitted, but its plan can no longer be changed."
            ) % {"title": self.row.replaces.title}
        return DayForm(
            data, label=label, help_text=help_text, initial={"day": self.row.city.today}, cancel=self.get_success_url()
        )

    def save(self, form):
        plans.adopt_strategy(self.row, by=self.user, on=form.cleaned_data["day"])

    def get_context_data(self, **kwargs):
        trail = breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row), _("Adopt"))
        return super().get_context_data(heading=_("Adopt the strategy"), lead=self.row.title, trail=trail, **kwargs)


class StrategyCommentAdd(StrategyMixin, ReasonFormView):
    permission = "strategies.comment_strategy"
    heading = gettext_lazy("Comment on the draft")
    label = gettext_lazy("Your comment")
    button = gettext_lazy("Comment")
    consequence = gettext_lazy("People of the city and the network’s coordinators read it. The public never does.")
    success_message = gettext_lazy("Your comment stands on the page of the strategy.")
    is_danger = False
    most = PARAGRAPH

    def save(self, form):
        plans.comment_strategy(self.row, by=self.user, text=form.cleaned_data["text"])

    def trail(self):
        return breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row), self.heading)


class StrategyPublish(StrategyMixin, ActionView):
    permission = "strategies.publish_strategy"
    success_message = gettext_lazy("Published: everybody can read the strategy and its actions.")

    def perform(self):
        plans.publish_strategy(self.row, by=self.user)
