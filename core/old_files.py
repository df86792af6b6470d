"""Delete files that nobody needs any more."""

from datetime import datetime
from pathlib import Path


def delete_old_files(folder: Path, before: datetime) -> None:
    """Delete the files of a folder, not of folders in it, that were last written before then."""
    if not folder.is_dir():
        return
    for file in folder.iterdir():
        if file.is_file() and file.stat().st_mtime < before.timestamp():
            file.unlink(missing_ok=True)
