"""A name that migration 0001 imports. The validator in use is ``reports.models.validate_recipients``."""

from typing import Any


def validate_recipients(names: Any) -> None:
    """Check nothing: migrations keep the name of a validator and do not call it."""
