"""Errors of backup and restore. Commands print them in English: what is wrong and what to do."""

from core.exceptions import UserFacingError


class BackupError(UserFacingError):
    """The command stopped before it changed anything."""
