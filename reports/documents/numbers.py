"""Report numbers, for example EPI-2026-Q3-LINKOPING-R1."""

from datetime import date, timedelta
from typing import Any

PREFIX = "EPI"
PERIOD_LETTERS = {3: "Q", 6: "H"}  # length in months -> letter


def report_number(period: Any, city: Any, revision: int) -> str:
    subject = city.slug.upper() if city else "NETWORK"
    return f"{PREFIX}-{period_code(period.starts_on, period.ends_on)}-{subject}-R{revision}"


def period_code(starts_on: date, ends_on: date) -> str:
    """Return "2026-Q3", "2026-H2" or "2026"; for any other period both days, "20260115-20260430"."""
    after = ends_on + timedelta(days=1)
    months = (after.year - starts_on.year) * 12 + after.month - starts_on.month
    is_whole = starts_on.day == after.day == 1
    if is_whole and months == 12 and starts_on.month == 1:
        return str(starts_on.year)
    if is_whole and months in PERIOD_LETTERS and (starts_on.month - 1) % months == 0:
        return f"{starts_on.year}-{PERIOD_LETTERS[months]}{(starts_on.month - 1) // months + 1}"
    return f"{starts_on:%Y%m%d}-{ends_on:%Y%m%d}"
