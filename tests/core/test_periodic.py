"""Test that one failing row does not stop the others."""

import pytest

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
