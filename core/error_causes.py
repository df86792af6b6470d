"""What a low-level error means, so that users are told the cause that is so."""

import errno

from django.db import IntegrityError, OperationalError

DISK_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT}
DISK_FULL, UNIQUE_VIOLATION = "53100", "23505"  # PostgreSQL's codes


def is_disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in DISK_FULL_ERRNOS
    if isinstance(error, OperationalError):
        return _code_of(error) == DISK_FULL or "disk is full" in str(error)
    return False


def is_unique_violation(error: IntegrityError) -> bool:
    """Return whether there is such a row already; other constraints say something else."""
    return _code_of(error) == UNIQUE_VIOLATION or str(error).startswith("UNIQUE constraint failed")


def _code_of(error: BaseException) -> str:
    return getattr(error.__cause__, "pgcode", None) or getattr(error.__cause__, "sqlstate", None) or ""
