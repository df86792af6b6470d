"""Add, edit and withdraw parts of the plan. On an edit conflict the other change is shown and no input is lost."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.models import City
from core.available import available_actions
from core.forms import form_helper
from core.text_limits import HISTORY_REASON
from core.views import ActionView, RowSearchView, ServiceFormView, may
from strategies import forms
from strategies.models import (
    Action,
    Indicator,
    Objective,
    PriorityArea,
    Risk,
    Strategy,
    SwotItem,
)
from strategies.services import plans
from strategies.services.plan_checks import strategy_of_part

from . import breadcrumbs
from .actions import PartWithdrawWithReason
from .base import StrategyMixin


class PlanEdit(ServiceFormView):
    """Edits one part of the plan."""

    template_name = "strategies/form.html"
    form_class: Any = forms.PlanForm
    heading: Any = ""
    success_message = gettext_lazy("Saved.")
    withdraw_route = ""
    withdraw_needs_reason = False  # whether withdrawing has a page that asks for the reason

    def strategy_of(self, row) -> Strategy:
        return row.strategy

    @property
    def strategy(self):
        return self.strategy_of(self.row)

    def form_arguments(self) -> dict[str, Any]:
        return {"instance": self.row}

    def make_form(self, data=None, files=None):
        form = self.form_class(data, city=self.strategy.city, **self.form_arguments())
        form.helper = form_helper(cancel=self.get_success_url())
        return form

    def save(self, form):
        cleaned = form.cleaned_data
        plans.save_part(
            self.row,
            by=self.user,
            version=cleaned["version"],
            fields=form.columns,
            m2m=form.links,
            cause=cleaned.get("cause", ""),
            reason=cleaned.get("reason", ""),
            confirmed=form.is_confirmed,
        )

    def get_context_data(self, **kwargs):
        context = {
            "heading": self.heading,
            "lead": str(self.row),
            "city": self.strategy.city,
            "trail": breadcrumbs.here(self.trail(), self.heading),
            "withdraw_url": self.withdraw_route and reverse(self.withdraw_route, args=[self.row.pk]),
            "may": self.withdraw_route and available_actions(self.row, self.user, is_found=True),
            "withdraw_needs_reason": self.withdraw_needs_reason,
        }
        return super().get_context_data(**context | kwargs)

    def trail(self):
        return breadcrumbs.strategy_breadcrumbs(self.strategy)

    def get_success_url(self):
        return self.strategy.get_absolute_url()


class PlanAdd(PlanEdit):
    """Adds a part to ``row``, the parent that the URL names."""

    parent_name = "strategy"
    adds: Any = None

    def is_allowed(self, row):
        return may(self.user, f"strategies.add_{self.permission_name()}", self.part)

    def permission_name(self):
        name = self.adds._meta.model_name
        return "action" if name in {"milestone", "budgetline"} else name

    @cached_property
    def parent(self):
        return self.find()

    @cached_property
    def part(self):
        return self.adds(**{self.parent_name: self.parent})

    def form_arguments(self):
        return {"instance": self.part, "parent": self.row}

    def save(self, form):
        fields = {self.parent_name: self.row} | form.columns
        plans.save_part(self.part, by=self.user, fields=fields, m2m=form.links, confirmed=form.is_confirmed)

    @cached_property
    def row(self):
        if not self.is_allowed(self.parent):
            raise PermissionDenied
        return self.parent


# ---- the strategy and its tree


class StrategyAdd(PlanAdd):
    """Begins a city's first or next strategy, which all other parts of the plan belong to."""

    rows = City.objects.all()
    key = "slug"
    adds, parent_name = Strategy, "city"
    form_class, heading = forms.StrategyForm, gettext_lazy("Create strategy")
    success_message = gettext_lazy(
        "The strategy has been saved as a draft, which the public cannot see. Now add its priority areas."
    )

    def get(self, request, *args, **kwargs):
        if self.current_strategies and not self.may_begin_next():
            return redirect(self.current_strategies[-1])
        return super().get(request, *args, **kwargs)

    @cached_property
    def current_strategies(self):
        """The current strategy, and the draft that follows it if there is one."""
        rows = Strategy.objects.select_related("city").filter(city=self.row, superseded_at=None)
        return sorted(rows, key=lambda row: row.is_next)

    def may_begin_next(self):
        return bool(available_actions(self.current_strategies[0], self.user)["begin_next"])

    def get_context_data(self, **kwargs):
        if not self.current_strategies:
            return super().get_context_data(**kwargs)
        words = {"title": self.current_strategies[0].title}
        lead = _("It follows “%(title)s”, which stays in force until the new strategy is adopted.") % words
        heading = _("Create next strategy")
        trail = breadcrumbs.here(self.trail(), heading)
        return super().get_context_data(heading=heading, lead=lead, trail=trail, **kwargs)

    def strategy_of(self, row):
        return self.part

    def save(self, form):
        self.added = plans.add_strategy(self.row, by=self.user, fields=form.columns)

    def trail(self):
        return breadcrumbs.city_breadcrumbs(self.row)

    def get_success_url(self):
        return self.row.get_absolute_url()

    def get_saved_url(self):
        return self.added.get_absolute_url()


