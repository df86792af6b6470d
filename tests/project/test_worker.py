"""Test that killed worker and beat processes still build every report once, on each available broker."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings

from tests import migrated, proofs
from tests.project.worker_data import REPORTS

pytestmark = [pytest.mark.waits, pytest.mark.servers]
KILLS = 20 if proofs.PROVE else 3
ROOT = Path(__file__).parents[2]
SILENCE = 12
PATIENCE = 150
REDIS = os.environ.get("CELERY_BROKER_URL", "")
BROKERS = [
    "filesystem://",
    pytest.param(
        REDIS,
        id="redis",
        marks=pytest.mark.skipif(not REDIS.startswith("redis"), reason="CELERY_BROKER_URL is no Redis."),
    ),
]


A_MAIL = "Mail.objects.create(recipient='a@town.example', subject='s', body='b')"


class Site:
    """A separate data folder and database, and the processes that use them."""

    def __init__(self, folder: Path, broker: str, database_url: str):
        self.folder, self.database_url, self.started = folder, database_url, []
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "epi_site.settings.local",
            "EPI_DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": broker,
            "EPI_PERIODIC_SECONDS": "1",
            "EPI_REPORT_LEASE_SECONDS": str(SILENCE),
            "EPI_LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
        }
        self.environment.pop("PYTEST_XDIST_WORKER", None)

    def run(self, *command: str) -> None:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start_group(self, *, concurrency: int) -> None:
        """Start worker and beat as ``make run`` does."""
        celery = [sys.executable, "-m", "celery", "--quiet", "-A", "epi_site"]
        worker = ["worker", "--concurrency", str(concurrency), "--without-gossip", "--without-mingle"]
        for command in ([*celery, *worker], [*celery, "beat", "--pidfile", ""]):
            log = (self.folder / "processes.log").open("a")
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
            log.close()
            self.started.append(process)

    def kill_group(self) -> None:
        """Kill parent and child processes at once, as a power cut would."""
        for process in self.started:
            os.killpg(process.pid, signal.SIGKILL)
        for process in self.started:
            process.wait()
        self.started.clear()

    def kill_child(self) -> None:
        """Kill an idle child of the worker, if it has any: threads have none."""
        worker = self.started[0].pid
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(worker)], capture_output=True, text=True, check=False
        )
        for pid in listed.stdout.split()[:1]:
            os.kill(int(pid), signal.SIGKILL)

    def stop_group(self) -> None:
        for process in self.started:
            process.terminate()
        for process in self.started:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.started.clear()

    def connect(self):
        if self.database_url:
            return psycopg2.connect(self.database_url)
        return sqlite3.connect(self.folder / "db.sqlite3", timeout=20)

    def ask(self, query: str) -> list[tuple]:
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def change(self, statement: str) -> None:
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            connection.commit()

    def states(self) -> dict[str, int]:
        return dict(self.ask("SELECT state, count(*) FROM evaluation_report GROUP BY state"))

    def log(self) -> str:
        return (self.folder / "processes.log").read_text()[-4000:]

    def until(self, condition, what: str, seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"{what} did not come to be: {self.states()}\n{self.log()}"
            time.sleep(0.1)


@pytest.fixture
def database_url(request):
    """Create a PostgreSQL database beside the test database and return its URL; empty with SQLite."""
    url = settings.DATABASE_URL
    if not url:
        yield ""
        return
    request.getfixturevalue("postgres_folder")
    with migrated.copied_database(url, f"epi_worker_{os.getpid()}") as copied:
        yield copied


@pytest.fixture(params=BROKERS)
def empty_site(request, tmp_path, database_url):
    site = Site(tmp_path, request.param, database_url)
    of_database = "postgres_folder" if database_url else "migrated_folder"
    shutil.copytree(request.getfixturevalue(of_database), tmp_path, dirs_exist_ok=True)
    yield site
    if site.started:
        site.kill_group()


@pytest.fixture
def site(empty_site):
    empty_site.run("-m", "tests.project.worker_data")
    return empty_site


def test_reports_are_built_once_after_processes_are_killed(site):
    site.start_group(concurrency=REPORTS)
    site.until(lambda: site.states().get("building", 0) >= REPORTS, "all reports being built")
    site.kill_group()
    left = site.states()

    site.start_group(concurrency=2)
    site.until(lambda: set(site.states()) == {"ready"} and site.states()["ready"] == REPORTS + 1, "all ready")
    ready = finished(site)
    time.sleep(3)  # the periodic task runs three times more
    enqueue_each_again(site)
    time.sleep(3)
    site.stop_group()

    assert left["building"] >= REPORTS
    assert len(ready) == REPORTS + 1
    assert finished(site) == ready
    assert all(attempts <= 3 for _number, _state, attempts, *_rest in ready)
    assert stored_files(site) == {number: ["html", "json", "pdf"] for number, *_rest in ready}
    assert report_emails(site) == 1


@pytest.mark.prove
def test_work_goes_on_after_an_idle_child_is_killed(empty_site):
    """A child that was killed while it waited kept the lock of the pipe, and nothing was done any more."""
    site = empty_site
    site.run("-c", "import django; django.setup()\nfrom accounts.models import Mail\n" + A_MAIL)
    site.start_group(concurrency=2)
    site.until(lambda: sent_mails(site) == 1, "the first email")

    for _number in range(KILLS):
        site.kill_child()
        time.sleep(0.5)
        site.change("UPDATE accounts_mail SET state = 'queued', attempts = 0, claimed_at = NULL, sent_at = NULL")
        site.until(lambda: sent_mails(site) == 1, "an email after a child was killed", seconds=30)

    assert site.started[0].poll() is None


def finished(site: Site) -> list[tuple]:
    return site.ask("SELECT number, state, attempts, ready_at, sha256 FROM evaluation_report ORDER BY number")


def stored_files(site: Site) -> dict[str, list[str]]:
    """Return the files of each report, after comparing their hashes."""
    rows = site.ask(
        "SELECT r.number, f.name, f.content, f.sha256 FROM evaluation_reportfile f "
        "JOIN evaluation_report r ON r.id = f.report_id ORDER BY f.name"
    )
    found: dict[str, list[str]] = {}
    for number, name, content, sha256 in rows:
        assert hashlib.sha256(bytes(content)).hexdigest() == sha256
        found.setdefault(number, []).append(name.rpartition(".")[2])
    return found


def enqueue_each_again(site: Site) -> None:
    """Send every message a second time."""
    site.run(
        "-c",
        "import django; django.setup()\n"
        "from reports.models import Report\n"
        "from reports.tasks import build_report\n"
        "[build_report.delay(pk) for pk in Report.objects.values_list('pk', flat=True)]",
    )


def sent_mails(site: Site) -> int:
    return site.ask("SELECT count(*) FROM accounts_mail WHERE state = 'sent'")[0][0]


def report_emails(site: Site) -> int:
    """Return the number of emails about the report that beat issued."""
    return site.ask("SELECT count(*) FROM accounts_mail WHERE key LIKE 'report:%'")[0][0]
