"""Folders and files that only the user of the site can read."""

import os
import stat
from pathlib import Path

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


def is_open_to_others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & OTHERS)


def private_file(path: str, flags: int) -> int:
    """Open a file that only its owner can read: the ``opener`` of ``open``."""
    return os.open(path, flags, 0o600)
