"""Pages that show what was typed: the form filled in again, and a page to copy it from."""

from copy import copy
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext

from . import form_inputs, uploads
from .form_tokens import FIELD, FormToken
from .forms import FieldDifference
from .html_forms import Page, PageForm
from .models import FormInput


def forget_typed(request: Any) -> None:
    """Take ``typed`` out of the query, so that the view sees the plain address of its page."""
    rest = [(name, value) for name, values in request.GET.lists() for value in values if name != "typed"]
    request.META["QUERY_STRING"] = urlencode(rest)
    request.__dict__.pop("GET", None)


def filled(request: Any, response: HttpResponse) -> HttpResponse:
    """Fill the page's form with the input that the address names, else with the newest draft. Nothing is saved.

    If the page has no such form (any more), what was typed is shown on a page of its own.
    """
    is_named = hasattr(request, "opened_form_input")
    inputs = form_inputs.inputs_to_show(request) if is_named or _is_page(response) else []
    if not inputs:
        return response
    row, *others = inputs
    page, form = _page_with_form(response, page=request.get_full_path(), path=row.path, names=set(row.fields))
    if form is None:
        return redirect("form_input", pk=row.pk)
    left = page.fill(form, row.fields)
    page.set_hidden(form, FIELD, FormToken(row.user_id, row.nonce, request.get_full_path()).signed())
    page.set_hidden(form, "draft_version", str(row.version))
    page.set_hidden(form, "typed", str(row.pk))
    _add_files(page, form, row.files, request)
    context = {
        "row": row,
        "others": others,
        "left": [(form.label(name) or name, value) for name, values in left.items() for value in values],
        "form": {"differences": _differences(form, row, row.repeats) if row.repeats else []},
    }
    page.insert(form.span.start, render_to_string("_parts/form_input.html", context, request))
    response.content = page.html()
    return response


def with_files(request: Any, response: HttpResponse) -> HttpResponse:
    """Keep the files of a form that is shown again, for example because of an error in another field."""
    typed = request.POST.get("typed")
    if not _is_page(response) or not (request.FILES or typed):
        return response
    page, form = _page_with_form(response, page=request.get_full_path(), path=request.path, names=set(request.POST))
    if form is None:
        return response
    if typed:
        page.set_hidden(form, "typed", typed)
    if request.FILES:
        kept, said = uploads.store(request.FILES, by=request.user)
        _add_files(page, form, kept, request, said)
    response.content = page.html()
    return response


def shown_again(request: Any, reason: str = "") -> HttpResponse:
    """Show the form again with what was typed but for passwords and files, because nothing could be stored.

    Where its page cannot be shown, there is one to copy from.
    """
    reason = reason or gettext("This page was open for too long, so nothing was saved.")
    fields, again = form_inputs.fields_of(request.POST), copy(request)
    again.method, again.POST, again._files = "GET", QueryDict(), MultiValueDict()
    again.typed_fields = fields
    match = request.resolver_match
    response = match.func(again, *match.args, **match.kwargs)
    response = response.render() if hasattr(response, "render") else response
    if response.status_code == HTTPStatus.FOUND and not form_inputs.is_typed(fields):
        return response
    page, form = _page_with_form(response, page=request.path, path=request.path, names=set(fields))
    if form is None:
        return not_saved(request, reason)
    page.fill(form, fields)
    page.insert(form.span.start, render_to_string("_parts/form_again.html", {"reason": reason}, request))
    return HttpResponse(page.html(), status=HTTPStatus.FORBIDDEN)


def not_saved(request: Any, reason: str, status: int = HTTPStatus.FORBIDDEN) -> HttpResponse:
    """Return a page with the typed text to copy, because nothing could be stored."""
    fields = form_inputs.fields_of(request.POST)
    context = {"reason": reason, "typed": typed_texts(fields), "next": request.path}
    return render(request, "form_not_saved.html", context, status=status)


def typed_texts(fields: form_inputs.Fields) -> list[str]:
    """Return what a person may have typed, without versions and ids of hidden fields."""
    texts = [value for name, values in fields.items() if not form_inputs.VERSION.search(name) for value in values]
    return list(dict.fromkeys(text for text in texts if text.strip() and not form_inputs.UUID_TEXT.fullmatch(text)))


def _page_with_form(response: HttpResponse, **about: Any) -> tuple[Page, PageForm | None]:
    page = Page(response.content.decode() if _is_page(response) else "")
    return page, page.find(**about)


def _is_page(response: HttpResponse) -> bool:
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    return is_html and not response.streaming and response.status_code in {HTTPStatus.OK, HTTPStatus.CONFLICT}


def _add_files(page: Page, form: PageForm, files: Any, request: Any, said: Any = ()) -> None:
    """Add a checkbox for each file that was chosen before, below the field that it was chosen in.

    ``said``: sentences about those that were refused.
    """
    if said:
        page.insert(form.span.end, render_to_string("_parts/kept_files.html", {"said": said}))
    kept = [uploads.KeptFile(*file) for file in files]
    own = uploads.chosen([file.value for file in kept if file.uuid], by=request.user)
    for field in dict.fromkeys(name for name, _stored in own):
        rows = [stored for name, stored in own if name == field]
        html = render_to_string("_parts/kept_files.html", {"field": field, "rows": rows})
        inputs = [control for control in form.controls if control.type == "file" and control.name == field]
        page.insert(inputs[0].span.end if inputs else form.span.end, html)


def _differences(form: PageForm, row: FormInput, saved: FormInput) -> list[FieldDifference]:
    """Return what differs between the form that was ``saved`` and what was typed now."""
    before, found = saved.fields, []
    for name in dict.fromkeys([*before, *row.fields]):
        theirs, yours = (form.shown(name, fields.get(name, [])) for fields in (before, row.fields))
        if theirs != yours and form.is_typed(name):
            found.append(FieldDifference(form.label(name) or name, theirs, yours))
    theirs, yours = (", ".join(file[2] for file in files) for files in (saved.files, row.files))
    labels = [form.label(file[0]) for file in [*saved.files, *row.files]]
    return [*found, FieldDifference(labels[0], theirs, yours)] if theirs != yours else found
