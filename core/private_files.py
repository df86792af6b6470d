"""Folders and files that only the user of the site can read."""

import os
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

OTHERS = 0o077  # rights of the group and of everybody else; as umask, no new file has any


def make_private_folder(folder: Path) -> None:
    """Create the folder and its parents for their owner only; those that exist stay as they are."""
    for missing in reversed([folder, *folder.parents]):
        missing.mkdir(mode=0o700, exist_ok=True)


def tighten(path: Path) -> None:
    """Take the rights of others away where the file or folder exists and is ours."""
    try:
        mode = path.stat().st_mode
        if mode & OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)
    except (FileNotFoundError, PermissionError):  # of somebody else: the system check warns
        return


def check_data_folder(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn if others can read the data folder, because it belongs to somebody else (``manage.py check``)."""
    folder = Path(settings.DATA_DIR)
    if not is_open_to_others(folder):
        return []
    hint = f"Run as its owner: chmod 700 {folder}"
    return [checks.Warning(f"Other users of this machine can read the data folder {folder}.", hint=hint, id="epi.W001")]


def is_open_to_others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & OTHERS)


def private_file(path: str, flags: int) -> int:
    """Open a file that only its owner can read: the ``opener`` of ``open``."""
    return os.open(path, flags, 0o600)
