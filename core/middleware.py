"""Middleware of every request."""

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.contrib.sessions import middleware as sessions
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import BadRequest
from django.db import DatabaseError, DataError, InterfaceError
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from redis.exceptions import RedisError

from . import health
from .error_pages import error_page, outage_page, with_causes
from .logging import route_of
from .request_body import TooManyBodies

log = structlog.get_logger(__name__)
ACCEPTED_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
HEALTH_CHECKS = {"/healthz": health.healthz, "/readyz": health.readyz}
UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # NUL and halves of surrogate pairs: PostgreSQL raises an error for them
NOTHING_TO_SEE = re.compile(  # white space with joiners, marks of direction, fillers or variation selectors
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef]+"
)
MOST_CHARACTERS = 8_000  # of an address; servers and proxies take about as many
GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Give each request an id, for its log lines and the response header ``X-Request-ID``.

    A well-formed id from a proxy is kept. The route is logged and not the path, which may contain a one-time token, and
    not the query, which may contain what somebody searched for.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.id = given if ACCEPTED_REQUEST_ID.fullmatch(given) else uuid4().hex  # type: ignore[attr-defined] # ours
        start = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request.id):  # type: ignore[attr-defined] # ours
            response = self.get_response(request)
            if request.path not in HEALTH_CHECKS:
                ms = round((time.perf_counter() - start) * 1000)
                log.info("answered", method=request.method, route=route_of(request), status=response.status_code, ms=ms)
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined] # ours
        return response


class HealthCheckMiddleware:
    """Answer health checks for any host name: load balancers use the IP address of the machine."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = HEALTH_CHECKS.get(request.path)
        return view(request) if view else self.get_response(request)


# ---- what is sent


class RequestBodyMiddleware:
    """Refuse bodies that are too large before anything reads them, then read the form.

    Views may set ``max_anonymous_bytes`` on ``dispatch``, for uploads without an account, and ``reads_body_itself`` if
    they set upload handlers. Reading takes a limited time: ``core.request_body``.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_arguments: object) -> HttpResponse | None:
        if "HTTP_TRANSFER_ENCODING" in request.META:  # Django does not read a body without a length
            return error_page(request, HTTPStatus.LENGTH_REQUIRED)
        if (size := self._size_of(request)) > settings.ANONYMOUS_MAX_BYTES and size > self._limit(request, view):
            return error_page(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if size and not getattr(view, "reads_body_itself", False):
            try:
                request.POST  # noqa: B018 - reads and parses the body
            except UnreadablePostError as error:  # too slow, too many at once, or the connection is gone
                log.warning("a body was not read to its end", error=repr(error))
                is_busy = any(isinstance(cause, TooManyBodies) for cause in with_causes(error))
                return error_page(request, HTTPStatus.SERVICE_UNAVAILABLE if is_busy else HTTPStatus.REQUEST_TIMEOUT)
            except OSError as error:
                if response := outage_page(request, error):
                    return response
                raise
        return None

    @staticmethod
    def _size_of(request: HttpRequest) -> int:
        try:
            return max(int(request.META.get("CONTENT_LENGTH") or 0), 0)
        except ValueError:
            return 0

    @staticmethod
    def _limit(request: HttpRequest, view: Any) -> int:
        if request.user.is_authenticated:
            return settings.REQUEST_MAX_BYTES
        return getattr(view, "max_anonymous_bytes", lambda: 0)()


class BadInputMiddleware:
    """Keep characters that cannot be stored, and numbers larger than any id, from causing a server error.

    In an address or a header they are answered 400, since no page links there. In a form they are removed, so that what
    somebody typed is not lost, and a cookie with them is ignored. A text in a form of which nothing can be seen counts
    as empty: as a name or a reason it would be a blank that nobody can click or read.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if len(request.get_full_path()) > MOST_CHARACTERS:
            return error_page(request, HTTPStatus.REQUEST_URI_TOO_LONG)
        headers = [value for name, value in request.META.items() if name.startswith("HTTP_")]
        inputs = [request.path, *headers, *(part for name, values in request.GET.lists() for part in (name, *values))]
        if any(map(UNSTORABLE.search, inputs)):
            raise BadRequest("A character in the address or in a header cannot be stored.")
        cookies = request.COOKIES
        request.COOKIES = {name: value for name, value in cookies.items() if not UNSTORABLE.search(name + value)}
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_arguments: object) -> None:
        if request.method != "POST" or getattr(view, "reads_body_itself", False):
            return
        clean = QueryDict(mutable=True)
        for name, values in request.POST.lists():
            clean.setlist(UNSTORABLE.sub("", name), [_storable(value) for value in values])
        if clean != request.POST:
            clean._mutable = False
            request.POST = clean  # type: ignore[assignment,misc] # a property with a setter

    def process_exception(self, _request: HttpRequest, error: Exception) -> None:
        """Answer 400 to a number larger than any id (SQLite: OverflowError) or a value longer than its column."""
        if isinstance(error, OverflowError | DataError):
            raise BadRequest("A number is beyond every id, or a value is longer than its column.") from error


def _storable(value: str) -> str:
    value = UNSTORABLE.sub("", value)
    return "" if NOTHING_TO_SEE.fullmatch(value) and not value.isspace() else value


# ---- what is answered


class SessionMiddleware(sessions.SessionMiddleware):
    """Keep the view's answer if the session cannot be saved after it: what the view has saved stays saved.

    Django would answer 400. Only a person who is just signing in gets an error page, since that needs the session.
    """

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        try:
            return super().process_response(request, response)
        except (SessionInterrupted, DatabaseError, InterfaceError, RedisError) as error:
            log.error("the session was not saved", error=repr(error), cause=repr(error.__context__))
            is_new = request.session.session_key != request.COOKIES.get(settings.SESSION_COOKIE_NAME)
            return (outage_page(request, error) if is_new else None) or response


class BackendUnavailableMiddleware:
    """Answer 503 while the database or Redis is unavailable, and 507 while the disk is full."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return outage_page(request, error)


class ErrorPageMiddleware:
    """Give errors without a body a page, and requests of htmx a sentence instead of a whole page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "HX-Request" in request.headers and self._leads_to_login(response):
            return error_page(request, HTTPStatus.UNAUTHORIZED)
        if response.status_code < HTTPStatus.BAD_REQUEST or response.streaming:
            return response
        if not response.content and request.method != "HEAD":
            page = error_page(request, response.status_code)
            response.content = page.content
            for name, value in page.items():
                response.headers[name] = value
        return response

    @staticmethod
    def _leads_to_login(response: HttpResponse) -> bool:
        path = response.headers.get("Location", "").partition("?")[0]
        return response.status_code == HTTPStatus.FOUND and path.endswith("/login/")
