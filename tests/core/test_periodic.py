"""A row that fails does not stop the rows after it."""

import pytest

from core.periodic import for_each


def test_all_have_their_turn_before_the_failure_is_raised():
    had = []

    def act(number):
        had.append(number)
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        for_each([2, 0, 4], act)

    assert had == [2, 0, 4]


def test_several_failures_are_raised_together():
    with pytest.raises(ExceptionGroup) as caught:
        for_each([0, 1, 0], lambda number: 1 / number)

    assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError, ZeroDivisionError]


def test_what_was_done_is_given_back():
    assert for_each([1, 2], lambda number: number * 2) == [2, 4]
