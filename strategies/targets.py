"""How far an indicator is on the way to its target, for pages and reports. No queries."""

from collections.abc import Sequence
from decimal import Decimal

from strategies.enums import Addition, Direction


def combine(how: str, values: Sequence[Decimal]) -> Decimal | None:
    """Return the figure that counts for the target. ``values``: of the periods so far, the oldest first."""
    if not values:
        return None
    if how == Addition.SUM:
        return sum(values, Decimal(0))
    if how == Addition.MEAN:
        return round(sum(values, Decimal(0)) / len(values), 4)
    return max(values) if how == Addition.MAX else values[-1]


def contradicts(direction: str, baseline: Decimal | None, target: Decimal | None) -> bool:
    """Return whether the target lies on the wrong side of the baseline: less is better, from 20 to 30."""
    if baseline is None or target is None:
        return False
    return target < baseline if direction == Direction.UP else target > baseline


def share_reached(
    direction: str, baseline: Decimal | None, target: Decimal | None, figure: Decimal | None
) -> Decimal | None:
    """Return how far the figure is from the baseline to the target, in per cent; None where that has no meaning."""
    if baseline is None or target is None or figure is None:
        return None
    if baseline == target or contradicts(direction, baseline, target):
        return None
    return 100 * (figure - baseline) / (target - baseline)


def is_reached(direction: str, target: Decimal | None, figure: Decimal | None) -> bool | None:
    """Return whether the target is reached; None without a figure or a target."""
    if target is None or figure is None:
        return None
    return figure >= target if direction == Direction.UP else figure <= target
