"""Ids in form data and URLs."""

import re
from typing import Any
from uuid import UUID

ID = re.compile(r"[0-9]{1,18}")  # fits into every database; str.isdigit() accepts "²", too


def parse_pk(text: str | None) -> int | None:
    """Return the id in ``text``, or None if it is not one, so that wrong input never causes a server error."""
    return int(text) if text and ID.fullmatch(text) else None


def parse_uuid(text: Any) -> UUID | None:
    """Return the UUID in ``text``, or None if it is not one."""
    try:
        return UUID(str(text))
    except ValueError:
        return None
