"""Decisions of a meeting: recorded, changed, done, dropped."""

from copy import copy

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities import selectors
from cities.forms import DecisionForm, DropForm
from cities.models import Decision, Person
from cities.panels import decision_panels_for
from cities.services import decisions
from core.available import available_actions
from core.views import ActionView, DetailPage, ObjectMixin, ServiceFormView

from .events import EventMixin
from .pages import breadcrumbs_for, render_panel


class DecisionMixin(ObjectMixin):
    name = "decision"
    rows = Decision.objects.with_related()

    def get_success_url(self):
        return self.row.get_absolute_url()

    def get_trail(self, label=""):
        event, page = self.row.event, self.get_success_url()
        crumbs = [(event.title, reverse("cities:event_detail", args=[event.pk]))]
        crumbs += [(_("Decision"), page), (label, "")] if label else [(_("Decision"), "")]
        return breadcrumbs_for(self.row.city, *crumbs)


class DecisionDetail(DecisionMixin, DetailPage):
    template_name = "cities/decision_detail.html"

    def get_context_data(self, **kwargs):
        decision = self.row
        panels = decision_panels_for(decision, self.user)
        return super().get_context_data(**kwargs) | {
            "event": decision.event,
            "trail": self.get_trail(),
            "may": available_actions(decision, self.user, is_found=True),
            "panels": [render_panel(panel, self.request, decision=decision) for panel in panels],
            "zone": decision.city.timezone if decision.city else None,
        }


class DecisionFormView(ServiceFormView):
    template_name = "cities/event_form.html"
    form_class = DecisionForm
    success_message = gettext_lazy("The decision has been saved.")

    def people_for(self, event, decision=None):
        """Return who can be chosen, and who is responsible already."""
        people = selectors.people_for_decisions(event)
        return people | Person.objects.filter(pk=decision.responsible_id) if decision else people


class DecisionAdd(EventMixin, DecisionFormView):
    permission = "cities.record_decision"

    def get_form_kwargs(self):
        instance = Decision(event=self.row)
        return {"instance": instance, "people": self.people_for(self.row), "cancel": self.get_success_url()}

    def get_context_data(self, **kwargs):
        heading = _("Record decision")
        context = {"heading": heading, "trail": self.get_trail(heading), "subject": self.row.title}
        return super().get_context_data(**kwargs) | context

    def save(self, form):
        decisions.record_decision(self.row, by=self.user, fields=form.decision_fields())


class DecisionEdit(DecisionMixin, DecisionFormView):
    permission = "cities.change_decision"

    def get_form_kwargs(self):
        people = self.people_for(self.row.event, self.row)
        return {"instance": copy(self.row), "people": people, "cancel": self.get_success_url()}

    def get_context_data(self, **kwargs):
        context = {"heading": _("Edit decision"), "trail": self.get_trail(_("Edit")), "subject": self.row.event.title}
        return super().get_context_data(**kwargs) | context

    def save(self, form):
        version = form.cleaned_data["version"]
        decisions.change_decision(self.row, by=self.user, version=version, fields=form.decision_fields())


class DecisionComplete(DecisionMixin, ActionView):
    permission = "cities.close_decision"
    success_message = gettext_lazy("The decision is marked as done.")

    def perform(self):
        decisions.complete_decision(self.row, by=self.user)


class DecisionDrop(DecisionMixin, ServiceFormView):
    template_name = "cities/event_form.html"
    form_class = DropForm
    permission = "cities.close_decision"
    success_message = gettext_lazy("The decision has been dropped.")

    def get_form_kwargs(self):
        return {"cancel": self.get_success_url()}

    def get_context_data(self, **kwargs):
        heading = _("Drop decision")
        consequence = _("The decision is shown as dropped, with the reason, and cannot be changed afterwards.")
        context = {"heading": heading, "trail": self.get_trail(heading), "consequence": consequence}
        return super().get_context_data(**kwargs) | context | {"subject": str(self.row)}

    def save(self, form):
        decisions.drop_decision(self.row, by=self.user, reason=form.cleaned_data["reason"])
