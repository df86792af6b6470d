"""Room on Python's stack for tests, which take a fifth less time with it.

CPython keeps frames in pieces of 16 KB. A call that does not fit into the piece maps a new one, and its return unmaps
it: a loop at such an edge does so each time, in tests of pages more than a thousand times each. A frame that needs much
room gets a large piece, into which the frames of what it calls fit.
"""

from collections.abc import Callable
from typing import Any

WORDS = 2**16  # of 8 bytes


def call_with_room(function: Callable, *args: Any, **options: Any) -> Any:
    return function(*args, **options)


call_with_room.__code__ = call_with_room.__code__.replace(co_stacksize=WORDS)
