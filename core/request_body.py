"""Limits for reading the body of a request: the web server has none, and each body holds one of a few threads.

A reverse proxy that reads the whole body first (docs/deployment.md) is the real protection; this one is for sites
without it. A read of the server's stream cannot be interrupted: a sender that falls silent holds its thread until it
is gone. So a process has many more threads than it answers requests with at the same time: a thread that waits for a
body costs little, and lets another one answer. Some threads never read bodies.
"""

import io
import os
import time
from collections.abc import Callable, Iterable
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings

BODY_SECONDS = 120  # for the whole body
SLOW_AFTER, LEAST_RATE = 10, 800  # from the tenth second on, so many bytes a second on average
QUICK = 0.05  # seconds: after a read that took less, more is read at once
MAX_READ = 64 * 1024
THREADS = int(os.environ.get("GRANIAN_BLOCKING_THREADS") or 4)  # of a process; granian reads the same variable
MOST_ANSWERED = 2  # requests of a process that are answered at the same time, not counting those whose body is awaited
STACK_WORDS = 2**16  # of 8 bytes; see LimitedBody

_readers = BoundedSemaphore(max(THREADS - 2, 1))
_answering = BoundedSemaphore(MOST_ANSWERED)
WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class SlowBody(TimeoutError):
    """The body does not arrive in time. Django raises it as UnreadablePostError."""


class TooManyBodies(OSError):
    """As many bodies are read already as may be at the same time."""


def max_upload_bytes() -> int:
    """Return the size of a request with one file: for views that take it without an account."""
    return settings.UPLOAD_MAX_BYTES + settings.ANONYMOUS_MAX_BYTES


class LimitedBody:
    """WSGI middleware: whatever reads the body gets SlowBody or TooManyBodies if it cannot be read.

    The frame of ``_answer`` asks for much room on Python's stack. CPython keeps frames in pieces of 16 KB and maps a
    new piece for each call that does not fit: pages do so a thousand times. After a large frame all of them fit.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        turn = _Turn()
        turn.take()
        try:
            return self._answer(environ, start_response, turn)
        finally:
            turn.give_up()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any], turn: "_Turn") -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isascii() or not length.isdigit() or not int(length):
            return self.application(environ, start_response)
        body = _LimitedReader(environ["wsgi.input"], int(length), turn)
        environ["wsgi.input"] = io.BufferedReader(body, MAX_READ)
        try:
            return self.application(environ, start_response)
        finally:
            body.stop()

    _answer.__code__ = _answer.__code__.replace(co_stacksize=STACK_WORDS)


class _Turn:
    """The right of a thread to answer, which it gives up while it waits for a body."""

    def __init__(self) -> None:
        self.is_taken = False

    def take(self) -> None:
        if not self.is_taken:
            _answering.acquire()
            self.is_taken = True

    def give_up(self) -> None:
        if self.is_taken:
            self.is_taken = False
            _answering.release()


class _LimitedReader(io.RawIOBase):
    def __init__(self, stream: Any, length: int, turn: _Turn) -> None:
        self.stream, self.left, self.turn = stream, length, turn
        self.count, self.at_once = 0, 1
        self.began: float | None = None
        self.is_reading = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read little at once from a slow sender: a read returns only when all of it is there."""
        if not self.left:
            return 0
        self._start()
        before = time.monotonic()
        chunk = self.stream.read(min(len(buffer), self.at_once, self.left))
        now = time.monotonic()
        if not chunk:
            raise ConnectionError("the connection ended before the body")
        self.at_once = min(self.at_once * 4, MAX_READ) if now - before < QUICK else max(self.at_once // 8, 1)
        self.count, self.left = self.count + len(chunk), self.left - len(chunk)
        self._refuse_slow(now - self.began)  # type: ignore[operator] # set by _start
        if not self.left:
            self.stop()
            self.turn.take()  # after the clock of the body: a wait for the turn is not the sender's
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def stop(self) -> None:
        if self.is_reading:
            self.is_reading = False
            _readers.release()

    def _start(self) -> None:
        if self.began is not None:
            return
        if not _readers.acquire(blocking=False):
            raise TooManyBodies("as many bodies are read already as may be")
        self.turn.give_up()
        self.began, self.is_reading = time.monotonic(), True

    def _refuse_slow(self, seconds: float) -> None:
        is_slow = seconds > SLOW_AFTER and self.count < LEAST_RATE * seconds
        if self.left and (is_slow or seconds > BODY_SECONDS):
            raise SlowBody(f"{self.count} bytes in {seconds:.0f} seconds")
