"""The processes of `make run` start and stop together, and problems are reported before they start."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage

from core import fonts
from epi_site.run import bind_address, prepare, supervisor
from epi_site.run.__main__ import BackgroundWatch, environment_for
from epi_site.run.bind_address import BindAddress

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells a child that its parent died.")

# A process with a child, like granian and Celery: writes both pids, and stops its child on SIGTERM.
LEADER = """
import os, pathlib, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
def leave(*_):
    child.terminate(); child.wait(); sys.exit(0)
signal.signal(signal.SIGTERM, {on_term})
print("ready", flush=True)
pathlib.Path(sys.argv[1]).write_text(f"{{os.getpid()}} {{child.pid}}")
time.sleep({seconds})
sys.exit({code})
"""


def leader(name, folder, *, seconds=60, code=0, on_term="leave", restarts=False):
    program = LEADER.format(seconds=seconds, code=code, on_term=on_term)
    return supervisor.ManagedProcess(name, [sys.executable, "-c", program, str(folder / name)], restarts)


@pytest.fixture
def start(tmp_path):
    """Start a supervisor of the given processes in its own process; the rest is killed after the test."""
    started = []

    def start(*leaders, timeout=10, min_life=60):
        program = textwrap.dedent(f"""
            import os, sys
            from epi_site.run.supervisor import ManagedProcess, Supervisor
            sys.exit(Supervisor({list(leaders)!r}, environment=dict(os.environ), timeout={timeout},
                                min_life={min_life}).run())
        """)
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
    for pid in pids(tmp_path):
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def pids(folder):
    return [int(pid) for file in folder.iterdir() for pid in file.read_text().split()]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(status.strip()) and not status.startswith("Z")


def until(condition, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def all_started(folder, count):
    return until(lambda: len([file for file in folder.iterdir() if file.read_text()]) == count)


def none_left(folder):
    return until(lambda: not any(is_alive(pid) for pid in pids(folder)))


@pytest.mark.waits
def test_failed_process_stops_group_with_its_exit_code(start, tmp_path):
    group = start(leader("steady", tmp_path), leader("weak", tmp_path, seconds=1, code=7))

    code = group.wait(timeout=20)

    assert code == 7
    assert none_left(tmp_path)
    assert "weak has ended with code 7" in group.stdout.read()


@pytest.mark.waits
def test_process_that_exits_with_code_0_is_an_error(start, tmp_path):
    group = start(leader("steady", tmp_path), leader("weak", tmp_path, seconds=0.5))

    assert group.wait(timeout=20) == 1


@pytest.mark.waits
def test_killed_process_leaves_no_children(start, tmp_path):
    group = start(leader("steady", tmp_path), leader("struck", tmp_path))
    assert all_started(tmp_path, 2)

    os.kill(int((tmp_path / "struck").read_text().split()[0]), signal.SIGKILL)

    assert group.wait(timeout=20) == 128 + signal.SIGKILL
    assert none_left(tmp_path)


@pytest.mark.waits
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_stops_group_with_code_0(start, tmp_path, number):
    group = start(leader("one", tmp_path), leader("two", tmp_path))
    assert all_started(tmp_path, 2)

    group.send_signal(number)

    assert group.wait(timeout=20) == 0
    assert none_left(tmp_path)


@pytest.mark.waits
def test_process_that_ignores_sigterm_is_killed_with_error(start, tmp_path):
    group = start(leader("deaf", tmp_path, on_term="signal.SIG_IGN"), timeout=0.5)
    assert all_started(tmp_path, 1)

    group.terminate()

    assert group.wait(timeout=20) == 1
    assert none_left(tmp_path)


@pytest.mark.waits
@LINUX
def test_killed_supervisor_leaves_no_processes(start, tmp_path):
    group = start(leader("one", tmp_path), leader("two", tmp_path))
    assert all_started(tmp_path, 2)

    group.kill()

    assert none_left(tmp_path)


@pytest.mark.waits
def test_output_lines_start_with_process_name(start, tmp_path):
    group = start(leader("web", tmp_path, seconds=0.5, code=3))

    group.wait(timeout=20)

    assert "   web | ready" in group.stdout.read().splitlines()


# ---- processes that are started again


@pytest.mark.waits
@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_worker_that_ends_is_started_again(start, tmp_path, number, code):
    group = start(leader("web", tmp_path), leader("worker", tmp_path, restarts=True), min_life=0)
    assert all_started(tmp_path, 2)
    before = (tmp_path / "worker").read_text()

    os.kill(int(before.split()[0]), number)

    assert until(lambda: (tmp_path / "worker").read_text() not in {"", before})
    assert is_alive(int((tmp_path / "web").read_text().split()[0]))
    group.terminate()
    assert group.wait(timeout=20) == 0
    assert f"worker has ended with code {code} and is started again." in group.stdout.read()
    assert none_left(tmp_path)


@pytest.mark.waits
def test_worker_that_ends_soon_after_its_start_stops_group(start, tmp_path):
    group = start(leader("web", tmp_path), leader("worker", tmp_path, seconds=0.5, code=3, restarts=True))

    assert group.wait(timeout=20) == 3
    assert none_left(tmp_path)


# ---- background work that has stopped


@pytest.fixture
def site_that_says():
    """Start a web server whose /readyz answers with the given state of background work."""
    said = {"background": "ok"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if said["background"] == "ok" else 503)
            self.end_headers()
            self.wfile.write(json.dumps({"parts": said}).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield BindAddress("127.0.0.1", server.server_port), said
    server.shutdown()
    server.server_close()


@pytest.fixture
def watch(site_that_says, monkeypatch):
    monkeypatch.setattr(BackgroundWatch, "INTERVAL", 0)
    monkeypatch.setattr(BackgroundWatch, "PATIENCE", 0)
    restarted = []
    watch = BackgroundWatch(site_that_says[0], lambda *names: restarted.append(names))
    return SimpleNamespace(call=watch, said=site_that_says[1], restarted=restarted)


def test_worker_and_beat_are_restarted_when_background_work_has_stopped(watch, capsys):
    watch.call()
    quiet = list(watch.restarted)
    watch.said["background"] = "no periodic task has ended for 9 minutes"

    watch.call()

    assert (quiet, watch.restarted) == ([], [("worker", "beat")])
    assert "Background work has stopped (no periodic task has ended for 9 minutes)" in capsys.readouterr().out


def test_group_ends_when_a_restart_has_not_helped(watch):
    watch.said["background"] = "no periodic task has ended for 9 minutes"
    watch.call()

    with pytest.raises(SystemExit, match="a restart did not help"):
        watch.call()


def test_worker_is_restarted_again_after_background_work_ran(watch):
    for state in ("stopped", "ok", "stopped"):
        watch.said["background"] = state
        watch.call()

    assert watch.restarted == [("worker", "beat")] * 2


def test_unreachable_site_or_cache_restarts_nothing(watch):
    watch.said["background"] = "no answer"
    watch.call()
    watch.call.address = BindAddress("127.0.0.1", 1)
    watch.call()

    assert watch.restarted == []


# ---- static files


def test_static_files_are_collected_again_after_change_only(tmp_path, settings, monkeypatch):
    source = tmp_path / "dist"
    source.mkdir()
    (source / "site.css").write_text("h1 {}")
    os.utime(source / "site.css", (1, 1))
    settings.STATIC_ROOT, settings.BASE_DIR = tmp_path / "collected", tmp_path
    (tmp_path / "requirements.txt").touch()
    os.utime(tmp_path / "requirements.txt", (2, 2))
    storage = FileSystemStorage(source)
    finder = SimpleNamespace(list=lambda _ignored: [("site.css", storage)])
    monkeypatch.setattr(prepare, "get_finders", lambda: [finder])

    never = prepare.is_collected()
    settings.STATIC_ROOT.mkdir()
    (settings.STATIC_ROOT / "staticfiles.json").write_text("{}")
    after_collecting = prepare.is_collected()
    os.utime(source / "site.css", (2**33, 2**33))
    after_a_change = prepare.is_collected()

    assert (never, after_collecting, after_a_change) == (False, True, False)


# ---- a demo that was not loaded completely


@pytest.fixture
def half_a_demo(tmp_path, settings, monkeypatch):
    settings.DATA_DIR, settings.IS_SQLITE = tmp_path, True
    settings.MEDIA_ROOT, settings.EMAIL_FILE_PATH = tmp_path / "files", tmp_path / "mails"
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", tmp_path / "db.sqlite3")
    (tmp_path / "files").mkdir()
    for name in ("db.sqlite3", "db.sqlite3-wal", "files/photo.jpg", "secret-key", prepare.LOADING_MARKER):
        (tmp_path / name).touch()
    return tmp_path


def test_partial_demo_is_removed_and_secret_key_kept(half_a_demo, capsys):
    prepare.remove_partial_demo()

    assert [file.name for file in half_a_demo.iterdir()] == ["secret-key"]
    assert "it starts again" in capsys.readouterr().out


def test_complete_demo_is_kept(half_a_demo):
    (half_a_demo / prepare.LOADING_MARKER).unlink()

    prepare.remove_partial_demo()

    assert (half_a_demo / "db.sqlite3").exists()
    assert (half_a_demo / "files/photo.jpg").exists()


def test_partial_demo_on_database_server_is_kept(half_a_demo, settings):
    settings.IS_SQLITE = False

    with pytest.raises(SystemExit, match="Empty the database, then remove"):
        prepare.remove_partial_demo()

    assert (half_a_demo / "files/photo.jpg").exists()


# ---- checks before the start


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield BindAddress("127.0.0.1", listener.getsockname()[1])


def test_used_port_is_refused_with_suggestion(taken):
    with pytest.raises(SystemExit, match=f"choose another port, for example: make run PORT={taken.port + 1}"):
        bind_address.refuse_taken_port(taken, timeout=0)


def test_free_port_is_not_refused():
    bind_address.refuse_taken_port(BindAddress("127.0.0.1", 0), timeout=0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "epi.example"])
def test_demo_is_refused_on_public_address(monkeypatch, host):
    for name in ("EPI_DEMO", "EPI_DEMO_FORCE"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SystemExit, match="the demo password is public"):
        bind_address.refuse_public_demo(BindAddress(host, 8000))


@pytest.mark.parametrize("host, name, value", [("0.0.0.0", "EPI_DEMO_FORCE", "1"), ("0.0.0.0", "EPI_DEMO", "0")])
def test_demo_is_not_refused_when_forced_or_off(monkeypatch, host, name, value):
    monkeypatch.setenv(name, value)

    bind_address.refuse_public_demo(BindAddress(host, 8000))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.1.1", "localhost", "::1"])
def test_demo_is_allowed_on_loopback_address(monkeypatch, host):
    monkeypatch.delenv("EPI_DEMO", raising=False)

    bind_address.refuse_public_demo(BindAddress(host, 8000))


def test_host_and_port_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("HOST", "::1")
    monkeypatch.setenv("PORT", "9000")

    address = bind_address.bind_address_from_environment()

    assert address == BindAddress("::1", 9000)
    assert address.url == "http://[::1]:9000"


def test_allowed_hosts_follow_host_unless_given(monkeypatch):
    monkeypatch.delenv("EPI_ALLOWED_HOSTS", raising=False)
    followed = environment_for(BindAddress("192.0.2.7", 8000))["EPI_ALLOWED_HOSTS"]
    monkeypatch.setenv("EPI_ALLOWED_HOSTS", "epi.example")
    given = environment_for(BindAddress("192.0.2.7", 8000))["EPI_ALLOWED_HOSTS"]

    assert "192.0.2.7" in followed.split(",")
    assert given == "epi.example"


def test_names_of_all_interfaces_are_host_names():
    names = BindAddress("0.0.0.0", 8000).names()

    assert socket.gethostname() in names
    assert "0.0.0.0" not in names
    assert "*" not in names


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_invalid_port_is_refused_with_valid_range(monkeypatch, port):
    monkeypatch.setenv("PORT", port)

    with pytest.raises(ImproperlyConfigured, match="from 1 to 65535"):
        bind_address.bind_address_from_environment()


@pytest.mark.waits
def test_unreachable_database_is_reported_without_traceback(tmp_path):
    environment = os.environ | {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "EPI_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "epi_site.settings.local",
    }

    ended = subprocess.run(
        [sys.executable, "-m", "epi_site.run.prepare"], env=environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("Not started: the database cannot be used. Check that the server in DATABASE_URL")
    assert "Traceback" not in ended.stderr


def test_missing_fonts_are_reported_at_start(settings, tmp_path):
    settings.FONTS_DIR = tmp_path
    without = " ".join(prepare.degraded())
    for name in fonts.SETS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "fonts.json").write_text("[]")

    told = " ".join(prepare.degraded())

    assert "make fonts)" in without
    assert "make fonts-chinese)" in without
    assert "fonts" not in told


def test_unreachable_redis_is_reported_at_start(settings, monkeypatch):
    def silent():
        raise ConnectionError

    settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(prepare.health, "check_cache", silent)
    monkeypatch.setattr(prepare.health, "check_broker", silent)

    told = " ".join(prepare.degraded())

    assert "nobody can sign in until it does" in told
    assert "reports and emails wait until it does" in told
