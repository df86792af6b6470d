"""Test with real sockets that senders of slow bodies do not keep a server from answering others."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack

import pytest

from core.request_body import CHUNK
from tests.browser.live_site import ROOT, free_port

pytestmark = pytest.mark.waits
THREADS = 4  # of `make run`


@pytest.fixture(scope="module")
def port():
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--blocking-threads", str(THREADS), "tests.core.slow_site:application"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "epi_site.settings.test"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not _answers(port):
            time.sleep(0.1)
        yield port
        server.terminate()


def _answers(port):
    try:
        return get(port) == (200, b"0")
    except OSError:
        return False


def get(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return answer.status, answer.read()


def begin_post(port, length):
    sender = socket.create_connection(("127.0.0.1", port), timeout=8)
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    sender.sendall(head.encode())
    return sender


def response_to(sender):
    parts = []
    while part := sender.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("length", [1, CHUNK - 1, CHUNK, 3 * CHUNK + 5])
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
        began = time.monotonic()
        for sender in senders:
            sender.sendall(b"x")
        time.sleep(1.5)  # each may wait for half a second, four at a time

        asked = time.monotonic()
        assert get(port) == (200, b"0")
        assert time.monotonic() - asked < 1
        assert time.monotonic() - began < 3

        assert {response_to(sender)[:12] for sender in senders} == {b"HTTP/1.1 408"}

    assert get(port) == (200, b"0")