class StrategyEdit(StrategyMixin, PlanEdit):
    permission = "strategies.change_strategy"
    form_class = forms.StrategyForm
    heading = gettext_lazy("Edit strategy")

    def strategy_of(self, row):
        return row


class AreaAdd(StrategyMixin, PlanAdd):
    adds, form_class, heading = PriorityArea, forms.AreaForm, gettext_lazy("Add priority area")

    def strategy_of(self, row):
        return row


class AreaEdit(PlanEdit):
    rows = PriorityArea.objects.select_related("strategy__city")
    permission = "strategies.change_priorityarea"
    form_class, heading = forms.AreaForm, gettext_lazy("Edit priority area")
    withdraw_route = "strategies:area_withdraw"
    withdraw_needs_reason = True


class AreaWithdraw(PartWithdrawWithReason):
    rows = PriorityArea.objects.select_related("strategy__city")
    permission = "strategies.change_priorityarea"
    heading = gettext_lazy("Withdraw priority area")
    consequence = gettext_lazy(
        "From today it is not shown in the strategy, and neither are its objectives. First withdraw its "
        "actions or move them. What has been logged and submitted is kept."
    )
    success_message = gettext_lazy("The priority area has been withdrawn.")

    def get_success_url(self):
        return strategy_of_part(self.row).get_absolute_url()

    def trail(self):
        return breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(strategy_of_part(self.row)), self.heading)


class ObjectiveAdd(PlanAdd):
    rows = PriorityArea.objects.select_related("strategy__city")
    adds, parent_name = Objective, "area"
    form_class, heading = forms.ObjectiveForm, gettext_lazy("Add objective")


class ObjectiveEdit(PlanEdit):
    rows = Objective.objects.select_related("area__strategy__city")
    permission = "strategies.change_objective"
    form_class, heading = forms.ObjectiveForm, gettext_lazy("Edit objective")
    withdraw_route = "strategies:objective_withdraw"
    withdraw_needs_reason = True

    def strategy_of(self, row):
        return row.area.strategy


class ObjectiveWithdraw(AreaWithdraw):
    rows = Objective.objects.select_related("area__strategy__city")
    permission = "strategies.change_objective"
    heading = gettext_lazy("Withdraw objective")
    consequence = gettext_lazy(
        "From today it is not shown in the strategy. First withdraw its actions or move them. What has been "
        "logged and submitted is kept."
    )
    success_message = gettext_lazy("The objective has been withdrawn.")


class ActionAdd(RowSearchView, PlanAdd):
    rows = Objective.objects.select_related("area__strategy__city")
    adds, parent_name = Action, "objective"
    form_class, heading = forms.ActionForm, gettext_lazy("Add action")

    def strategy_of(self, row):
        return row.area.strategy


