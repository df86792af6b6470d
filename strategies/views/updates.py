"""Change or withdraw updates, and withdraw their evidence, while the period is not locked."""

from http import HTTPStatus

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import locales
from core.exceptions import EditConflict, UserFacingError
from core.forms import with_numbers
from core.views import ActionView, add_form_errors, may
from strategies.exceptions import AlreadyWithdrawn
from strategies.forms.log import stored_extras
from strategies.models import ActionUpdate, Evidence
from strategies.selectors.values import values_entered_with
from strategies.services import updates

from . import breadcrumbs
from .actions import ReasonFormView
from .log import LogBase


class UpdateEdit(LogBase):
    """The author or an official corrects an update while its period is not locked."""

    rows = ActionUpdate.objects.select_related(
        "action__objective__area__strategy__city", "city_period__period", "city_period__city"
    )
    permission = "strategies.change_actionupdate"
    heading = gettext_lazy("Edit update")

    @property
    def update(self):
        return self.row

    @property
    def action(self):
        return self.row.action

    def get(self, request, *args, **kwargs):
        if self.row.withdrawn_at:
            messages.error(request, str(AlreadyWithdrawn()))
            return redirect(self.action)
        return self.show(self.make_form(initial=self.stored()))

    def stored(self):
        return stored_extras(self.row)

    def show(self, form, **more):
        return super().show(form, attached=self.row.evidence.active().select_related("file"), **more)

    def post(self, request, *args, **kwargs):
        row = self.row
        form = self.make_form(request.POST, request.FILES)
        is_valid = form.is_valid()
        kept = self.store_files(form)
        if not is_valid or form.errors:
            return self.show(form)
        data = self.input_from(form, kept)
        try:
            updates.change_update(row, by=self.user, data=data, version=form.cleaned_data["version"])
        except EditConflict:
            form.show_conflict(self.get_rows().get(pk=row.pk))
            return self.show(form, status=HTTPStatus.CONFLICT)
        except UserFacingError as error:
            add_form_errors(form, error)
            return self.show(form)
        messages.success(request, with_numbers(_("The update has been changed."), form))
        return redirect(self.action)


class UpdateWithdraw(ReasonFormView):
    rows = ActionUpdate.objects.select_related(
        "action__objective__area__strategy__city", "city_period__period", "city_period__city"
    )
    permission = "strategies.change_actionupdate"
    heading = gettext_lazy("Withdraw update")
    label = gettext_lazy("Reason for withdrawal")
    consequence = gettext_lazy(
        "It is removed from the list of updates and from all figures. The city’s officials can still see it, "
        "with your reason."
    )

    @cached_property
    def withdrawn_with_it(self):
        """Name the milestones and indicator values that stop to count with the update."""
        values = values_entered_with(self.row).select_related("indicator")
        return [
            *(str(milestone) for milestone in self.row.milestones.all()),
            *(f"{value.indicator}: {locales.number(value.value)} {value.indicator.unit}" for value in values),
        ]

    def get_context_data(self, **kwargs):
        return super().get_context_data(**{"withdrawn_with_it": self.withdrawn_with_it} | kwargs)

    @property
    def success_message(self):
        if not self.withdrawn_with_it:
            return _("The update has been withdrawn.")
        words = {"names": "; ".join(self.withdrawn_with_it)}
        return _("The update has been withdrawn, together with: %(names)s.") % words

    def save(self, form):
        self.withdrawn_with_it  # noqa: B018 - read before they are withdrawn
        updates.withdraw_update(self.row, by=self.user, reason=form.cleaned_data["text"])

    def get_success_url(self):
        return self.row.action.get_absolute_url()

    def trail(self):
        return breadcrumbs.here(breadcrumbs.action_breadcrumbs(self.row.action), self.heading)


class EvidenceWithdraw(ActionView):
    rows = Evidence.objects.select_related(
        "file",
        "update__action__objective__area__strategy__city",
        "update__city_period__city",
        "value__indicator__strategy",
        "value__city_period__city",
    )
    success_message = gettext_lazy("Removed. The city’s officials can still find it in the history.")

    def perform(self):
        updates.withdraw_evidence(self.row, by=self.user)

    def get_success_url(self):
        fact = self.row.update.action if self.row.update_id else self.row.value.indicator
        return fact.get_absolute_url()

    def is_allowed(self, row):
        fact = row.update or row.value
        return may(self.user, f"strategies.change_{fact._meta.model_name}", fact)
