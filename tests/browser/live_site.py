"""Serve the demo for browser tests: in a separate process, with a separate data folder, on a free port."""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "integration-demo"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    from_environment = os.environ.get("EPI_CHROMIUM")
    return from_environment or next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Site:
    """A running demo: its URL, and a way to run code in it."""

    def __init__(self, url: str, environment: dict[str, str]):
        self.url, self.environment = url, environment

    @property
    def rendered(self) -> set[str]:
        """Return the names of the templates that were rendered so far."""
        return set((Path(self.environment["EPI_DATA_DIR"]) / "templates.txt").read_text("utf-8").split())

    def shell(self, code: str) -> str:
        """Run ``code`` in Django's shell with the same database and return its output."""
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
        result = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr[-3000:]
        return result.stdout.strip()


COMMANDS = (
    ["migrate", "-v0"],
    ["createcachetable"],
    ["collectstatic", "--noinput", "-v0"],
    ["seed_demo"],
)


def load_demo(shared: Path, environment: dict[str, str]) -> Path:
    """Return a data folder with the demo, created by the first process that needs it."""
    folder = shared / "demo"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            new_folder = Path(tempfile.mkdtemp(dir=shared))
            for command in COMMANDS:
                result = subprocess.run(
                    [sys.executable, "manage.py", *command],
                    cwd=ROOT,
                    env=environment | {"EPI_DATA_DIR": str(new_folder)},
                    capture_output=True,
                    text=True,
                )
                assert result.returncode == 0, f"{' '.join(command)}: {result.stderr[-3000:]}"
            new_folder.rename(folder)
    return folder


@contextmanager
def demo_site(shared: Path) -> Iterator[Site]:
    """Serve a copy of the demo on a free port of this machine, and stop it at the end."""
    folder, port = Path(tempfile.mkdtemp(prefix="epi-browser-")), free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "EPI_DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "epi_site.settings.local",
        "EPI_SITE_URL": url,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "EPI_LOG_LEVEL": "WARNING",
    }
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        environment.pop(name, None)
    try:
        shutil.copytree(load_demo(shared, environment), folder, dirs_exist_ok=True)
        with _run_server(port, environment):
            yield Site(url, environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _run_server(port: int, environment: dict[str, str]) -> Iterator[None]:
    command = [str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", "127.0.0.1"]
    command += [
        "--port",
        str(port),
        "--workers",
        "1",
        "--blocking-threads",
        "4",
        "tests.browser.template_recorder:application",
    ]
    log = Path(environment["EPI_DATA_DIR"]) / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            _wait_for_server(port, server, log)
            yield
        finally:
            server.terminate()
            server.wait(20)


def _wait_for_server(port: int, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text(errors="replace")[-3000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"The server did not answer: {log.read_text(errors='replace')[-3000:]}")
