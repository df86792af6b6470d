"""Withdrawn parts of a strategy, and restoring them."""

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.available import available_actions
from core.forms import form_helper
from core.views import DetailPage, ServiceFormView
from strategies.forms import RestoreForm
from strategies.selectors.withdrawn import PATHS, withdrawn_parts, withdrawn_rows
from strategies.services import plans

from . import breadcrumbs
from .base import StrategyMixin


class WithdrawnParts(StrategyMixin, DetailPage):
    template_name = "strategies/withdrawn.html"
    permission = "strategies.change_strategy"
    name = "strategy"

    def get_context_data(self, **kwargs):
        trail = breadcrumbs.strategy_breadcrumbs(self.row)
        parts = withdrawn_parts(self.row)
        for row in parts:
            row.part.may = available_actions(row.part, self.user, is_found=True)
        context = {"parts": parts, "trail": breadcrumbs.here(trail, _("Withdrawn parts"))}
        return super().get_context_data(**context | kwargs)


class PartRestore(StrategyMixin, ServiceFormView):
    template_name = "strategies/form.html"
    permission = "strategies.change_strategy"
    success_message = gettext_lazy("Restored. It is part of the strategy again.")

    @cached_property
    def part(self):
        kind = self.kwargs["kind"]
        row = withdrawn_rows(self.row, kind).filter(pk=self.kwargs["part"]).first() if kind in PATHS else None
        if row is None:
            raise Http404
        return row

    def get(self, request, *args, **kwargs):
        self.row, self.part  # noqa: B018 - raise 404 or 403 first
        return super().get(request, *args, **kwargs)

    def make_form(self, data=None, files=None):
        form = RestoreForm(data, part=self.part)
        form.helper = form_helper(save=_("Restore"), cancel=self.get_success_url())
        return form

    def save(self, form):
        plans.restore_part(self.part, by=self.user, code=form.cleaned_data.get("code", ""))

    def get_success_url(self):
        return reverse("strategies:withdrawn_parts", args=[self.row.ref])

    def get_context_data(self, **kwargs):
        heading = _("Restore withdrawn part")
        trail = [*breadcrumbs.strategy_breadcrumbs(self.row), (_("Withdrawn parts"), self.get_success_url())]
        context = {"heading": heading, "lead": str(self.part), "trail": breadcrumbs.here(trail, heading)}
        return super().get_context_data(**context | kwargs)
