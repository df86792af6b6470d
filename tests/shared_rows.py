"""Rows that the tests of a module or package share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def shared_rows(django_db_blocker: Any, make: Callable[[], Any]) -> Iterator[Any]:
    """Yield what ``make`` returns. Its rows are in an outer transaction, which is rolled back at the end.

    What a test changes is rolled back with the test. Objects are changed by tests too: give each test a deep copy.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        made = make()
        with django_db_blocker.block():
            yield made
        transaction.set_rollback(True)
