"""Signatures of the pact: what the city enters, and the pages of the emailed link, which need no account."""

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from cities.models import Organisation
from cities.selectors import organisations_near_q
from cities.services import files
from core import rate_limits
from core.client_ip import get_client_ip
from core.exceptions import InputRefused, UserFacingError
from core.views import ActionView, RowSearchView, ServiceFormView, add_form_errors
from core.views.errors import too_many_requests
from pilot.exceptions import SigningLinkEnded
from pilot.forms import DeclineForm, PaperSignatureForm, SignatoryInviteForm, SignatureWithdrawForm, SignForm
from pilot.models import PactInvitation, Signature
from pilot.selectors import pacts as selectors
from pilot.services import signatures
from strategies.views import breadcrumbs

from .pacts import VersionMixin, text_context, version_breadcrumbs

VISITS, SECONDS = 60, 600  # of the pages of a link, from one address


class SignatoryView(VersionMixin, RowSearchView):
    """A form about an organisation that signs; it offers the organisations near the city, and searches the others."""

    permission = "pilot.add_signature"
    template_name = "strategies/form.html"

    def get_form_kwargs(self):
        near = Organisation.objects.filter(organisations_near_q([self.row.pact.city_id]))
        return {"organisations": near, "cancel": self.get_success_url()}

    def get_context_data(self, **kwargs):
        context = {"heading": self.heading, "lead": str(self.row), "trail": self.get_trail(self.heading)}
        return super().get_context_data(**context | kwargs)


class SignatoryInvite(SignatoryView):
    form_class = SignatoryInviteForm
    heading = gettext_lazy("Invite a signatory")

    def save(self, form):
        signatures.invite_signatory(self.row, by=self.user, **form.cleaned_data)

    def show_success(self, form):
        words = {"email": form.cleaned_data["email"]}
        messages.success(self.request, _("An invitation is being sent to %(email)s.") % words)


class SignatureRecord(SignatoryView):
    form_class = PaperSignatureForm
    heading = gettext_lazy("Record a signature on paper")
    success_message = gettext_lazy("The signature has been saved.")

    def save(self, form):
        fields = dict(form.cleaned_data)
        fields["scan"] = self.store(fields["scan"])
        signatures.record_on_paper(self.row, by=self.user, **fields)

    def store(self, upload):
        try:
            return files.store_upload(upload, by=self.user)
        except UserFacingError as error:
            raise InputRefused({"scan": str(error)}) from error


class SignatureWithdraw(ServiceFormView):
    rows = Signature.objects.with_related()
    permission = "pilot.withdraw_signature"
    template_name = "strategies/form.html"
    form_class = SignatureWithdrawForm
    success_message = gettext_lazy("The signature has been withdrawn. It is still shown, with the date of withdrawal.")

    def get_form_kwargs(self):
        return {"initial": {"on": self.row.pact_version.pact.city.today}, "cancel": self.get_success_url()}

    def save(self, form):
        signatures.withdraw_signature(self.row, by=self.user, **form.cleaned_data)

    def get_success_url(self):
        return self.row.pact_version.get_absolute_url()

    def get_context_data(self, **kwargs):
        heading = _("Withdraw signature")
        trail = breadcrumbs.here(version_breadcrumbs(self.row.pact_version), heading)
        return super().get_context_data(heading=heading, lead=str(self.row), trail=trail, **kwargs)


class SendAgain(ActionView):
    rows = PactInvitation.objects.select_related("signature__pact_version__pact__city")
    permission = "pilot.send_pactinvitation"
    success_message = gettext_lazy("A new link is being sent to the same address. The older link no longer works.")

    def perform(self):
        signatures.send_again(self.row, by=self.user)

    def get_success_url(self):
        return self.row.signature.pact_version.get_absolute_url()


# ---- the pages of the link


@method_decorator(never_cache, name="dispatch")
class SigningPage(FormView):
    """Who has the link reads the whole text and answers by a POST. Opening the page changes nothing."""

    template_name = "pilot/pact_sign.html"
    form_class = SignForm

    def dispatch(self, request, *args, **kwargs):
        if rate_limits.is_over(f"pact-signing-{get_client_ip(request)}", VISITS, SECONDS):
            return too_many_requests(request)
        try:
            self.invitation = signatures.find_link(kwargs["token"])
        except SigningLinkEnded as error:
            return self.render_to_response({"gone": str(error)})
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def ended(self):
        """Why the link no longer works, "" while it does."""
        try:
            signatures.refuse_ended(self.invitation)
        except SigningLinkEnded as error:
            return str(error)
        return ""

    @property
    def is_shown(self):
        """Whether the text is shown: not by a link that was replaced, nor if it ended without an answer."""
        has_answer = self.invitation.signature.answered_at is not None
        return not self.ended or (has_answer and not self.invitation.is_replaced)

    def get(self, request, *args, **kwargs):
        return self.render_to_response(self.get_context_data() if self.is_shown else {"gone": self.ended})

    def post(self, request, *args, **kwargs):
        return self.get(request) if self.ended else super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        signature = self.invitation.signature
        version = signature.pact_version
        asked = self.request.POST.get("language") or self.request.GET.get("language", "")
        text = text_context(selectors.frozen_texts(version.snapshot), asked, version.pact.city)
        context = {"signature": signature, "version": version, "ended": self.ended, "links": self.links(), **text}
        context = super().get_context_data(**context | kwargs)
        context["form"].initial["language"] = text["shown"].language
        return context

    def links(self):
        routes = {"sign_url": "pilot:pact_sign", "decline_url": "pilot:pact_decline"}
        return {name: reverse(route, args=[self.kwargs["token"]]) for name, route in routes.items()}

    def form_valid(self, form):
        try:
            self.answer(form.cleaned_data)
        except SigningLinkEnded as error:
            return self.render_to_response({"gone": str(error)})
        except UserFacingError as error:
            add_form_errors(form, error)
            return self.form_invalid(form)
        return redirect(self.links()["sign_url"])

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        if "is_confirmed" in form.fields:
            words = {"organisation": self.invitation.signature.organisation}
            form.fields["is_confirmed"].label = _("I have read the text and sign it for %(organisation)s.") % words
        return form

    def answer(self, fields):
        fields.pop("is_confirmed")
        signatures.sign_by_link(self.kwargs["token"], **fields)


class DecliningPage(SigningPage):
    template_name = "pilot/pact_decline.html"
    form_class = DeclineForm

    def answer(self, fields):
        signatures.decline_by_link(self.kwargs["token"], reason=fields["reason"])
