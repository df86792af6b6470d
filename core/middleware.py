"""Middleware of every request."""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.core.exceptions import BadRequest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
ACCEPTED_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
UNLOGGED_PATHS = {"/healthz", "/readyz"}
NUL = "\0"  # PostgreSQL raises an error for it


class RequestIdMiddleware:
    """Give each request an id, for its log lines and the response header ``X-Request-ID``.

    A well-formed id from a proxy is kept. The URL is logged without its query, which may contain what somebody searched
    for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.id = given if ACCEPTED_REQUEST_ID.fullmatch(given) else uuid4().hex  # type: ignore[attr-defined] # ours
        start = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request.id):  # type: ignore[attr-defined] # ours
            response = self.get_response(request)
            if request.path not in UNLOGGED_PATHS:
                milliseconds = round((time.perf_counter() - start) * 1000)
                log.info(
                    "answered", method=request.method, path=request.path, status=response.status_code, ms=milliseconds
                )
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined] # ours
        return response


class BadPathMiddleware:
    """Answer 400 to NUL in a URL or a number larger than any id: no page links there, and 500 would be wrong."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        inputs = [request.path, *(part for name, values in request.GET.lists() for part in (name, *values))]
        if any(NUL in part for part in inputs):
            raise BadRequest("NUL in the address")

    def process_exception(self, _request: HttpRequest, error: Exception) -> None:
        """Answer 400 to OverflowError, which SQLite raises for a number larger than any id."""
        if isinstance(error, OverflowError):
            raise BadRequest("a number beyond every id") from error


class BackendUnavailableMiddleware:
    """Answer 503 with ``Retry-After`` while the database or Redis is unavailable."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, _request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, RedisError | OperationalError | InterfaceError):
            return None
        log.error("a server is away", error=repr(error))
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "60"})


class NoSharedCacheMiddleware:
    """Keep pages of signed-in users out of shared caches; browsers must revalidate them.

    Not ``no-store``: going back would then lose what was typed and not yet sent.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response
