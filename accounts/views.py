"""Preferences, export of own data, choice of language, and the coordinators' pages of emails."""

from typing import Any

from allauth.account.views import LogoutView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import UpdateView
from django.views.i18n import set_language

from core import locales
from core.available import available_actions
from core.columns import Column
from core.form_tokens import is_from_this_site
from core.views import ActionView, DetailPage, JobPanel, JobState, ListPage, LoginInsteadOf404Mixin, may

from . import export, services
from .enums import MailState
from .filters import MailFilter
from .forms import PreferencesForm
from .mail_delivery import shows_one_time_links, writes_mail_to_folder
from .models import Mail, User


@csrf_exempt  # _remember_language checks the token
@require_POST
def remember_language(request) -> HttpResponse:
    """Set the language by Django's view: in a cookie for visitors, in the account for who is signed in.

    Pages for visitors have no CSRF token, since that would set a cookie: there the browser says that the form is ours.
    """
    if not request.user.is_authenticated and is_from_this_site(request):
        return set_language(request)
    return _remember_language(request)


@csrf_protect
def _remember_language(request) -> HttpResponse:
    response = set_language(request)
    if request.user.is_authenticated:
        services.save_language(request.user, request.POST.get("language", ""))
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


@never_cache
@require_safe
def session(request) -> JsonResponse:
    """Return the id of the signed-in user, or null, for pages that the browser shows again (static/js/session.js)."""
    return JsonResponse({"user": request.user.pk})


class SignOut(LogoutView):
    """Sign out, and have the browser forget the pages that it has stored. Cookies and its storage hold no names."""

    def post(self, *args, **kwargs):
        response = super().post(*args, **kwargs)
        response.headers["Clear-Site-Data"] = '"cache"'
        return response


class Preferences(LoginRequiredMixin, UpdateView):
    form_class = PreferencesForm
    template_name = "accounts/preferences.html"
    success_url = reverse_lazy("accounts:preferences")

    def get_object(self, queryset=None):
        return User.objects.get(pk=self.request.user.pk)

    def form_valid(self, form):
        messages.success(self.request, _("Your preferences have been saved."))
        return super().form_valid(form)

    def get_context_data(self, **kwargs):
        return super().get_context_data(trail=[(_("Home"), "/"), (_("Preferences"), "")], **kwargs)


class DataExport(LoginRequiredMixin, View):
    def get(self, request):
        response = JsonResponse(
            export.personal_data_of(request.user), json_dumps_params={"indent": 2, "ensure_ascii": False}
        )
        response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
        response.headers["Cache-Control"] = "no-store"
        return response


# ---- emails


class _CoordinatorMailMixin(LoginInsteadOf404Mixin):
    def get_rows(self):
        if not may(self.request.user, "accounts.view_mail"):
            raise Http404
        return Mail.objects.all()

    def find(self):
        return get_object_or_404(self.get_rows(), pk=self.kwargs["pk"])


class MailList(_CoordinatorMailMixin, ListPage):
    """Sorted only by time: there may be very many."""

    template_name = "accounts/mail_list.html"
    paginate_by = 50
    filter_class = MailFilter
    export_name = "e-mails"
    columns = [
        Column("subject", gettext_lazy("Subject")),
        Column("recipient", gettext_lazy("Recipient")),
        Column("written", gettext_lazy("Created"), "created_at", order_by=["created_at"]),
        Column("state", gettext_lazy("Status"), lambda mail: mail.get_state_display()),
    ]

    def get_list_rows(self):
        return self.get_rows().defer("body")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        found = context["paginator"].count
        count = ngettext("%(count)s email", "%(count)s emails", found) % {"count": locales.number(found)}
        folder = str(settings.EMAIL_FILE_PATH) if writes_mail_to_folder() else ""
        trail = [(_("Home"), "/"), (_("Emails"), "")]
        return context | {"count": count, "folder": folder, "trail": trail}


def mail_panel(mail: Mail, user: Any) -> JobPanel:
    """Return the panel of the email's delivery. ``mail`` is visible to the user."""
    may_retry = bool(available_actions(mail, user, is_found=True)["send_again"])
    failures = {
        MailState.FAILED: _("This email was not sent. Check the address and the email server, then send it again."),
        MailState.UNKNOWN: _(
            "The connection failed while this email was being sent, but it may still have arrived. Ask the recipient "
            "before you send it again."
        ),
    }
    return JobPanel(
        mail,
        name=mail.subject,
        state_url=reverse("accounts:mail_state", args=[mail.pk]),
        progress=_("The email is being sent"),
        failure=failures.get(mail.state, ""),
        retry_url=reverse("accounts:mail_send_again", args=[mail.pk]) if may_retry else "",
        retry_label=_("Send again"),
    )


class MailDetail(_CoordinatorMailMixin, DetailPage):
    template_name = "accounts/mail_detail.html"
    name = "mail"

    def get_context_data(self, **kwargs):
        is_shown = not self.row.has_secret or shows_one_time_links()
        trail = [(_("Home"), "/"), (_("Emails"), reverse("accounts:mail_list")), (self.row.subject, "")]
        context = {"is_shown": is_shown, "trail": trail, "job": mail_panel(self.row, self.user)}
        return super().get_context_data(**kwargs) | context


class MailProgress(_CoordinatorMailMixin, JobState):
    def get_panel(self, job):
        return mail_panel(job, self.user)


class MailSendAgain(_CoordinatorMailMixin, ActionView):
    success_message = gettext_lazy("The email has been queued again.")

    def perform(self):
        services.resend_mail(self.row, by=self.user)

    def get_success_url(self):
        return reverse("accounts:mail_detail", args=[self.row.pk])
