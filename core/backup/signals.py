"""Turn SIGTERM into an exception, so that half-written files are removed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


@contextmanager
def terminated_as_error() -> Iterator[None]:
    """Raise SystemExit if the process receives SIGTERM within the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_args: Any) -> NoReturn:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
