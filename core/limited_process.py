"""Run a function in a process of its own, with limits of time and memory.

What people upload or write decides how long a parser or a renderer takes and how much memory it needs. A limit ends the
process, and the caller gets the reason. The process has no settings, no database and no secrets in its environment.
"""

import importlib
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
OUT_OF_MEMORY = 3  # exit code
MEMORY_ERRORS = (b"memory allocation of", b"std::bad_alloc")  # of libraries that abort instead of raising MemoryError
MEGABYTE = 1024 * 1024
_running = threading.BoundedSemaphore(1)  # one at a time in each process, so that their memory does not add up


class Limits(NamedTuple):
    cpu_seconds: int
    wall_seconds: int  # also for waiting until another one has ended
    megabytes: int  # of address space


class LimitExceeded(Exception):
    """The function needed more than its limits allow."""


class TimeExceeded(LimitExceeded):
    pass


class MemoryExceeded(LimitExceeded):
    pass


class TooBusy(LimitExceeded):
    """Other calls took all the time that this one could wait."""


class ProcessFailed(Exception):
    """The process ended with an error or a signal. The text is the last line that it wrote."""


def gettext_noop(text: str) -> str:
    """Mark a text for translation by the caller. Django's own function needs settings."""
    return text


def run(function: str, payload: bytes, limits: Limits) -> bytes:
    """Call ``function``, written as ``module:name``, with ``payload`` and return the bytes that it returns.

    Raises TimeExceeded, MemoryExceeded, TooBusy or ProcessFailed.
    """
    if not _running.acquire(timeout=limits.wall_seconds):
        raise TooBusy
    command = [sys.executable, "-m", __name__, function, str(limits.cpu_seconds), str(limits.megabytes)]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and nothing that users wrote
            command, input=payload, capture_output=True, timeout=limits.wall_seconds, cwd=ROOT, env=_environment()
        )
    except subprocess.TimeoutExpired as error:
        raise TimeExceeded from error
    finally:
        _running.release()
    if done.returncode == 0:
        return done.stdout
    if done.returncode == -signal.SIGXCPU:
        raise TimeExceeded
    if done.returncode == OUT_OF_MEMORY or any(text in done.stderr for text in MEMORY_ERRORS):
        raise MemoryExceeded
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    raise ProcessFailed(lines[-1] if lines else f"exit code {done.returncode}")


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"MALLOC_ARENA_MAX": "1", "RAYON_NUM_THREADS": "2", "PYTHONUTF8": "1"}  # less address space


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main(function: str, cpu_seconds: str, megabytes: str) -> int:
    """Run in the process itself: set the limits, read the payload, write what the function returns."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints does not get into the output
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, int(cpu_seconds))
    _limit(resource.RLIMIT_AS, int(megabytes) * MEGABYTE)
    module, _colon, name = function.partition(":")
    try:
        returned = getattr(importlib.import_module(module), name)(sys.stdin.buffer.read())
    except MemoryError:
        return OUT_OF_MEMORY
    with output:
        output.write(returned)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
