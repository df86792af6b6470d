"""Measure the throughput of a running site with wrk: a temporary one, on a free port, that ends with the command."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from epi_site.demo.bench.targets import BARE, Target
from epi_site.run.__main__ import environment_for, leaders
from epi_site.run.bind_address import BindAddress

ONE_BY_ONE = ["wrk", "-t1", "-c4"]
NO_WRK = "wrk was not found. Install it (Debian, Ubuntu: apt-get install wrk), then run this again."


class Command(BaseCommand):
    help = (
        "Starts the site on a temporary data folder, without DATABASE_URL and REDIS_URL, and on a free port, "
        "asks its pages with wrk over four connections, and prints requests a second and their shares beside the bars."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--size", default="7x12", help="CITIESxACTIONS of the network")
        parser.add_argument("--seconds", type=int, default=10, help="for each page")

    def handle(self, *, size, seconds, **options):
        if not shutil.which("wrk"):
            raise CommandError(NO_WRK)
        with TemporaryDirectory() as folder:
            environment = _environment(folder)
            _run(environment, "-m", "epi_site.run.prepare")
            targets = [Target(*row) for row in json.loads(_run(environment, "-m", "epi_site.demo.bench.fill", size))]
            bare_environment = environment | {"DJANGO_SETTINGS_MODULE": "epi_site.demo.bench.bare_settings"}
            with _served(bare_environment, ["--factory", "django.core.wsgi:get_wsgi_application"], "/bare/") as url:
                found = {BARE: _throughput(url, Target(BARE, "/bare/"), seconds)}
            with _served(environment, ["epi_site.run.web:application"], "/healthz") as url:
                found |= {target.name: _throughput(url, target, seconds) for target in targets}
                memory = _memory()
        self._print(size, targets, found, memory)

    def _print(self, size, targets, found, memory):
        self.stdout.write(f"SQLite, {size}, {os.cpu_count()} processors; {' '.join(ONE_BY_ONE)}")
        self.stdout.write(f"{'page':28}{'requests/s':>11}{'share':>8}{'bar':>7}")
        self.stdout.write(f"{BARE:28}{found[BARE]:>11.0f}")
        for target in targets:
            share = found[target.name] / found[target.compared_with]
            line = f"{target.name:28}{found[target.name]:>11.0f}{share:>8.2f}"
            if target.bar:
                line += f"{target.bar:>7.2f}  {'held' if share >= target.bar else 'UNDER THE BAR'}"
            self.stdout.write(line)
        if memory:
            self.stdout.write(f"Memory of each process afterwards: {', '.join(f'{mb} MB' for mb in memory)}")


def _environment(folder: str) -> dict[str, str]:
    foreign = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    own = {"EPI_DATA_DIR": folder, "EPI_DEMO": "0", "EPI_LOG_LEVEL": "ERROR"}
    return kept | own | {"DJANGO_SETTINGS_MODULE": "epi_site.settings.local"}


def _run(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if ended.returncode:
        raise CommandError(f"{' '.join(arguments)} has failed:\n{ended.stderr[-3000:] or ended.stdout[-3000:]}")
    return ended.stdout


@contextmanager
def _served(environment: dict[str, str], application: list[str], probe: str) -> Iterator[str]:
    """Start the web server of ``make run`` and yield its URL once it answers."""
    address = BindAddress("127.0.0.1", _free_port())
    command = [*leaders(address)[0].command[:-1], *application]
    given = environment_for(address) | environment
    log = Path(environment["EPI_DATA_DIR"]) / "web.log"
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=settings.BASE_DIR, env=given, stdout=output, stderr=output)  # noqa: S603 - our own
        try:
            _wait_for(f"{address.url}{probe}", server, log)
            yield address.url
        finally:
            server.terminate()
            server.wait(timeout=30)


def _memory() -> list[int]:
    """Return the megabytes of each process of the web server; none where there is no /proc."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):  # ended meanwhile
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            if int(fields["PPid"]) in _children_of(os.getpid()) and "VmRSS" in fields:
                found.append(int(fields["VmRSS"].split()[0]) // 1024)
    return found


def _children_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own http
                return
        except OSError:
            time.sleep(0.2)
    raise CommandError(f"The site has not answered at {url}:\n{log.read_text()[-3000:]}")


def _throughput(url: str, target: Target, seconds: int) -> float:
    """Return requests a second, after one second to warm up. Raises CommandError if an answer is an error."""
    cookie = ["-H", f"Cookie: {settings.SESSION_COOKIE_NAME}={target.session}"] if target.session else []
    for duration in (1, seconds):
        command = [*ONE_BY_ONE, f"-d{duration}s", *cookie, url + target.path]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - wrk
    if "Non-2xx" in said or not (rate := re.search(r"Requests/sec:\s+([\d.]+)", said)):
        raise CommandError(f"{target.name} was not answered:\n{said}")
    return float(rate[1])
