"""Median, range, gap and alpha, compared with reference values and with the krippendorff package."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.agreement import Undefined, agreement_of, alpha_ordinal, median_of, spread_of, strength_of, weakest
from evaluation.enums import Capacity, SourceKind, Strength

REFERENCE = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""


def columns(table):
    rows = [[None if cell == "." else int(cell) for cell in line.split()] for line in table.strip().splitlines()]
    return list(zip(*rows, strict=True))


@pytest.mark.parametrize(
    "levels, median",
    [([], ""), ([3], "3"), ([2, 3], "2-3"), ([3, 3], "3"), ([1, 4], "1-4"), ([1, 2, 4], "2"), ([1, 2, 3, 4], "2-3")],
)
def test_median_of_an_even_count_has_two_levels(levels, median):
    assert median_of(levels) == median


def test_not_assessed_is_counted_separately():
    spread = spread_of([None, 4, 4, None])

    assert (spread.n, spread.median, spread.low, spread.range, spread.gap, spread.not_assessed) == (
        2,
        "4",
        4,
        "4",
        0,
        2,
    )


def test_spread_without_levels_has_no_range():
    spread = spread_of([None])

    assert (spread.median, spread.range, spread.gap) == ("", "", None)


def test_self_assessment_is_excluded_from_independent_agreement():
    agreement = agreement_of(
        [(Capacity.SELF, 4), (Capacity.EXPERT_GROUP, 1), (Capacity.PEER, 2), (Capacity.COMMITTEE, 3)]
    )

    assert agreement.independent.median == "2-3"
    assert agreement.gap == 1
    assert {capacity: spread.median for capacity, spread in agreement.by_capacity.items()} == {
        "self": "4",
        "expert_group": "1",
        "peer": "2",
        "committee": "3",
    }


def test_alpha_equals_the_reference_value():
    alpha = alpha_ordinal(columns(REFERENCE))

    assert round(alpha.value, 4) == 0.8154


@pytest.mark.slow
@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=4, max_size=4),
        min_size=2,
        max_size=9,
    )
)
def test_alpha_equals_the_krippendorff_package(units):
    alpha = alpha_ordinal(units)

    if alpha.undefined is None:
        table = np.array([[np.nan if level is None else level for level in unit] for unit in units]).T
        assert alpha.value == pytest.approx(
            krippendorff.alpha(reliability_data=table, level_of_measurement="ordinal"), abs=1e-9
        )


@pytest.mark.parametrize(
    "units, undefined",
    [
        ([], Undefined.TOO_FEW),
        ([[1, 2]], Undefined.TOO_FEW),
        ([[1, None], [3], [2, 2]], Undefined.TOO_FEW),
        ([[3, 3], [3, 3, 3]], Undefined.NO_VARIATION),
    ],
)
def test_undefined_alpha_has_a_reason(units, undefined):
    alpha = alpha_ordinal(units)

    assert (alpha.value, alpha.undefined) == (None, undefined)


@pytest.mark.parametrize(
    "sources, strength",
    [
        ([], Strength.NONE),
        ([(SourceKind.UPDATE, 1)], Strength.LIMITED),
        ([(SourceKind.UPDATE, 1), (SourceKind.UPDATE, 1)], Strength.LIMITED),
        ([(SourceKind.UPDATE, 1), (SourceKind.UPDATE, 2)], Strength.MODERATE),
        ([(SourceKind.UPDATE, 1), (SourceKind.DOCUMENT, 1)], Strength.MODERATE),
        ([(SourceKind.VALUE, 1), (SourceKind.VALUE, 2)], Strength.MODERATE),
        ([(SourceKind.VALUE, 1), (SourceKind.EVENT, 2)], Strength.STRONG),
    ],
)
def test_strength_is_computed_from_citations(sources, strength):
    assert strength_of(sources) == strength


def test_weakest_returns_the_lowest_strength():
    assert weakest([Strength.STRONG, Strength.LIMITED]) == Strength.LIMITED
    assert weakest([]) is None
