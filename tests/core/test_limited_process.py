"""Functions in a process of their own: what they return, and each limit with its own error."""

import json
import time

import pytest

from core import limited_process
from core.limited_process import Limits, MemoryExceeded, ProcessFailed, TimeExceeded, TooBusy, run

FUNCTIONS = "tests.core.limited_functions"
LIMITS = Limits(cpu_seconds=10, wall_seconds=30, megabytes=500)


def test_returns_what_the_function_returns():
    payload = "åäö".encode() * 500_000

    assert run(f"{FUNCTIONS}:upper", payload, LIMITS) == payload.upper()


def test_process_gets_no_secrets(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "x")
    monkeypatch.setenv("DATABASE_URL", "x")

    names = json.loads(run(f"{FUNCTIONS}:environment", b"", LIMITS))

    assert {"SECRET_KEY", "DATABASE_URL"} & set(names) == set()


@pytest.mark.waits
def test_too_much_computing_is_ended():
    with pytest.raises(TimeExceeded):
        run(f"{FUNCTIONS}:compute", b"", LIMITS._replace(cpu_seconds=1))


@pytest.mark.waits
def test_waiting_too_long_is_ended():
    started = time.monotonic()

    with pytest.raises(TimeExceeded):
        run(f"{FUNCTIONS}:sleep", b"", LIMITS._replace(wall_seconds=1))

    assert time.monotonic() - started < 20


@pytest.mark.parametrize("function", ["allocate", "abort_like_a_library"])
def test_too_much_memory_is_ended(function):
    with pytest.raises(MemoryExceeded):
        run(f"{FUNCTIONS}:{function}", b"", LIMITS)


@pytest.mark.parametrize(
    "function,message", [("fail", "ValueError: the template is broken"), ("exit_silently", "exit code 9")]
)
def test_error_of_the_function_is_named(function, message):
    with pytest.raises(ProcessFailed, match=message):
        run(f"{FUNCTIONS}:{function}", b"", LIMITS)


@pytest.mark.waits
def test_call_that_cannot_wait_for_another_is_too_busy():
    limited_process._running.acquire()
    try:
        with pytest.raises(TooBusy):
            run(f"{FUNCTIONS}:upper", b"", LIMITS._replace(wall_seconds=1))
    finally:
        limited_process._running.release()


def test_process_is_free_again_after_a_failure():
    with pytest.raises(ProcessFailed):
        run(f"{FUNCTIONS}:fail", b"", LIMITS)

    assert run(f"{FUNCTIONS}:upper", b"a", LIMITS) == b"A"
