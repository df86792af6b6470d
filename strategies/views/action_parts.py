"""Forms for the milestones and budget lines of an action."""

from crispy_forms.layout import Submit
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import form_helper
from core.text_limits import HISTORY_REASON
from core.views import may
from strategies import forms
from strategies.exceptions import SavedDifferently
from strategies.models import (
    Action,
    BudgetLine,
    Milestone,
)
from strategies.services import plans

from . import breadcrumbs
from .actions import PartWithdrawWithReason
from .plans import PartWithdraw, PlanAdd, PlanEdit


class ActionPartMixin:
    """A milestone or budget line: the user may see and edit it if they may see and edit its action."""

    permission = "strategies.change_action"

    @cached_property
    def row(self):
        part = get_object_or_404(self.rows.all(), pk=self.kwargs["pk"])
        get_object_or_404(Action.objects.visible_to(self.user), pk=part.action_id)
        if not may(self.user, self.permission, part.action):
            raise PermissionDenied
        return part

    def strategy_of(self, row):
        return row.action.strategy

    def trail(self):
        return breadcrumbs.action_breadcrumbs(self.row.action)

    def get_success_url(self):
        return self.row.action.get_absolute_url()


class MilestoneAdd(PlanAdd):
    rows = Action.objects.with_related()
    adds, parent_name = Milestone, "action"
    form_class, heading = forms.MilestoneForm, gettext_lazy("Add milestone")

    def is_allowed(self, row):
        return may(self.user, "strategies.change_action", row)

    def trail(self):
        return breadcrumbs.action_breadcrumbs(self.row)

    def get_success_url(self):
        return self.row.get_absolute_url()


class BudgetLineAdd(MilestoneAdd):
    adds, form_class, heading = BudgetLine, forms.BudgetLineForm, gettext_lazy("Add budget line")

    found: SavedDifferently | None = None  # the line that the form may repeat

    def dispatch(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)

    dispatch.always_creates = True  # the version in the form is that of the line that is shown beside it

    def save(self, form):
        plans.add_budget_line(self.row, by=self.user, fields=form.columns, shown=form.cleaned_data["shown"])

    def show_error(self, form, error):
        if not isinstance(error, SavedDifferently):
            super().show_error(form, error)
            return
        self.found = error
        form.show_saved(error.saved)
        form.helper = form_helper(save="", cancel=self.get_success_url())
        correct = {"formaction": reverse("strategies:budgetline_edit", args=[error.saved.pk])}
        form.helper.add_input(Submit("correct", _("Correct the saved budget line"), **correct))
        form.helper.add_input(Submit("save", _("Save as another budget line"), css_class="epi-quiet"))

    def get_context_data(self, **kwargs):
        found = {"saved": self.found.saved, "saved_heading": self.found.heading} if self.found else {}
        return super().get_context_data(**found | {"may_correct": True} | kwargs)


class MilestoneEdit(ActionPartMixin, PlanEdit):
    withdraw_needs_reason = True
    rows = Milestone.objects.select_related("action__objective__area__strategy__city")
    form_class, heading = forms.MilestoneForm, gettext_lazy("Edit milestone")
    withdraw_route = "strategies:milestone_withdraw"


class BudgetLineEdit(ActionPartMixin, PlanEdit):
    rows = BudgetLine.objects.select_related("action__objective__area__strategy__city")
    form_class, heading = forms.BudgetLineForm, gettext_lazy("Edit budget line")
    withdraw_route = "strategies:budgetline_withdraw"


class MilestoneWithdraw(ActionPartMixin, PartWithdrawWithReason):
    most = HISTORY_REASON
    rows = Milestone.objects.select_related("action__objective__area__strategy__city")
    heading = gettext_lazy("Withdraw milestone")
    consequence = gettext_lazy("The progress of the action will be calculated from its other milestones.")

    def trail(self):
        return breadcrumbs.here(super().trail(), self.heading)


class BudgetLineWithdraw(ActionPartMixin, PartWithdraw):
    rows = BudgetLine.objects.select_related("action__objective__area__strategy__city")
