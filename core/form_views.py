"""Where drafts are saved while somebody types, and the page of one input that has not been saved."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views import View
from django.views.generic import TemplateView

from . import clock, form_inputs, form_tokens, locales, uploads
from .form_pages import typed_texts
from .models import FormInput
from .parsing import parse_pk


class DraftSave(View):
    """Saves the draft while the user types. Returns JSON: the time, or a sentence that the page then shows."""

    http_method_names = ["post"]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)

    dispatch.keeps_no_input = True  # type: ignore[attr-defined] # for the middleware

    def post(self, request: Any) -> JsonResponse:
        token = form_tokens.of_post(request)
        if token is None or not request.user.is_authenticated or token.user_id != request.user.pk:
            return signed_out()
        version = parse_pk(request.POST.get("draft_version")) or None
        title = request.POST.get("draft_title", "")
        try:
            row, _said = form_inputs.save_draft(
                token, path=token.page_path, posted=request.POST, version=version, title=title
            )
        except form_inputs.InputNotKept as error:
            return JsonResponse({"text": str(error)})
        if row is None:
            return JsonResponse({"text": _("This form has already been saved.")})
        answer = {"saved_at": locales.moment(clock.now()).rsplit(" ", 1)[-1], "draft_version": row.version}
        if row.nonce != token.nonce:  # another window has changed the draft: this window goes on with its own
            answer["form_token"] = token._replace(nonce=row.nonce).signed()
        return JsonResponse(answer)


def signed_out() -> JsonResponse:
    return JsonResponse({"text": _("You have been signed out. Select “Save” to keep what you have entered.")})


class FormInputPage(LoginRequiredMixin, TemplateView):
    """What was typed into one form and not saved, to copy, where the form itself cannot be opened any more."""

    template_name = "form_input.html"

    def row(self) -> FormInput:
        rows = FormInput.objects.filter(user=self.request.user.pk).exclude(state=FormInput.State.SENT)
        return get_object_or_404(rows, pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.row()
        files = uploads.chosen([uploads.KeptFile(*file).value for file in row.files], by=self.request.user)
        context = {"row": row, "typed": typed_texts(row.fields), "files": [stored for _field, stored in files]}
        return super().get_context_data(**kwargs) | context

    def post(self, request: Any, pk: Any) -> HttpResponse:
        """Discard it."""
        if "discard" not in request.POST:
            raise Http404
        self.row().delete()
        messages.success(request, _("The draft has been deleted."))
        return redirect("/")
