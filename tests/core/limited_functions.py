"""Functions that tests call in a process with limits."""

import json
import os
import sys
import time


def upper(payload: bytes) -> bytes:
    print("This goes to standard error, not into what is returned.")  # noqa: T201
    return payload.upper()


def environment(_payload: bytes) -> bytes:
    return json.dumps(sorted(os.environ)).encode()


def compute(_payload: bytes) -> bytes:
    while True:
        pass


def sleep(_payload: bytes) -> bytes:
    time.sleep(60)
    return b""


def allocate(_payload: bytes) -> bytes:
    return bytes(2_000_000_000)


def abort_like_a_library(_payload: bytes) -> bytes:
    sys.stderr.write("memory allocation of 4096 bytes failed\n")
    sys.stderr.flush()
    os.abort()


def fail(_payload: bytes) -> bytes:
    raise ValueError("the template is broken")


def exit_silently(_payload: bytes) -> bytes:
    os._exit(9)
