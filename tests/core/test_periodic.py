"""Test that one failing row does not stop the others."""

import pytest

from cities.models import StoredFile
from core.periodic import for_each


def test_all_rows_run_before_failure_is_raised():
    seen = []

    def act(number):
        seen.append(number)
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        for_each([2, 0, 4], act)

    assert seen == [2, 0, 4]


def test_several_failures_are_raised_together():
    with pytest.raises(ExceptionGroup) as caught:
        for_each([0, 1, 0], lambda number: 1 / number)

    assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError, ZeroDivisionError]


def test_for_each_returns_results():
    assert for_each([1, 2], lambda number: number * 2) == [2, 4]


def test_log_names_a_row_by_its_id_and_not_by_its_text(caplog):
    """The text of a stored file is the name that somebody gave it."""
    row = StoredFile(pk=7, name="Sick note of Anna.pdf")

    with pytest.raises(AttributeError):
        for_each([row], lambda found: found.nothing)

    assert "cities.StoredFile 7" in caplog.text
    assert "Anna" not in caplog.text
