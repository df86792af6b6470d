"""Canonical JSON and its SHA-256: the one mechanism for everything frozen."""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


def decimal_text(value: Decimal) -> str:
    """Return the decimal without an exponent and without trailing zeros."""
    return f"{value.normalize():f}" if value else "0"


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a snapshot.")


def canonical(contents: dict) -> str:
    """Return JSON with sorted keys and no spaces; decimals as text without trailing zeros, times as ISO 8601.

    Raises ValueError for NaN and TypeError for other types.
    """
    return json.dumps(
        contents, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    )


def sha256_hex(text: str | bytes) -> str:
    """Return the SHA-256 in hexadecimal, 64 characters."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
