"""Logging: one line for each event, with the id of its request, as JSON for machines or plain text for people."""

import logging
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

import structlog
from structlog.typing import Processor

URL_PATH = re.compile(r"(https?://[^/?#\s]+)(?:[/?#]\S*)?")  # such as a referrer
SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class RouteFilter(logging.Filter):
    """Replace the path in Django's own lines about a request: it may contain a one-time token."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple):
            record.args = tuple(_without_path(argument, request) for argument in record.args)
        return True


def _without_path(argument: Any, request: Any) -> Any:
    if not isinstance(argument, str):
        return argument
    is_path = argument in {request.path, request.get_full_path()}
    return route_of(request) if is_path else URL_PATH.sub(r"\1", argument)


def route_of(request: Any) -> str:
    """Return the route of the request, such as ``files/<uuid:uuid>/``, or "none" if no page has this address."""
    match = getattr(request, "resolver_match", None)
    return match.route or "/" if match else "none"


def formatter(**_: Any) -> structlog.stdlib.ProcessorFormatter:
    """Return the formatter that settings.LOGGING names, for our own events and those of libraries."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last_steps()],
    )


def _last_steps() -> Iterable[Processor]:
    if os.environ.get("EPI_LOG_JSON") == "1":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    plain = structlog.dev.plain_traceback  # the default one prints local variables, which may be private
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain, pad_event_to=0)]


def configure() -> None:
    """Send structlog's loggers through the standard library, so that one setting configures both."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


configure()
