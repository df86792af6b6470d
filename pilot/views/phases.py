"""The three phases of a city's pilot with their gates. A gate describes; it never prevents anything."""

from copy import copy
from operator import attrgetter
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.models import City
from cities.rules import is_insider, is_network_reader
from core.available import available_actions
from core.forms import form_helper
from core.text_limits import PARAGRAPH
from core.views import ActionView, DetailPage, ObjectMixin, ServiceFormView, may
from pilot.enums import PhaseKind
from pilot.forms import PhaseForm
from pilot.gates import GATES, check_gate
from pilot.models import GateWaiver, PilotPhase
from pilot.services import phases
from strategies.views import breadcrumbs
from strategies.views.actions import ReasonFormView


def phase_rows(city: City, user: Any) -> list[dict]:
    """Return each phase with its requirements. The public sees only those that are met."""
    rows = sorted(PilotPhase.objects.filter(city=city).select_related("city"), key=attrgetter("number"))
    sees_all = is_insider(user, city) or is_network_reader(user)
    return [phase_row(row, user, sees_all) for row in rows]


def phase_row(phase: PilotPhase, user: Any, sees_all: bool) -> dict:
    gate = check_gate(phase, user)
    return {
        "phase": phase,
        "kind": PhaseKind(phase.kind),
        "met": sum(1 for row in gate if row.met),
        "total": len(gate),
        "begin": [row for row in gate if not row.is_completion and (sees_all or row.met)],
        "complete": [row for row in gate if row.is_completion and (sees_all or row.met)],
        "sees_all": sees_all,
    }


class PhaseList(DetailPage):
    template_name = "pilot/phase_list.html"
    name = "city"
    rows = City.objects.all()
    key = "slug"

    def get_context_data(self, **kwargs):
        rows = phase_rows(self.row, self.user)
        any_phase = rows[0]["phase"] if rows else None
        dated = {row["kind"] for row in rows}
        context = {
            "rows": rows,
            "undated": [kind for kind in PhaseKind if kind not in dated],
            "may_add": self.may("pilot.add_pilotphase"),
            "may": any_phase and available_actions(any_phase, self.user),
            "trail": breadcrumbs.here(breadcrumbs.city_breadcrumbs(self.row), _("Pilot phases")),
        }
        return super().get_context_data(**context | kwargs)


class PhaseMixin(ObjectMixin):
    """A page about a phase or one of its parts, for those who see the phase."""

    name = "phase"

    def is_allowed(self, row):
        if not may(self.user, "pilot.view_pilotphase", row):
            raise Http404
        return super().is_allowed(row)

    def get_success_url(self):
        return reverse("pilot:phase_list", args=[self.get_city().slug])

    def get_city(self):
        return self.row.city

    def get_trail(self, heading):
        trail = [*breadcrumbs.city_breadcrumbs(self.get_city()), (_("Pilot phases"), self.get_success_url())]
        return breadcrumbs.here(trail, heading)


class PhaseDates(PhaseMixin, ServiceFormView):
    """Form of the dates of ``get_phase()``."""

    template_name = "strategies/form.html"
    success_message = gettext_lazy("The dates have been saved.")

    def make_form(self, data=None, files=None):
        form = PhaseForm(data, instance=self.get_phase())
        form.helper = form_helper(cancel=self.get_success_url())
        return form

    def get_context_data(self, **kwargs):
        heading = _("Dates: %(step)s") % {"step": PhaseKind(self.get_phase().kind).label}
        context = {"heading": heading, "lead": self.get_city().name, "trail": self.get_trail(heading)}
        return super().get_context_data(**context | kwargs)


class PhaseAdd(PhaseDates):
    """Enter the dates of a phase that has none."""

    permission = "pilot.add_pilotphase"
    name = "city"
    rows = City.objects.all()
    key = "slug"

    def is_allowed(self, row):
        if self.kwargs["kind"] not in PhaseKind.values:
            raise Http404
        return super().is_allowed(row)

    def get_city(self):
        return self.row

    def get_phase(self):
        return PilotPhase(city=self.row, kind=self.kwargs["kind"])

    def save(self, form):
        phases.create_phase(self.row, self.kwargs["kind"], by=self.user, **dates_of(form))


class PhaseEdit(PhaseDates):
    permission = "pilot.change_pilotphase"

    def find(self):
        return get_object_or_404(PilotPhase.objects.select_related("city"), pk=self.kwargs["pk"])

    def get_phase(self):
        return copy(self.row)

    def save(self, form):
        phases.set_dates(self.row, by=self.user, version=form.cleaned_data["version"], **dates_of(form))


def dates_of(form):
    return {name: form.cleaned_data[name] for name in PhaseForm.Meta.fields}


class RequirementWaive(PhaseMixin, ReasonFormView):
    permission = "pilot.waive_requirement"
    heading = gettext_lazy("Waive requirement")
    label = gettext_lazy("Reason for the waiver")
    consequence = gettext_lazy("The result of the check does not change. Your reason is shown beside it.")
    most = PARAGRAPH
    is_danger = False
    success_message = gettext_lazy("Requirement waived. Your reason is shown beside it.")

    find = PhaseEdit.find

    @cached_property
    def requirement(self):
        rows = {row.key: row for row in GATES[self.row.kind]}
        if self.kwargs["key"] not in rows:
            raise Http404
        return rows[self.kwargs["key"]]

    def save(self, form):
        phases.waive_requirement(self.row, self.requirement.key, by=self.user, reason=form.cleaned_data["text"])

    def subject(self):
        return self.requirement.label

    def trail(self):
        return self.get_trail(self.heading)


class WaiverWithdraw(PhaseMixin, ActionView):
    permission = "pilot.waive_requirement"
    success_message = gettext_lazy("The waiver has been withdrawn.")

    def find(self):
        return get_object_or_404(GateWaiver.objects.select_related("phase__city"), pk=self.kwargs["pk"])

    def is_allowed(self, row):
        return super().is_allowed(row.phase)

    def get_city(self):
        return self.row.phase.city

    def perform(self):
        phases.withdraw_waiver(self.row, by=self.user)
