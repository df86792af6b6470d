"""The time that a request spends on SQL: building it in Python, and waiting for the database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler, SQLInsertCompiler, SQLUpdateCompiler

BUILDERS = [
    *((QuerySet, name) for name in ("_filter_or_exclude", "_annotate", "_values", "_combinator_query")),
    *(
        (QuerySet, name)
        for name in ("order_by", "select_related", "prefetch_related", "distinct", "aggregate", "_clone")
    ),
    *((compiler, "as_sql") for compiler in (SQLCompiler, SQLInsertCompiler, SQLUpdateCompiler)),
]


def now() -> float:
    """Return seconds: of this process where the database runs in it, so that a busy machine changes little."""
    return process_time() if connection.vendor == "sqlite" else perf_counter()


class SqlTime:
    """Seconds ``building`` querysets and their SQL, and ``waiting`` for the database, which is not counted twice."""

    def __init__(self) -> None:
        self.building = self.waiting = 0.0
        self._depth = 0

    def timed(self, function: Callable) -> Callable:
        @wraps(function)
        def run(*args: Any, **options: Any) -> Any:
            if self._depth:  # part of what is timed already
                return function(*args, **options)
            self._depth, begun, waited = 1, now(), self.waiting
            try:
                return function(*args, **options)
            finally:
                self._depth = 0
                self.building += now() - begun - (self.waiting - waited)

        return run

    def execute(self, execute: Callable, sql: str, params: Any, many: bool, context: Any) -> Any:
        begun = now()
        try:
            return execute(sql, params, many, context)
        finally:
            self.waiting += now() - begun


@contextmanager
def sql_time() -> Iterator[SqlTime]:
    """Measure inside the block. The clocks themselves take about a tenth of what is measured."""
    clock = SqlTime()
    with ExitStack() as stack:
        for owner, name in BUILDERS:
            stack.enter_context(patch.object(owner, name, clock.timed(getattr(owner, name))))
        stack.enter_context(connection.execute_wrapper(clock.execute))
        yield clock
