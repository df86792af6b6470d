"""The three phases of a city's pilot with their gates. A gate describes; it never prevents anything."""

from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View

from cities.models import City
from cities.rules import is_insider, is_network_reader
from core.exceptions import UserFacingError
from core.forms import form_helper
from core.views import LoginInsteadOf404Mixin
from pilot.enums import PhaseKind
from pilot.forms import PhaseForm
from pilot.gates import GATES, check_gate
from pilot.models import GateWaiver, PilotPhase
from pilot.services import phases
from strategies.forms import ReasonForm
from strategies.views import breadcrumbs
from strategies.views.base import ServiceFormView, may


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


class PhaseList(LoginInsteadOf404Mixin, TemplateView):
    template_name = "pilot/phase_list.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        city = get_object_or_404(City.objects.visible_to(user), slug=self.kwargs["slug"])
        rows = phase_rows(city, user)
        any_phase = rows[0]["phase"] if rows else None
        dated = {row["kind"] for row in rows}
        context = {
            "city": city,
            "rows": rows,
            "undated": [kind for kind in PhaseKind if kind not in dated],
            "may_add": may(user, "pilot.add_pilotphase", city),
            "may_date": any_phase and may(user, "pilot.change_pilotphase", any_phase),
            "may_waive": may(user, "pilot.waive_requirement", any_phase),
            "trail": breadcrumbs.here(breadcrumbs.city_breadcrumbs(city), _("Steps of the pilot")),
        }
        return super().get_context_data(**context | kwargs)


class PhaseFormView(ServiceFormView):
    name = "phase"

    @cached_property
    def row(self):
        phase = get_object_or_404(PilotPhase.objects.select_related("city"), pk=self.kwargs["pk"])
        if not may(self.user, "pilot.view_pilotphase", phase):
            raise Http404
        if not may(self.user, self.permission, phase):
            raise PermissionDenied
        return phase

    def get_success_url(self):
        return reverse("pilot:phase_list", args=[self.row.city.slug])


class PhaseAdd(ServiceFormView):
    """Enter the dates of a phase that has none."""

    name = "city"
    template_name = "strategies/form.html"
    success_message = gettext_lazy("The dates are saved.")
    rows = City.objects.all()
    key = "slug"

    @cached_property
    def kind(self) -> PhaseKind:
        if self.kwargs["kind"] not in PhaseKind.values:
            raise Http404
        return PhaseKind(self.kwargs["kind"])

    def is_allowed(self, row):
        if not may(self.user, "pilot.view_pilotphase", row):
            raise Http404
        return self.kind and may(self.user, "pilot.add_pilotphase", row)

    def make_form(self, data=None, files=None):
        form = PhaseForm(data, instance=PilotPhase(city=self.row, kind=self.kind))
        form.helper = form_helper(cancel=self.get_success_url())
        return form

    def save(self, form):
        dates = {name: form.cleaned_data[name] for name in PhaseForm.Meta.fields}
        phases.create_phase(self.row, self.kind, by=self.user, **dates)

    def get_success_url(self):
        return reverse("pilot:phase_list", args=[self.row.slug])

    def get_context_data(self, **kwargs):
        trail = [*breadcrumbs.city_breadcrumbs(self.row), (_("Steps of the pilot"), self.get_success_url())]
        heading = _("Dates: %(step)s") % {"step": self.kind.label}
        return super().get_context_data(
            heading=heading, lead=self.row.name, trail=breadcrumbs.here(trail, heading), **kwargs
        )


class PhaseEdit(PhaseFormView):
    template_name = "strategies/form.html"
    permission = "pilot.change_pilotphase"
    success_message = gettext_lazy("The dates are saved.")

    def make_form(self, data=None, files=None):
        form = PhaseForm(data, instance=self.row)
        form.helper = form_helper(cancel=self.get_success_url())
        return form

    def save(self, form):
        dates = {name: form.cleaned_data[name] for name in PhaseForm.Meta.fields}
        phases.set_dates(self.row, by=self.user, version=form.cleaned_data["version"], **dates)

    def get_context_data(self, **kwargs):
        kind = PhaseKind(self.row.kind).label
        trail = [*breadcrumbs.city_breadcrumbs(self.row.city), (_("Steps of the pilot"), self.get_success_url())]
        heading = _("Dates: %(step)s") % {"step": kind}
        return super().get_context_data(
            heading=heading, lead=self.row.city.name, trail=breadcrumbs.here(trail, heading), **kwargs
        )


class RequirementWaive(PhaseFormView):
    template_name = "strategies/reason.html"
    permission = "pilot.waive_requirement"
    success_message = gettext_lazy("Waived in writing. The reason stands wherever the gate is shown.")

    @cached_property
    def requirement(self):
        rows = {row.key: row for row in GATES[self.row.kind]}
        if self.kwargs["key"] not in rows:
            raise Http404
        return rows[self.kwargs["key"]]

    def make_form(self, data=None, files=None):
        return ReasonForm(data, label=_("Why is this condition waived?"))

    def save(self, form):
        phases.waive_requirement(self.row, self.requirement.key, by=self.user, reason=form.cleaned_data["text"])

    def get_context_data(self, **kwargs):
        trail = [*breadcrumbs.city_breadcrumbs(self.row.city), (_("Steps of the pilot"), self.get_success_url())]
        context = {
            "heading": _("Waive a condition"),
            "subject": self.requirement.label,
            "button": _("Waive it"),
            "consequence": _("The condition stays as it is computed; your reason is shown beside it."),
            "cancel": self.get_success_url(),
            "trail": breadcrumbs.here(trail, _("Waive a condition")),
        }
        return super().get_context_data(**context | kwargs)


class WaiverWithdraw(LoginInsteadOf404Mixin, View):
    http_method_names = ["post"]

    def post(self, request, pk):
        waiver = get_object_or_404(GateWaiver.objects.select_related("phase__city"), pk=pk)
        if not may(request.user, "pilot.view_pilotphase", waiver.phase):
            raise Http404
        if not may(request.user, "pilot.waive_requirement", waiver.phase):
            raise PermissionDenied
        try:
            phases.withdraw_waiver(waiver, by=request.user)
        except UserFacingError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The waiver is withdrawn."))
        return redirect("pilot:phase_list", slug=waiver.phase.city.slug)