class ActionEdit(RowSearchView, PlanEdit):
    withdraw_needs_reason = True
    rows = Action.objects.with_related()
    permission = "strategies.change_action"
    form_class, heading = forms.ActionForm, gettext_lazy("Edit action")
    withdraw_route = "strategies:action_withdraw"

    def trail(self):
        return breadcrumbs.action_breadcrumbs(self.row)

    def get_success_url(self):
        return self.row.get_absolute_url()


# ---- withdrawing


class PartWithdraw(ActionView):
    success_message = PartWithdrawWithReason.success_message

    def perform(self):
        plans.withdraw_part(self.row, by=self.user)


# ---- SWOT analysis and risks


class SwotMixin:
    def get_success_url(self):
        return reverse("strategies:swot", args=[self.strategy.ref])

    def trail(self):
        return [
            *breadcrumbs.strategy_breadcrumbs(self.strategy),
            (_("SWOT analysis"), self.get_success_url()),
        ]


class SwotAdd(StrategyMixin, SwotMixin, PlanAdd):
    adds, form_class, heading = (
        SwotItem,
        forms.SwotForm,
        gettext_lazy("Add a strength, weakness, opportunity or challenge"),
    )

    def strategy_of(self, row):
        return row

    def make_form(self, data=None, files=None):
        form = super().make_form(data, files)
        form.initial.setdefault("kind", self.request.GET.get("kind"))
        return form


class RiskAdd(SwotAdd):
    adds, form_class = Risk, forms.RiskForm
    heading = gettext_lazy("Add risk")


class SwotEdit(SwotMixin, PlanEdit):
    rows = SwotItem.objects.select_related("strategy__city")
    permission = "strategies.change_swotitem"
    form_class, heading = forms.SwotForm, gettext_lazy("Edit SWOT item")
    withdraw_route = "strategies:swot_withdraw"


class RiskEdit(SwotMixin, PlanEdit):
    rows = Risk.objects.select_related("strategy__city")
    permission = "strategies.change_risk"
    form_class, heading = forms.RiskForm, gettext_lazy("Edit risk")
    withdraw_route = "strategies:risk_withdraw"


class SwotWithdraw(PartWithdraw):
    rows = SwotItem.objects.select_related("strategy__city")
    permission = "strategies.change_swotitem"

    def get_success_url(self):
        return reverse("strategies:swot", args=[self.row.strategy.ref])


class RiskWithdraw(SwotWithdraw):
    rows = Risk.objects.select_related("strategy__city")
    permission = "strategies.change_risk"


# ---- indicators


class IndicatorAdd(StrategyMixin, PlanAdd):
    adds, form_class, heading = Indicator, forms.IndicatorForm, gettext_lazy("Add indicator")

    def strategy_of(self, row):
        return row

    def get_success_url(self):
        return reverse("strategies:indicator_list", args=[self.strategy.ref])


class IndicatorEdit(PlanEdit):
    withdraw_needs_reason = True
    rows = Indicator.objects.select_related("strategy__city")
    permission = "strategies.change_indicator"
    form_class, heading = forms.IndicatorForm, gettext_lazy("Edit indicator")
    withdraw_route = "strategies:indicator_withdraw"

    def get_success_url(self):
        return self.row.get_absolute_url()


class IndicatorWithdraw(PartWithdrawWithReason):
    most = HISTORY_REASON
    rows = Indicator.objects.select_related("strategy__city")
    permission = "strategies.change_indicator"
    heading = gettext_lazy("Withdraw indicator")
    consequence = gettext_lazy(
        "It is no longer listed, and no more values are requested. Its values are kept in the history."
    )

    def trail(self):
        parent = (self.row.name, self.get_success_url())
        return breadcrumbs.here([*breadcrumbs.strategy_breadcrumbs(self.row.strategy), parent], self.heading)
