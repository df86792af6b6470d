"""One mechanism for everything frozen: canonical JSON as text, and its SHA-256."""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a snapshot.")


def canonical(contents: dict) -> str:
    """Sorted keys, no spaces, no NaN; decimals as strings without trailing zeros, times as ISO 8601."""
    return json.dumps(
        contents, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    )


def seal(text: str | bytes) -> str:
    """SHA-256 in hexadecimal, 64 characters."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
