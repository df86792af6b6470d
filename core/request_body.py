"""Time limits for reading the body of a request: the web server has none, and each body holds one of a few threads.

A reverse proxy that reads the whole body first (docs/deployment.md) is the better protection; this one is for sites
without it, and for what gets past it.
"""

import contextlib
import io
import time
from collections.abc import Callable, Iterable
from queue import Empty, Full, Queue
from threading import BoundedSemaphore, Event, Thread
from typing import Any

from django.conf import settings

CHUNK = 8 * 1024
CHUNK_SECONDS = 10  # for each chunk: a slower sender is cut off
BODY_SECONDS = 120  # for the whole body
PATIENCE = 0.5  # seconds that any sender may keep a thread waiting
SLOW_SENDERS = 2  # may keep a thread waiting longer than that, of the four or more threads of a process


def max_upload_bytes() -> int:
    """Return the size of a request with one file: for views that take it without an account."""
    return settings.UPLOAD_MAX_BYTES + settings.ANONYMOUS_MAX_BYTES


_slow_senders = BoundedSemaphore(SLOW_SENDERS)
WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class SlowBody(TimeoutError):
    """Django raises it as UnreadablePostError."""


class TimedBody:
    """WSGI middleware: whatever reads the body gets SlowBody if it does not arrive in time."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isascii() or not length.isdigit() or not int(length):
            return self.application(environ, start_response)
        body = _TimedReader(environ["wsgi.input"], int(length))
        environ["wsgi.input"] = io.BufferedReader(body, CHUNK)
        try:
            return self.application(environ, start_response)
        finally:
            body.stop()


class _TimedReader(io.RawIOBase):
    """Reads in a thread of its own, because a read of the web server's stream cannot be interrupted.

    The thread ends with the body, or with the connection, which the web server closes after the response.
    """

    def __init__(self, stream: Any, length: int) -> None:
        self.stream, self.length = stream, length
        self.chunks: Queue[bytes | BaseException] = Queue(maxsize=32)
        self.rest = b""
        self.until = 0.0
        self.stopped = Event()
        self.is_slow = self.is_read = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.until:
            self.until = time.monotonic() + BODY_SECONDS
            Thread(target=self._read_all, daemon=True).start()
        if not self.rest and not self.is_read:
            self.rest = self._next_chunk()
            self.is_read = not self.rest
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count

    def stop(self) -> None:
        self.stopped.set()
        if self.is_slow:
            self.is_slow = False
            _slow_senders.release()

    def _next_chunk(self) -> bytes:
        try:
            chunk = self.chunks.get(timeout=PATIENCE)
        except Empty:
            self._become_slow()
            try:
                chunk = self.chunks.get(timeout=max(0, min(CHUNK_SECONDS - PATIENCE, self.until - time.monotonic())))
            except Empty:
                raise SlowBody("the body came too slowly") from None
        if time.monotonic() > self.until:
            raise SlowBody("the body took too long")
        if isinstance(chunk, BaseException):
            raise OSError("the body cannot be read") from chunk
        return chunk

    def _become_slow(self) -> None:
        if not self.is_slow and not _slow_senders.acquire(blocking=False):
            raise SlowBody("other slow senders are served already")
        self.is_slow = True

    def _read_all(self) -> None:
        left = self.length
        try:
            while left and not self.stopped.is_set():
                chunk = self.stream.read(min(CHUNK, left))
                if not chunk:
                    break
                left -= len(chunk)
                self._put(chunk)
            self._put(b"" if not left else OSError("the connection ended before the body"))
        except Exception as error:  # noqa: BLE001 - raised again where the body is read
            self._put(error)

    def _put(self, chunk: bytes | BaseException) -> None:
        while not self.stopped.is_set():
            with contextlib.suppress(Full):
                return self.chunks.put(chunk, timeout=1)
        return None
