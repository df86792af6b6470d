"""Test that a backup holds every update committed before it began, and no partly written update."""

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from io import StringIO
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import psycopg2
import pyrage
import pytest
from django.conf import settings
from django.core.management import call_command

from core.verification import check_everything, differences_in
from strategies.models import ActionUpdate

from .copies import connected_to, working_in
from .writers import Written, check, write

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.django_db
def test_backup_during_writes_by_two_threads(changeable, copies, tmp_path):
    copy, written, stop_event = copies.of(), {1: [], 2: []}, Event()

    def run(seed):
        with connected_to(changeable):
            written[seed].extend(write(seed, lambda: not stop_event.is_set()))

    with working_in(changeable):
        threads = [Thread(target=run, args=[seed]) for seed in written]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        began = time.time()
        call_command("backup", tmp_path / "backup", plain=True, stdout=StringIO())
        stop_event.set()
        for thread in threads:
            thread.join()
    with working_in(copy):
        call_command("restore", tmp_path / "backup", stdout=StringIO())
        uuids = set(ActionUpdate.objects.values_list("uuid", flat=True))
        differences = differences_in(check_everything())

    counts = [check(rows, began, uuids) for rows in written.values()]
    assert all(before for before, *_rest in counts)
    assert differences == []


# ---- with real processes, on a separate site

WRITERS = 8
UPDATES_BEFORE = 20  # by each writer, before the backup begins


class Site:
    """A data folder and a database that can be emptied, as on a new machine."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        name = f"{settings.DATABASES['default']['NAME']}_prove_{os.getpid()}" if settings.DATABASE_URL else ""
        self.server = urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path="/postgres"))
        self.database, self.url = name, urlunsplit(urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}"))
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "epi_site.settings.local",
            "EPI_DATA_DIR": str(self.data),
            "DATABASE_URL": self.url if name else "",
            "CELERY_BROKER_URL": "filesystem://",
            "EPI_LOG_LEVEL": "WARNING",
        }

    def empty(self, *, drop_only: bool = False) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        if not self.database:
            return
        with closing(psycopg2.connect(self.server)) as connection:
            connection.autocommit = True
            with closing(connection.cursor()) as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
                if not drop_only:
                    cursor.execute(f'CREATE DATABASE "{self.database}"')

    def start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        output = process.communicate()[0].decode()
        assert process.returncode == 0, output
        return output


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    site.empty()
    yield site
    site.empty(drop_only=True)


@pytest.mark.prove
@pytest.mark.skipif(os.environ.get("EPI_PROVE") != "1", reason="EPI_PROVE is not 1.")
def test_backup_during_writes_restores_after_disk_loss(site, tmp_path, capsys):
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"{key}\n")
    for command in (
        ["manage.py", "migrate"],
        ["manage.py", "createcachetable"],
        ["-m", "tests.backup.writers", "make"],
    ):
        site.run(*command)

    lists = [tmp_path / f"writer-{seed}" for seed in range(WRITERS)]
    stop, program = tmp_path / "stop", ["-m", "tests.backup.writers", "write"]
    writers = [site.start(*program, str(seed), str(stop), str(file)) for seed, file in enumerate(lists)]
    _wait_until(lambda: all(file.exists() and len(_read(file)) >= UPDATES_BEFORE for file in lists))
    began = time.time()
    site.run("manage.py", "backup", str(tmp_path / "backup"), "--recipient", str(key.to_public()))
    ended = time.time()
    assert all(writer.poll() is None for writer in writers)
    stop.touch()
    for writer in writers:
        output = writer.communicate()[0].decode()
        assert writer.returncode == 0, output
    written = [_read(file) for file in lists]

    site.empty()
    restoring = time.time()
    site.run("manage.py", "restore", str(tmp_path / "backup"), "--identity", str(tmp_path / "key"))
    restored = time.time() - restoring
    verified = site.run("manage.py", "verify")
    ids = "from strategies.models import *; print(*ActionUpdate.objects.values_list('uuid', flat=True), sep='\\n')"
    uuids = {UUID(line) for line in site.run("manage.py", "shell", "--no-imports", "-c", ids).split()}
    counts = [check(rows, began, uuids) for rows in written]

    before, meanwhile, after = (sum(column) for column in zip(*counts, strict=True))
    waited, waited_before = (_longest_wait(written, *span) for span in ((began, ended), (2 * began - ended, began)))
    figures = (
        f"\n{WRITERS} writers: {before} updates acknowledged before the backup began, all of them restored.\n"
        f"Of the later ones {meanwhile} are in it and {after} are not; no writer has a gap.\n"
        f"Backup {ended - began:.1f} s, restore {restored:.1f} s.\n"
        f"Longest wait of a writer: {waited:.2f} s while it was made, {waited_before:.2f} s in the same time before.\n"
    )
    with capsys.disabled():
        sys.stdout.write(figures + verified)
    assert before >= WRITERS * UPDATES_BEFORE
    assert after


def _wait_until(condition: Callable[[], bool], timeout: float = 120) -> None:
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def _read(file: Path) -> list[Written]:
    pairs = (line.split() for line in file.read_text().splitlines(keepends=True) if line.endswith("\n"))
    return [Written(UUID(uuid), float(at)) for uuid, at in pairs]


def _longest_wait(written: list[list[Written]], began: float, ended: float) -> float:
    """Return the longest time between two updates of one writer."""
    moments = [[began, *(row.at for row in rows if began < row.at < ended), ended] for rows in written]
    return max(after - before for row in moments for before, after in itertools.pairwise(row))
