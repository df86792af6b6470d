"""Lose nothing that is typed into a form: a session that has ended, a form sent twice, drafts, and files after errors.

It works for every form of the site and the admin by the token that ``{% csrf_token %}`` adds (``core.form_tokens``),
so no view needs to know of it. The view of a form that creates something runs in one transaction with the note that
the form is sent. On ``dispatch``, a view may set ``keeps_no_input`` (it is not sent through here),
``asks_about_repeats`` (it compares with what it has saved) or ``always_creates`` (whatever version the form has).
"""

from collections.abc import Callable
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _

from . import form_inputs, form_pages, form_tokens, uploads
from .client_ip import get_client_ip
from .form_inputs import InputNotKept
from .form_tokens import FormToken
from .models import FormInput
from .parsing import parse_uuid

REDIRECTS = {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}
LOST = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR}


class FormInputMiddleware:
    """After authentication and messages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        if "typed" in request.GET and (row := self._opened(request)) is not None:
            request.opened_form_input = row
        if request.method == "POST":
            with ExitStack() as request.form_transaction:
                response = self.get_response(request)
                return self._after_post(request, response) if hasattr(request, "form_reached_view") else response
        response = self.get_response(request)
        shows_draft = hasattr(request, "has_draft_form") and request.user.is_authenticated
        if hasattr(request, "opened_form_input") or shows_draft:
            return form_pages.filled(request, response)
        return response

    @staticmethod
    def _opened(request: Any) -> FormInput | None:
        """Return the input that the address names, and hide it from the view; None for anybody but its author."""
        if not request.user.is_authenticated:
            return None  # the page to sign in leads back here
        pk = parse_uuid(request.GET["typed"])
        form_pages.forget_typed(request)
        row = FormInput.objects.filter(pk=pk).select_related("repeats").first() if pk else None
        if row is None or row.user_id != request.user.pk:
            if row is not None:
                messages.warning(
                    request, _("Someone else filled in this form. Only that person can see what was entered.")
                )
            return None
        if row.state == FormInput.State.SENT:
            messages.info(request, _("This form has already been saved."))
            return None
        return row

    # ---- before the view

    def process_view(self, request: Any, view: Any, *_arguments: object) -> HttpResponse | None:
        if request.method != "POST" or getattr(view, "keeps_no_input", False):
            return None
        if getattr(view, "reads_body_itself", False):  # it sets upload handlers, which must come before the reading
            return None
        try:
            answer = self._before_post(request, view)
        except Exception as error:
            self.process_exception(request, error)
            raise
        if answer is None:
            request.form_reached_view = True
        return answer

    def process_exception(self, request: Any, error: Exception) -> None:
        """Roll back what the view has written, before the page of the error reads the database."""
        if request.method == "POST":
            request.form_transaction.__exit__(type(error), error, error.__traceback__)

    def _before_post(self, request: Any, view: Any) -> HttpResponse | None:
        token = request.posted_form_token = form_tokens.of_post(request)
        if token is None or not request.user.is_authenticated:
            return None
        if token.user_id != request.user.pk:
            return held(request, token)
        uploads.add_chosen(request)
        if form_inputs.has_secret(request):
            return None
        if "save_draft" in request.POST:
            return self._save_draft(request, token)
        return self._begin(request, token, is_once=self._is_once(request, view))

    @staticmethod
    def _is_once(request: Any, view: Any) -> bool:
        """Return whether a second post of the form would create something again."""
        fields = form_inputs.fields_of(request.POST)
        if getattr(view, "asks_about_repeats", False) or form_inputs.is_too_long(fields):
            return False
        if form_inputs.edits_a_version(fields) and not getattr(view, "always_creates", False):
            return False
        return form_inputs.is_typed(fields) or bool(request.FILES)

    def _begin(self, request: Any, token: FormToken, *, is_once: bool) -> HttpResponse | None:
        """Let the first post of a form pass, in a transaction with the note that it is saved. Answers a later one."""
        if is_once:
            row = form_inputs.claim(token, path=request.path, posted=request.POST, files=request.FILES)
            if row.state == FormInput.State.SENT:
                return self._again(request, token, row)
            request.claimed_form_input = row
        uploads.store(request.FILES, by=request.user)  # checking files takes long, so it is not in the transaction
        if is_once or _has_draft(request):
            request.form_transaction.enter_context(transaction.atomic())
        if is_once:
            row = request.claimed_form_input = form_inputs.lock(token, path=request.path)
            if row.state == FormInput.State.SENT:
                return self._again(request, token, row)
        return None

    @staticmethod
    def _again(request: Any, token: FormToken, row: FormInput) -> HttpResponse:
        fields, files = form_inputs.fields_of(request.POST), form_inputs.digests(request.FILES)
        return _answer_again(request, row) if form_inputs.is_same(row, fields, files) else held(request, token)

    @staticmethod
    def _save_draft(request: Any, token: FormToken) -> HttpResponse:
        """Answer the button *Save draft* of any form."""
        title = request.POST.get("draft_title", "")
        try:
            row, said = form_inputs.save_draft(
                token, path=request.path, posted=request.POST, files=request.FILES, title=title
            )
        except InputNotKept as error:
            return form_pages.shown_again(request, str(error))
        for sentence in said:
            messages.warning(request, sentence)
        if row is None:
            messages.info(request, _("This form has already been saved."))
            return redirect(token.page)
        messages.success(request, _("Your draft has been saved. No one else can see it."))
        return redirect(row.url)

    # ---- after the view

    def _after_post(self, request: Any, response: HttpResponse) -> HttpResponse:
        token: FormToken | None = request.posted_form_token
        if not request.user.is_authenticated:
            if row := getattr(request, "claimed_form_input", None):  # the form has signed its person out
                form_inputs.release(row)
                return response
            return self._after_anonymous_post(request, response, token)
        if token is None or token.user_id != request.user.pk:
            return response
        row = getattr(request, "claimed_form_input", None)
        said = _queued(request)
        is_refused = any(level >= messages.ERROR for level, _sentence in said)  # buttons say so on the next page
        is_saved = (response.status_code in REDIRECTS and not is_refused) or getattr(request, "form_is_saved", False)
        if response.status_code in LOST and "HX-Request" not in request.headers:
            return self._too_late(request, response, row)
        if is_saved:
            self._close(request, response, token, row)
        elif row is not None:
            form_inputs.release(row)
        if not is_saved or response.status_code not in REDIRECTS:
            return form_pages.with_files(request, response)
        return response

    @staticmethod
    def _too_late(request: Any, response: HttpResponse, row: FormInput | None) -> HttpResponse:
        """Show what was typed where the page is gone or forbidden by now; after an error of ours, keep it as held."""
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            if row is not None:
                form_inputs.show_failed(row)
            return response
        if row is not None:
            form_inputs.release(row)
        if not form_inputs.is_typed(form_inputs.fields_of(request.POST)):
            return response
        reason = _("This can no longer be saved: the page has been removed, or you are no longer allowed to change it.")
        return form_pages.not_saved(request, reason, response.status_code)

    @staticmethod
    def _after_anonymous_post(request: Any, response: HttpResponse, token: FormToken | None) -> HttpResponse:
        """Keep what was posted after the session had ended, instead of only asking for a sign-in."""
        if not _leads_to_login(response) or "HX-Request" in request.headers:
            return response
        if token is not None:
            return held(request, token)
        fields = form_inputs.fields_of(request.POST)
        if form_inputs.is_typed(fields) and form_tokens.is_from_this_site(request):
            return form_pages.not_saved(request, _("You have been signed out, and this form is too old to be kept."))
        return response

    @staticmethod
    def _close(request: Any, response: HttpResponse, token: FormToken, row: FormInput | None) -> None:
        answer = {"url": response.headers.get("Location", "") or token.page, "messages": _queued(request)}
        if row is not None:
            form_inputs.mark_sent(row, posted=request.POST, files=request.FILES, answer=answer)
        if _has_draft(request):
            may_arrive = request.POST.get("draft_version") == "pending"  # says static/js/draft.js
            form_inputs.close_drafts(token, may_arrive=may_arrive)


def _has_draft(request: Any) -> bool:
    return "draft_version" in request.POST or "typed" in request.POST


def held(request: Any, token: FormToken) -> HttpResponse:
    """Keep a post that cannot be saved now, for the person of its token, and say where it is."""
    if form_inputs.has_secret(request):
        return redirect_to_login(token.page)  # passwords are not kept, and who is signed in gets the page again
    try:
        row, said = form_inputs.hold(
            token, path=request.path, posted=request.POST, files=request.FILES, address=get_client_ip(request)
        )
    except InputNotKept as error:
        return form_pages.shown_again(request, str(error))
    for sentence in said:
        messages.warning(request, sentence)
    if not request.user.is_authenticated:
        words = _("You were signed out before this was saved. Sign in to continue: what you entered has been kept.")
        messages.warning(request, words)
        return redirect_to_login(row.url)
    if request.user.pk != row.user_id:
        words = _("Someone else opened this form, so it is not saved in your name. It is kept for that person.")
        messages.warning(request, words)
        return redirect(resolve_url("/"))
    if row.state == FormInput.State.SENT:
        return _answer_again(request, row)
    return redirect(row.url)


def _answer_again(request: Any, row: FormInput) -> HttpResponse:
    """Answer as the first time."""
    for level, sentence in row.answer.get("messages", []):
        messages.add_message(request, level, sentence)
    return redirect(row.answer.get("url") or row.page)


def _queued(request: Any) -> list[tuple[int, str]]:
    storage = messages.get_messages(request)
    return [(message.level, str(message)) for message in getattr(storage, "_queued_messages", [])]


def _leads_to_login(response: HttpResponse) -> bool:
    path = urlsplit(response.headers.get("Location", "")).path
    return response.status_code in REDIRECTS and path.endswith("/login/")
