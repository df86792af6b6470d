"""Stored files that no row knows are moved to a folder beside the storage, and deleted from there much later.

Nothing moves while database and folder belong to different installations, or while many files are unknown: then the
database is the wrong one or an old one, and the files are evidence. A file that a row names again is put back.
"""

import logging
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from . import clock, installation, stored_files
from .periodic import for_each
from .private_files import make_private_folder
from .stored_files import UnknownFiles

MIN_AGE = timedelta(days=1)  # of a file without a row: longer than any upload takes
MOST_UNKNOWN, MOST_SHARE, FEW = 20, 0.1, 2  # at most 20 files, and a tenth of all; two are always few
log = logging.getLogger(__name__)


def root() -> Path:
    return Path(settings.DATA_DIR) / "quarantine"


def files() -> Iterator[Path]:
    """Return the files in quarantine: ``<day>/<path in the storage>``."""
    return (file for file in sorted(root().glob("????-??-??/**/*")) if file.is_file())


def too_many(unknown: UnknownFiles) -> str:
    """Return a sentence that says what to do if so many files are unknown that none may be moved, else ""."""
    count = len(unknown.paths)
    if count <= min(MOST_UNKNOWN, max(FEW, int(MOST_SHARE * unknown.total))):
        return ""
    return (
        f"{count} of {unknown.total} stored files are unknown to this database, so none is moved to quarantine. "
        "Check that DATABASE_URL names the right database, and that it is not an old copy. "
        "If it is the right one, move away the files that “manage.py verify” lists."
    )


def quarantine_unknown(folder: str) -> int:
    """Move the old files of one folder that no row knows into quarantine. Returns how many."""
    try:
        _folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    unknown = {f"{folder}/{name}" for name in names} - stored_files.known_paths(f"{folder}/")
    old = sorted(path for path in unknown if default_storage.get_modified_time(path) <= clock.now() - MIN_AGE)
    if not old:
        return 0
    if reason := installation.problem() or too_many(stored_files.unknown_files()):
        log.error("Stored files without a row stay where they are. %s", reason)
        return 0
    return len(for_each(old, move))


def move(path: str) -> None:
    """Move one stored file into quarantine."""
    target = root() / clock.today().isoformat() / path
    make_private_folder(target.parent)
    shutil.move(default_storage.path(path), target)
    log.warning("A stored file without a row was moved to quarantine: %s", path)


def put_back_known() -> int:
    """Move files that a row names, and that are missing in the storage, back from quarantine. Returns how many."""
    count = 0
    for file in files() if root().exists() and not installation.problem() else ():
        path = _storage_path(file)
        if path in stored_files.known_paths(path) and not default_storage.exists(path):
            target = Path(default_storage.path(path))
            make_private_folder(target.parent)
            shutil.move(file, target)
            log.warning("A stored file that a row refers to was put back from quarantine: %s", path)
            count += 1
    return count


def delete_old() -> int:
    """Delete files that have been in quarantine for QUARANTINE_DAYS and that no row names. Returns how many."""
    before = clock.today() - timedelta(days=settings.QUARANTINE_DAYS)
    old = [file for file in files() if _day_of(file) < before]
    if not old or installation.problem():
        return 0
    known = stored_files.known_paths()
    gone = [file for file in old if _storage_path(file) not in known]
    for file in gone:
        file.unlink()
    return len(gone)


def _storage_path(file: Path) -> str:
    return str(Path(*file.relative_to(root()).parts[1:]))


def _day_of(file: Path) -> date:
    return date.fromisoformat(file.relative_to(root()).parts[0])
