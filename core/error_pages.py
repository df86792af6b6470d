"""Pages for errors: in the reader's language, with what is so, what to do, and a way back."""

from collections.abc import Iterator
from http import HTTPStatus

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from redis.exceptions import RedisError

from .error_causes import is_disk_full

log = structlog.get_logger(__name__)
TRY_AGAIN = {HTTPStatus.SERVICE_UNAVAILABLE: "60", HTTPStatus.INSUFFICIENT_STORAGE: "600"}
TEMPLATES = {400, 401, 405, 408, 411, 413, 414, 429, 500, 503, 507}  # each has a template of this name


def error_page(request: HttpRequest, status: int, template: str = "", **context: object) -> HttpResponse:
    """Return the page for the status; only its sentences where htmx asked for a part of a page."""
    known = status if status in TEMPLATES else 500 if status >= 500 else 400
    layout = "bare_part.html" if "HX-Request" in request.headers else "bare.html"
    language = getattr(request, "LANGUAGE_CODE", None) or translation.get_language_from_request(request)
    with translation.override(language):
        text = render_to_string(template or f"{known}.html", {"layout": layout, **context})
    headers = {"Content-Language": language}
    if layout == "bare_part.html":
        headers["X-Error-Part"] = "1"  # static/js/htmx-errors.js shows it
    if status in TRY_AGAIN:
        headers["Retry-After"] = TRY_AGAIN[HTTPStatus(status)]
    return HttpResponse(text, status=status, headers=headers)


def outage_page(request: HttpRequest, error: BaseException) -> HttpResponse | None:
    """Return the page for a full disk, or for a database or Redis that does not answer; None for other errors."""
    causes = list(with_causes(error))
    if any(map(is_disk_full, causes)):
        status = HTTPStatus.INSUFFICIENT_STORAGE
    elif any(isinstance(cause, RedisError | OperationalError | InterfaceError) for cause in causes):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    else:
        return None
    log.error(
        "the disk is full" if status == HTTPStatus.INSUFFICIENT_STORAGE else "a server is away", error=repr(error)
    )
    return error_page(request, status)


def with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and what it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
