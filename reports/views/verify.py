"""The page that verifies a report. Public; works without JavaScript."""

from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.generic import FormView

from core import issued_hashes
from core.redaction import redacted_at
from core.request_body import max_upload_bytes
from reports.forms import VerifyForm
from reports.upload_hash import HashingUploadHandler


@method_decorator(csrf_exempt, name="dispatch")  # upload handlers must be set first; ``_csrf_checked`` checks the token
class Verify(FormView):
    template_name = "reports/verify.html"
    form_class = VerifyForm

    def dispatch(self, request, *args, **kwargs):
        request.upload_handlers = [HashingUploadHandler(request)]  # must be set before anything reads the body
        return self._csrf_checked(request, *args, **kwargs)

    dispatch.reads_body_itself = True
    dispatch.max_anonymous_bytes = max_upload_bytes

    @method_decorator(csrf_protect)
    def _csrf_checked(self, request, *args, **kwargs):
        return super().dispatch(request, *args, **kwargs)

    def get(self, request, *args, **kwargs):
        """Answer ``?hash=…`` directly, so that an answer has a URL."""
        if request.GET.get("hash"):
            return self.answer(VerifyForm(request.GET))
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        return self.answer(self.get_form())

    def answer(self, form):
        if not form.is_valid():
            return self.form_invalid(form)
        issued = issued_hashes.find(form.sha256, self.request.user)
        asked = {
            "is_asked": True,
            "issued": issued,
            "redacted_at": redacted_at(form.sha256) if issued else None,
            "asked_hash": form.sha256,
            "asked_file": form.cleaned_data.get("file"),
        }
        return self.render_to_response(self.get_context_data(form=form, **asked))

    def get_context_data(self, **kwargs):
        trail = [(_("Home"), reverse("pages:home")), (_("Verify a report"), "")]
        return super().get_context_data(**kwargs) | {"trail": trail}
