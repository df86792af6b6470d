"""The entry point of `make run`: prepare, start the processes, print the URL."""

import fcntl
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from django.core.exceptions import ImproperlyConfigured

from core import private_files
from epi_site.settings.env import env_bool

from .bind_address import BindAddress, bind_address_from_environment, refuse_public_demo, refuse_taken_port
from .supervisor import ManagedProcess, Supervisor, die_with_parent, say

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO = """\
Demo accounts, password integration-demo, each @demo.example:
  coordinator   partner   moderator   rater1 rater2 rater3   committee1 committee2 committee3
  official.<city>   lead.<city>   expert.<city>   (for example official.linkoping@demo.example)
      cities: linkoping, cartagena, cluj-napoca, dietzenbach, lublin, ravenna, riga"""
NO_DEMO = "Without the demo. To create an empty network and its first coordinator: .venv/bin/python manage.py setup"
ROOT_WARNING = "ignore:You're running the worker with superuser privileges"  # Celery's, eight lines; for one machine


class Announcement:
    """Polls the site until it answers, then prints its URL once."""

    def __init__(self, address: BindAddress, text: str, *, timeout: float = 120) -> None:
        self.address, self.text, self.until = address, text, time.monotonic() + timeout
        self.made = False

    def __call__(self) -> None:
        if self.made:
            return
        if self._answers():
            self.made = True
            say(f"\nThe site answers at {self.address.url}/\n{self.text}\nCtrl-C stops it.\n")
        elif time.monotonic() > self.until:
            raise SystemExit(
                f"Stopped: {self.address.url} has not responded for two minutes; see the lines above for the reason."
            )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address.url}/healthz", timeout=1) as answer:  # noqa: S310 - our own http
                return answer.status == 200
        except urllib.error.HTTPError as error:
            error.close()
            return False
        except OSError:
            return False


class BackgroundWatch:
    """Has worker and beat restarted where /readyz says that background work has stopped.

    Ends the group if it is still stopped PATIENCE seconds later: what started the group then starts all anew.
    """

    INTERVAL, PATIENCE = 30, 300

    def __init__(self, address: BindAddress, restart: Callable[..., None]) -> None:
        self.address, self.restart = address, restart
        self.next_at, self.has_restarted = time.monotonic() + self.INTERVAL, False

    def __call__(self) -> None:
        if time.monotonic() < self.next_at:
            return
        problem = self._problem()
        if problem and self.has_restarted:
            raise SystemExit(f"Stopped: background work has stopped, and a restart did not help ({problem}).")
        if problem:
            say(f"Background work has stopped ({problem}); worker and beat are restarted.")
            self.restart("worker", "beat")
        self.has_restarted = bool(problem)
        self.next_at = time.monotonic() + (self.PATIENCE if problem else self.INTERVAL)

    def _problem(self) -> str:
        """Return what /readyz says of background work, or "" if it runs or nothing is said."""
        try:
            with urllib.request.urlopen(f"{self.address.url}/readyz", timeout=5):  # noqa: S310 - our own http
                return ""
        except urllib.error.HTTPError as error:
            with error:
                return _background_part(error.read())
        except OSError:
            return ""


def _background_part(body: bytes) -> str:
    try:
        state = json.loads(body)["parts"]["background"]
    except (ValueError, KeyError, TypeError):
        return ""
    return "" if state in {"ok", "no answer"} else state


def main() -> int:
    os.chdir(ROOT)
    os.umask(private_files.OTHERS)  # for all processes that start from here
    if os.environ.get("MAKELEVEL"):
        die_with_parent(os.getppid())
    address = bind_address_from_environment()
    refuse_public_demo(address)
    held = lock_data_folder()
    refuse_taken_port(address)
    environment = environment_for(address)
    if code := run_prepare(environment):
        return code
    demo = env_bool("EPI_DEMO", default=True)
    say("Starting the web server, the worker and the scheduler ...")
    supervisor = Supervisor(leaders(address), environment=environment)
    watches: list[Callable[[], None]] = [
        Announcement(address, DEMO if demo else NO_DEMO),
        BackgroundWatch(address, supervisor.restart),
    ]
    with held:
        return supervisor.run(lambda: [watch() for watch in watches])


def run_prepare(environment: dict[str, str]) -> int:
    """Run ``prepare`` in a child process, which frees its memory and ends with this one. Returns the exit code."""
    us, command = os.getpid(), [sys.executable, "-m", "epi_site.run.prepare"]
    return subprocess.run(command, env=environment, preexec_fn=lambda: die_with_parent(us), check=False).returncode  # noqa: S603


def leaders(address: BindAddress) -> list[ManagedProcess]:
    """Return the processes to run. Beat is separate: `worker -B` runs on without a schedule if its beat child dies."""
    celery = [sys.executable, "-W", ROOT_WARNING, "-m", "celery", "--quiet", "-A", "epi_site"]
    level = ["--loglevel", os.environ.get("EPI_LOG_LEVEL", "INFO")]
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "error"]
    # HTTP/1 only: where granian looks which version is spoken, it waits without end for a connection's first byte.
    # Backpressure counts connections, also those that send nothing until the timeout for their header.
    listen = ["--host", address.host, "--port", str(address.port), "--http", "1", "--backpressure", "512"]
    listen += ["--http1-header-read-timeout", "10000"]
    return [
        ManagedProcess("web", [*web, *listen, "epi_site.run.web:application"]),
        ManagedProcess(
            "worker",
            [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", *level],
            restarts=True,
        ),
        ManagedProcess("beat", [*celery, "beat", "--pidfile", "", *level], restarts=True),
    ]


def environment_for(address: BindAddress) -> dict[str, str]:
    given = {"EPI_ALLOWED_HOSTS": ",".join(address.names()), "EPI_SITE_URL": address.url}
    # One process for each processor. Its threads are started as they are needed, most of them to wait for bodies:
    # core.request_body reads their number, too, and lets few of them answer at the same time.
    given["GRANIAN_BLOCKING_THREADS"] = "64"
    processes = os.environ.get("GRANIAN_WORKERS") or str(os.cpu_count() or 1)
    return {**given, **os.environ, "GRANIAN_WORKERS": processes, "PYTHONUNBUFFERED": "1"}


def lock_data_folder() -> IO[str]:
    """Lock the data folder for one group: two beats would enqueue twice, and workers would share messages."""
    folder = Path(os.environ.get("EPI_DATA_DIR", ROOT / "var")).resolve()
    private_files.make_private_folder(folder)
    held = (folder / "run.lock").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(
            f"Not started: the site is already running on the data in {folder}. Stop it first, or set EPI_DATA_DIR."
        ) from None
    except OSError as error:
        raise SystemExit(f"Not started: the data folder {folder} cannot be locked ({error}).") from error
    return held


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ImproperlyConfigured as error:
        sys.exit(f"Not started: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
