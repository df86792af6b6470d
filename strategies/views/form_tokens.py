"""Decide whose POST it is: by session and CSRF token or, if those do not fit, by the form's signed token."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from accounts.client_ip import get_client_ip
from core import clock, locales
from core.exceptions import UserFacingError
from core.request_body import max_upload_bytes
from strategies.models import Action, ActionUpdate, UpdateDraft
from strategies.services import drafts, form_tokens

from .base import ObjectMixin

TECHNICAL_FIELDS = {
    "csrfmiddlewaretoken",
    "note",
    "save",
    "save_next",
    "save_draft",
    "correct",
    "saved",
    "discard_draft",
    "form_uuid",
    "replace",
}


class FormTokenMixin:
    """Checks session and CSRF token. If they do not fit, the form's signed token decides who gets the input as a draft.

    The view is exempt from the CSRF middleware because the check happens here. A POST that fails it can only be stored
    as a draft of the user whom the token was signed for (``services.notes``).
    """

    @method_decorator(csrf_exempt)
    def dispatch(self, request, *args, **kwargs):
        if request.method == "POST":
            stopped = self.check_sender(request)
            if stopped is not None:
                return stopped
        return super().dispatch(request, *args, **kwargs)

    dispatch.max_anonymous_bytes = max_upload_bytes

    def check_sender(self, request) -> HttpResponse | None:
        """Return None if the POST is the signed-in user's own, else the response."""
        user = request.user
        note = form_tokens.read_form_token(request.POST.get("note", ""), self.kwargs["pk"])
        is_own = note is None or note.user_id == user.pk
        if user.is_authenticated and is_own and csrf_passes(request):
            return None
        if note is None and user.is_authenticated:
            return self.not_stored_response(request, _("This form is too old to be saved. Open it again."))
        if note is None:
            return self.not_stored_response(
                request, _("You are not signed in any more, and this form is too old to be kept.")
            )
        return self.keep(request, note)

    def keep(self, request, note) -> HttpResponse:
        try:
            kept = form_tokens.store_as_draft(
                note,
                fields=draft_fields(request.POST),
                files=request.FILES.getlist("files"),
                form_uuid=parse_uuid(request.POST.get("form_uuid")),
                address=get_client_ip(request),
            )
        except form_tokens.FormTokenRefused as error:
            return self.not_stored_response(request, str(error))
        for sentence in kept.refused:
            messages.error(request, sentence)
        for sentence in kept.renamed:
            messages.info(request, sentence)
        return self.stored_response(request, note)

    def stored_response(self, request, note) -> HttpResponse:
        here = reverse("strategies:action_log", args=[note.action_id])
        if not request.user.is_authenticated:
            words = _("You had been signed out. What you sent is kept as your draft: sign in to look it over and save.")
            messages.warning(request, words)
            return redirect_to_login(here)
        if request.user.pk == note.user_id:
            words = _(
                "You have signed in anew since you opened this form. It is kept as your draft: look it over and save."
            )
            messages.warning(request, words)
            return redirect(here)
        words = _(
            "Somebody else had opened this form, so it was not saved as yours. It is kept as that person’s draft."
        )
        messages.warning(request, words)
        return redirect("strategies:my_work")

    @staticmethod
    def not_stored_response(request, reason: str) -> HttpResponse:
        """Return a page with the typed text to copy, because nothing could be stored."""
        fields = draft_fields(request.POST)
        typed = [text for name in ("text", "challenges", "next_step") for text in fields.get(name, []) if text.strip()]
        context = {"reason": reason, "typed": typed, "next": request.path}
        return render(request, "strategies/log_not_stored.html", context, status=HTTPStatus.FORBIDDEN)


class DraftSave(FormTokenMixin, ObjectMixin):
    """Saves the draft while the user types. Returns JSON with the text that the page then shows."""

    http_method_names = ["post"]
    rows = Action.objects.active().with_related()
    permission = "strategies.log_action"

    def check_sender(self, request):
        """Store nothing without a session. The form's Save button does that, less often and with the files."""
        user = request.user
        note = form_tokens.read_form_token(request.POST.get("note", ""), self.kwargs["pk"])
        if user.is_authenticated and (note is None or note.user_id == user.pk) and csrf_passes(request):
            return None
        return JsonResponse(
            {"text": _("You have been signed out. Press Save: what you typed is then kept as your draft.")}
        )

    def post(self, request, *args, **kwargs):
        action, form_uuid = self.row, parse_uuid(request.POST.get("form_uuid"))
        if form_uuid is None:
            raise Http404
        if ActionUpdate.objects.filter(uuid=form_uuid).exists():
            return JsonResponse({"text": _("This has been saved already.")})
        there = UpdateDraft.objects.filter(author=self.user, action=action).prefetch_related("files").first()
        if there and there.form_uuid != form_uuid:
            words = _("Another window holds a draft for this action, so this one is not kept until you save it.")
            return JsonResponse({"text": words})
        fields = draft_fields(request.POST)
        wanted = set(request.POST.getlist("kept"))
        files = [stored for stored in (there.files.all() if there else []) if str(stored.uuid) in wanted]
        try:
            drafts.save_draft(action, by=self.user, form_uuid=form_uuid, fields=fields, files=files)
        except UserFacingError as error:
            return JsonResponse({"text": str(error)})
        return JsonResponse({"saved_at": time_of_day(action.city.timezone)})


# ---- helpers


def csrf_passes(request) -> bool:
    """Run the middleware's check. Tests that switch it off in the middleware switch it off here too."""
    check = CsrfViewMiddleware(lambda _request: HttpResponse())
    return check.process_view(request, _checked, (), {}) is None


def _checked():
    """Stand-in for a view that is not CSRF-exempt."""


def parse_uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def draft_fields(posted) -> dict[str, list[str]]:
    """Return the posted fields as typed, without technical fields."""
    return {name: values for name, values in posted.lists() if name not in TECHNICAL_FIELDS}


def time_of_day(zone: str) -> str:
    return locales.moment(clock.now(), zone).rsplit(" ", 1)[-1]
