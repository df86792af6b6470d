"""Minutes of a meeting: written, approved, reopened."""

from copy import copy

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.forms import MinutesForm, ReopenForm
from cities.services import files, minutes
from core.exceptions import InputRefused, UserFacingError
from core.parsing import parse_pk
from core.views import ActionView, ServiceFormView

from .events import EventMixin


class MinutesEdit(EventMixin, ServiceFormView):
    template_name = "cities/event_form.html"
    form_class = MinutesForm
    permission = "cities.write_minutes"
    success_message = gettext_lazy("The minutes have been saved as a draft.")
    notices = ()

    def get_form_kwargs(self):
        return {"instance": copy(self.row), "cancel": self.get_success_url()}

    def get_context_data(self, **kwargs):
        heading = _("Minutes")
        context = {"heading": heading, "trail": self.get_trail(heading), "subject": self.row.title}
        return super().get_context_data(**kwargs) | context

    def save(self, form):
        upload = form.cleaned_data.get("minutes_upload")
        stored = self.store_upload(upload) if upload else None
        given = {"text": form.cleaned_data["minutes"], "version": form.cleaned_data["version"]}
        minutes.save_minutes(self.row, by=self.user, minutes_file=stored, **given)
        self.notices = files.renamed_notice(upload, stored) if stored else ()

    def store_upload(self, upload):
        try:
            return files.store_upload(upload, by=self.user)
        except UserFacingError as error:
            raise InputRefused({"minutes_upload": str(error)}) from error

    def show_success(self, form):
        super().show_success(form)
        for sentence in self.notices:
            messages.info(self.request, sentence)


class MinutesApprove(EventMixin, ActionView):
    """Approves the minutes as the page with the button showed them."""

    permission = "cities.approve_minutes"
    success_message = gettext_lazy("The minutes have been approved.")

    def perform(self):
        shown = parse_pk(self.request.POST.get("version"))
        minutes.approve_minutes(self.row, by=self.user, version=shown or 0)


class MinutesReopen(EventMixin, ServiceFormView):
    template_name = "cities/event_form.html"
    form_class = ReopenForm
    permission = "cities.approve_minutes"
    success_message = gettext_lazy("The minutes are a draft again.")

    def get_form_kwargs(self):
        return {"cancel": self.get_success_url()}

    def get_context_data(self, **kwargs):
        heading = _("Reopen minutes")
        consequence = _("The minutes become a draft again and can be changed. They then need to be approved again.")
        context = {"heading": heading, "trail": self.get_trail(heading), "consequence": consequence}
        return super().get_context_data(**kwargs) | context | {"subject": self.row.title}

    def save(self, form):
        minutes.reopen_minutes(self.row, by=self.user, reason=form.cleaned_data["reason"])
