"""The filesystem broker: a message is complete or absent, and an unreadable one does not stop a worker."""

import json
import os
import threading
import time
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from epi_site import broker


@pytest.fixture
def channel(tmp_path, monkeypatch):
    monkeypatch.setattr(broker, "PAUSE", 0.001)
    (tmp_path / "messages").mkdir()
    folder = str(tmp_path / "messages")
    options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": str(tmp_path / "control")}
    with Connection("filesystem://", transport_options=options) as connection:
        channel = connection.channel()
        assert type(channel) is broker.Channel
        yield channel


def messages(channel) -> list[Path]:
    return sorted(Path(channel.data_folder_in).iterdir())


def test_message_is_never_read_before_it_is_complete(channel):
    wanted, seen, done = 300, [], threading.Event()

    def read():
        while not (done.is_set() and len(seen) == wanted):
            try:
                seen.append(channel._get("celery")["number"])
            except Empty:
                continue

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(wanted):
        channel._put("celery", {"number": number, "body": "x" * 5_000})
    done.set()
    reader.join(timeout=30)

    assert sorted(seen) == list(range(wanted))
    assert messages(channel) == []


def test_unreadable_message_is_skipped(channel):
    Path(channel.data_folder_in, "0_first.celery.msg").write_text("")
    channel._put("celery", {"number": 1})

    with pytest.raises(Empty):
        channel._get("celery")

    assert channel._get("celery") == {"number": 1}


def test_failed_write_leaves_no_message_file(channel, monkeypatch):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    with pytest.raises(broker.filesystem.ChannelError):
        channel._put("celery", {"number": 1})

    assert messages(channel) == []


def test_leftover_messages_are_deleted_after_a_day(tmp_path):
    for name, hours in (("1_a.celery.msg", 1), ("2_b.host.celery.pidbox.msg", 25), ("3_c.celery.msg.part", 25)):
        (tmp_path / name).touch()
        written = time.time() - hours * 3600
        os.utime(tmp_path / name, (written, written))

    broker.delete_leftovers({"data_folder_in": str(tmp_path)})

    assert [file.name for file in tmp_path.iterdir()] == ["1_a.celery.msg"]


def test_empty_exchange_table_is_replaced(channel):
    channel._queue_bind("bells", "key", "", "first")
    table = channel._exchange_file("bells")
    table.write_text("")

    channel._queue_bind("bells", "key", "", "second")

    assert [queue.queue for queue in channel.get_table("bells")] == ["second"]
    assert json.loads(table.read_text())[0][2] == "second"
