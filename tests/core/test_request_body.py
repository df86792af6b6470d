"""Test with real sockets that slow and silent senders do not keep a server from answering others."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager, suppress

import pytest

from epi_site.run.__main__ import environment_for, leaders
from epi_site.run.bind_address import BindAddress
from tests.browser.live_site import ROOT, free_port

pytestmark = pytest.mark.waits
THREADS = 4


@pytest.fixture(scope="module")
def port():
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    with served(command, port, {"GRANIAN_BLOCKING_THREADS": str(THREADS)}):
        yield port


@pytest.fixture(scope="module")
def port_of_make_run():
    address = BindAddress("127.0.0.1", free_port())
    *command, _application = leaders(address)[0].command
    with served(command, address.port, environment_for(address)):
        yield address.port


@contextmanager
def served(command, port, environment):
    environment = os.environ | environment | {"DJANGO_SETTINGS_MODULE": "epi_site.settings.test"}
    command = [*command, "tests.core.slow_site:application"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not _answers(port):
            time.sleep(0.1)
        yield
        server.terminate()


def _answers(port):
    try:
        return get(port) == (200, b"0")
    except OSError:
        return False


def get(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return answer.status, answer.read()


def begin_post(port, length, path="/"):
    sender = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    sender.sendall(head.encode())
    return sender


def response_to(sender):
    parts = []
    with suppress(ConnectionResetError):  # what was sent after the response was not read
        while part := sender.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("length", [1, 1000, 100_000, 3_000_001])
def test_whole_body_is_read(port, length):
    with begin_post(port, length) as sender:
        sender.sendall(b"x" * length)
        answer = response_to(sender)

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(f"\r\n\r\n{length}".encode())


def test_body_in_pieces_is_read(port):
    with begin_post(port, 3) as sender:
        for _ in range(3):
            time.sleep(0.4)
            sender.sendall(b"x")
        answer = response_to(sender)

    assert answer.endswith(b"\r\n\r\n3")


def test_slow_senders_do_not_stop_the_site_and_are_cut_off(port):
    with ExitStack() as stack:
        senders = [stack.enter_context(begin_post(port, 1000)) for _ in range(2 * THREADS)]
        until = time.monotonic() + 3
        while time.monotonic() < until:
            for sender in senders:
                with suppress(OSError):  # refused by now
                    sender.sendall(b"x")
            asked = time.monotonic()
            assert get(port) == (200, b"0")
            assert time.monotonic() - asked < 1
            time.sleep(0.2)
        answers = [response_to(sender)[9:12] for sender in senders]

    assert sorted(answers) == [b"408"] * 2 + [b"503"] * 6
    with begin_post(port, 5) as sender:
        sender.sendall(b"x" * 5)
        assert response_to(sender).startswith(b"HTTP/1.1 200")


def test_silent_senders_do_not_stop_the_site(port):
    with ExitStack() as stack:
        for _ in range(2 * THREADS):
            stack.enter_context(begin_post(port, 1000))
        time.sleep(0.3)
        asked = time.monotonic()

        assert get(port) == (200, b"0")
        assert time.monotonic() - asked < 1


@pytest.mark.parametrize("first_bytes", [b"", b"GET / HT", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"])
def test_silent_connections_do_not_stop_make_run(port_of_make_run, first_bytes):
    with ExitStack() as stack:
        for _ in range(100):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port_of_make_run)))
            connection.sendall(first_bytes)
        time.sleep(0.3)
        asked = time.monotonic()

        assert get(port_of_make_run) == (200, b"0")
        assert time.monotonic() - asked < 1


def test_silent_senders_do_not_keep_others_from_sending_forms_under_make_run(port_of_make_run):
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(begin_post(port_of_make_run, 1000))
        time.sleep(0.3)
        asked = time.monotonic()

        assert get(port_of_make_run) == (200, b"0")
        with begin_post(port_of_make_run, 5) as sender:
            sender.sendall(b"x" * 5)
            assert response_to(sender).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - asked < 1


def test_wait_for_busy_threads_does_not_count_as_a_slow_body(port_of_make_run):
    """Ten rounds of MOST_ANSWERED requests take longer than a body of 500 bytes may."""
    with ExitStack() as stack:
        senders = [stack.enter_context(begin_post(port_of_make_run, 500, "/busy")) for _ in range(40)]
        for sender in senders:
            sender.sendall(b"x" * 500)
        answers = [response_to(sender)[9:12] for sender in senders]

    assert answers == [b"200"] * 40
