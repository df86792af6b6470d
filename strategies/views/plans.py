"""Add, edit and withdraw parts of the plan. On an edit conflict the other change is shown and no input is lost."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.models import City
from core.forms import form_helper
from core.text_limits import HISTORY_REASON
from strategies import forms
from strategies.enums import StrategyStatus
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

from . import breadcrumbs
from .actions import ReasonFormView
from .base import ActionView, ServiceFormView, StrategyMixin, may


class PlanEdit(ServiceFormView):
    """Edits one part of the plan."""

    template_name = "strategies/form.html"
    form_class: Any = forms.PlanForm
    heading: Any = ""
    success_message = gettext_lazy("Saved.")
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
            "withdraw_url": self.withdraw_url(),
            "withdraw_needs_reason": self.withdraw_needs_reason,
        }
        return super().get_context_data(**context | kwargs)

    def trail(self):
        return breadcrumbs.strategy_breadcrumbs(self.strategy)

    def get_success_url(self):
        return self.strategy.get_absolute_url()

    def withdraw_url(self):
        return ""


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
    form_class, heading = forms.StrategyForm, gettext_lazy("Begin the strategy")
    success_message = gettext_lazy(
        "The strategy is saved as a draft: the public does not see it. Now add its priority areas."
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
        is_adopted = [row.status for row in self.current_strategies] == [StrategyStatus.ADOPTED]
        return is_adopted and may(self.user, "strategies.begin_next_strategy", self.row)

    def get_context_data(self, **kwargs):
        if not self.current_strategies:
            return super().get_context_data(**kwargs)
        words = {"title": self.current_strategies[0].title}
        lead = _("It follows “%(title)s”, which stays in force until the day that the new one is adopted.") % words
        heading = _("Begin the next strategy")
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
    heading = gettext_lazy("Change the strategy")

    def strategy_of(self, row):
        return row


class AreaAdd(StrategyMixin, PlanAdd):
    adds, form_class, heading = PriorityArea, forms.AreaForm, gettext_lazy("Add a priority area")

    def strategy_of(self, row):
        return row


class AreaEdit(PlanEdit):
    rows = PriorityArea.objects.select_related("strategy__city")
    permission = "strategies.change_priorityarea"
    form_class, heading = forms.AreaForm, gettext_lazy("Change a priority area")
    withdraw_needs_reason = True

    def withdraw_url(self):
        return "" if self.row.withdrawn_at else reverse("strategies:area_withdraw", args=[self.row.pk])


class AreaWithdraw(ReasonFormView):
    rows = PriorityArea.objects.select_related("strategy__city")
    permission = "strategies.change_priorityarea"
    heading, button = gettext_lazy("Withdraw a priority area"), gettext_lazy("Withdraw the priority area")
    label = gettext_lazy("Why is it withdrawn?")
    consequence = gettext_lazy(
        "It leaves the strategy from today, with its objectives. Its actions must be withdrawn before, or have moved. "
        "What was logged and submitted stays as it is."
    )
    success_message = gettext_lazy("The priority area is withdrawn.")

    def save(self, form):
        plans.withdraw_area(self.row, by=self.user, reason=form.cleaned_data["text"])

    def get_success_url(self):
        return self.row.strategy.get_absolute_url()

    def trail(self):
        return breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row.strategy), self.heading)


class ObjectiveAdd(PlanAdd):
    rows = PriorityArea.objects.select_related("strategy__city")
    adds, parent_name = Objective, "area"
    form_class, heading = forms.ObjectiveForm, gettext_lazy("Add an objective")


class ObjectiveEdit(PlanEdit):
    rows = Objective.objects.select_related("area__strategy__city")
    permission = "strategies.change_objective"
    form_class, heading = forms.ObjectiveForm, gettext_lazy("Change an objective")
    withdraw_needs_reason = True

    def strategy_of(self, row):
        return row.area.strategy

    def withdraw_url(self):
        return "" if self.row.withdrawn_at else reverse("strategies:objective_withdraw", args=[self.row.pk])


class ObjectiveWithdraw(AreaWithdraw):
    rows = Objective.objects.select_related("area__strategy__city")
    permission = "strategies.change_objective"
    heading, button = gettext_lazy("Withdraw an objective"), gettext_lazy("Withdraw the objective")
    consequence = gettext_lazy(
        "It leaves the strategy from today. Its actions must be withdrawn before, or have moved. What was logged and "
        "submitted stays as it is."
    )
    success_message = gettext_lazy("The objective is withdrawn.")

    def save(self, form):
        plans.withdraw_objective(self.row, by=self.user, reason=form.cleaned_data["text"])

    def get_success_url(self):
        return self.row.area.strategy.get_absolute_url()

    def trail(self):
        return breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row.area.strategy), self.heading)


class ActionAdd(PlanAdd):
    rows = Objective.objects.select_related("area__strategy__city")
    adds, parent_name = Action, "objective"
    form_class, heading = forms.ActionForm, gettext_lazy("Add an action")

    def strategy_of(self, row):
        return row.area.strategy


class ActionEdit(PlanEdit):
    withdraw_needs_reason = True
    rows = Action.objects.with_related()
    permission = "strategies.change_action"
    form_class, heading = forms.ActionForm, gettext_lazy("Change the plan of an action")

    def trail(self):
        return breadcrumbs.action_breadcrumbs(self.row)

    def get_success_url(self):
        return self.row.get_absolute_url()

    def withdraw_url(self):
        return "" if self.row.withdrawn_at else reverse("strategies:action_withdraw", args=[self.row.pk])


# ---- withdrawing


class PartWithdraw(ActionView):
    success_message = gettext_lazy("Taken out of the plan. It stays in the history.")

    def perform(self):
        plans.withdraw_part(self.row, by=self.user)


class PartWithdrawWithReason(ReasonFormView):
    """Withdraws a part that figures may depend on. A reason is required if there are any."""

    success_message = PartWithdraw.success_message
    label = gettext_lazy("Why is it withdrawn?")
    most = HISTORY_REASON

    def make_form(self, data=None, files=None):
        return forms.ReasonForm(data, label=self.label, most=self.most, required=plans.has_values(self.row))

    def save(self, form):
        plans.withdraw_part(self.row, by=self.user, reason=form.cleaned_data["text"])


# ---- SWOT analysis and risks


class SwotMixin:
    def get_success_url(self):
        return reverse("strategies:swot", args=[self.strategy.ref])

    def trail(self):
        return [
            *breadcrumbs.strategy_breadcrumbs(self.strategy),
            (_("Strengths and weaknesses"), self.get_success_url()),
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
    heading = gettext_lazy("Add a problem that implementation will meet")


class SwotEdit(SwotMixin, PlanEdit):
    rows = SwotItem.objects.select_related("strategy__city")
    permission = "strategies.change_swotitem"
    form_class, heading = forms.SwotForm, gettext_lazy("Change an item")

    def withdraw_url(self):
        return "" if self.row.withdrawn_at else reverse("strategies:swot_withdraw", args=[self.row.pk])


class RiskEdit(SwotMixin, PlanEdit):
    rows = Risk.objects.select_related("strategy__city")
    permission = "strategies.change_risk"
    form_class, heading = forms.RiskForm, gettext_lazy("Change a problem")

    def withdraw_url(self):
        return "" if self.row.withdrawn_at else reverse("strategies:risk_withdraw", args=[self.row.pk])


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
    adds, form_class, heading = Indicator, forms.IndicatorForm, gettext_lazy("Add an indicator")

    def strategy_of(self, row):
        return row

    def get_success_url(self):
        return reverse("strategies:indicator_list", args=[self.strategy.ref])


class IndicatorEdit(PlanEdit):
    withdraw_needs_reason = True
    rows = Indicator.objects.select_related("strategy__city")
    permission = "strategies.change_indicator"
    form_class, heading = forms.IndicatorForm, gettext_lazy("Change an indicator")

    def get_success_url(self):
        return self.row.get_absolute_url()

    def withdraw_url(self):
        return "" if self.row.withdrawn_at else reverse("strategies:indicator_withdraw", args=[self.row.pk])


class IndicatorWithdraw(PartWithdrawWithReason):
    rows = Indicator.objects.select_related("strategy__city")
    permission = "strategies.change_indicator"
    heading, button = gettext_lazy("Withdraw an indicator"), gettext_lazy("Withdraw the indicator")
    consequence = gettext_lazy("It leaves the lists, and no more values are asked for. Its values stay in the history.")

    def trail(self):
        parent = (self.row.name, self.get_success_url())
        return breadcrumbs.here([*breadcrumbs.strategy_breadcrumbs(self.row.strategy), parent], self.heading)
