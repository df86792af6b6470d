"""The action that carries out a meeting's decision: chosen from the plan, or added to it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.models import Decision
from core.texts import shorten
from core.views import ObjectMixin, ServiceFormView, may
from strategies.forms import DecisionLinkForm
from strategies.models import DecisionLink, Objective, Strategy
from strategies.selectors.decisions import actions_for_decisions
from strategies.services import decisions

from . import breadcrumbs
from .plans import ActionAdd


def decision_trail(decision, label):
    event = decision.event
    trail = breadcrumbs.city_breadcrumbs(decision.city) if decision.city else breadcrumbs.cities_breadcrumbs()
    trail += [(event.title, reverse("cities:event_detail", args=[event.pk]))]
    return breadcrumbs.here([*trail, (_("Decision"), decision.get_absolute_url())], label)


class DecisionLinkEdit(ServiceFormView):
    template_name = "strategies/reason.html"
    form_class = DecisionLinkForm
    rows = Decision.objects.with_related()
    permission = "strategies.link_decision"
    success_message = gettext_lazy("Saved.")

    def get_form_kwargs(self):
        link = DecisionLink.objects.filter(decision=self.row).first()
        return {
            "actions": actions_for_decisions(self.row, self.user),
            "initial": {"action": link.action_id if link else None},
            "cancel": self.get_success_url(),
        }

    def get_context_data(self, **kwargs):
        heading = _("Link to an action")
        context = {"heading": heading, "subject": str(self.row), "trail": decision_trail(self.row, heading)}
        return super().get_context_data(**kwargs) | context

    def save(self, form):
        decisions.link_decision(self.row, by=self.user, action=form.cleaned_data["action"])


class DecisionActionAdd(ActionAdd):
    """The form of a new action, filled in from the decision."""

    rows = Decision.objects.with_related()
    success_message = gettext_lazy("The action has been added, and the decision is linked to it.")

    @cached_property
    def decision(self):
        decision = ObjectMixin.find(self)
        if not may(self.user, "strategies.make_action_of_decision", decision):
            raise PermissionDenied
        return decision

    @cached_property
    def parent(self):
        """The first objective of the plan in force; the form offers the others. None without one."""
        strategy = Strategy.objects.current().filter(city=self.decision.city).first()
        rows = Objective.objects.filter(area__strategy=strategy, withdrawn_at=None, area__withdrawn_at=None)
        rows = rows.select_related("area__strategy__city").order_by("area__code_sort", "code_sort")
        return rows.first() if strategy else None

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated and request.method in {"GET", "POST"} and self.decision and not self.parent:
            messages.error(request, _("The city’s plan has no objective yet. Add one first, then add the action."))
            return redirect(self.decision)
        return super().dispatch(request, *args, **kwargs)

    def form_arguments(self):
        decision = self.decision
        filled = {
            "title": shorten(decision.text, 250),
            "description": decision.text,
            "responsible": decision.responsible_id,
            "starts_on": decision.city.today,
            "ends_on": decision.due_on,
        }
        return super().form_arguments() | {"initial": filled}

    def save(self, form):
        fields = {"objective": self.row} | form.columns
        self.added = decisions.add_action(
            self.decision, by=self.user, fields=fields, m2m=form.links, confirmed=form.is_confirmed
        )

    def get_context_data(self, **kwargs):
        trail = decision_trail(self.decision, self.heading)
        return super().get_context_data(**kwargs) | {"lead": str(self.decision), "trail": trail}

    def get_success_url(self):
        return self.decision.get_absolute_url()

    def get_saved_url(self):
        return self.added.get_absolute_url()
