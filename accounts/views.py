"""Preferences, export of own data, choice of language, and the coordinators' pages of emails."""

from allauth.account.views import LogoutView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import DetailView, UpdateView
from django.views.i18n import set_language

from core import locales
from core.exceptions import UserFacingError
from core.views import LoginInsteadOf404Mixin, PagedListView

from . import export, services
from .forms import MailFilterForm, PreferencesForm
from .mail_delivery import shows_one_time_links, writes_mail_to_folder
from .models import Mail, User


@require_POST
def remember_language(request) -> HttpResponse:
    """Django's language switch; for a signed-in user the choice is stored in the account instead of a cookie."""
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
        messages.success(self.request, _("Your preferences are saved."))
        return super().form_valid(form)

    def get_context_data(self, **kwargs):
        return super().get_context_data(trail=[(_("Front page"), "/"), (_("Preferences"), "")], **kwargs)


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
    def get_queryset(self):
        if not self.request.user.has_perm("accounts.view_mail"):
            raise Http404
        return Mail.objects.all()


class MailList(_CoordinatorMailMixin, PagedListView):
    template_name = "accounts/mail_list.html"
    paginate_by = 50

    @cached_property
    def filter_form(self):
        return MailFilterForm(self.request.GET or None)

    def get_queryset(self):
        return self.filter_form.apply_to(super().get_queryset()).defer("body")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        found = context["paginator"].count
        count = ngettext("%(count)s letter", "%(count)s letters", found) % {"count": locales.number(found)}
        folder = str(settings.EMAIL_FILE_PATH) if writes_mail_to_folder() else ""
        trail = [(_("Front page"), "/"), (_("E-mails"), "")]
        return context | {"filter": self.filter_form, "count": count, "folder": folder, "trail": trail}


class MailDetail(_CoordinatorMailMixin, DetailView):
    template_name = "accounts/mail_detail.html"

    def get_context_data(self, **kwargs):
        is_shown = not self.object.has_secret or shows_one_time_links()
        trail = [(_("Front page"), "/"), (_("E-mails"), reverse("accounts:mail_list")), (self.object.subject, "")]
        return super().get_context_data(**kwargs) | {"is_shown": is_shown, "trail": trail}


class MailSendAgain(_CoordinatorMailMixin, View):
    http_method_names = ["post"]

    def post(self, request, pk):
        mail = get_object_or_404(self.get_queryset(), pk=pk)
        try:
            services.resend_mail(mail, by=request.user)
        except UserFacingError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The letter is in the queue again."))
        return redirect("accounts:mail_detail", pk=pk)
