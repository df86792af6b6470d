"""What every request passes through."""

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger(__name__)
GIVEN_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
QUIET_PATHS = {"/healthz", "/readyz"}


class RequestId:
    """Gives each request an id that stands in its log lines and in the answer's ``X-Request-ID``.

    An id that a proxy has given is kept where it looks like one. The address is logged without its query, which may
    hold what somebody searched for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.id = given if GIVEN_ID.fullmatch(given) else uuid4().hex  # type: ignore[attr-defined] # ours
        start = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request.id):  # type: ignore[attr-defined] # ours
            response = self.get_response(request)
            if request.path not in QUIET_PATHS:
                taken = round((time.perf_counter() - start) * 1000)
                log.info("answered", method=request.method, path=request.path, status=response.status_code, ms=taken)
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined] # ours
        return response
