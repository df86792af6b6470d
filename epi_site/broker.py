"""A broker in a folder on one machine: kombu's filesystem transport without its half-written files.

kombu creates a message under its final name and writes it afterwards, so that a worker that reads in between gets an
empty file and exits. Here a message appears complete or not at all, and an unreadable file is skipped. Nothing is lost:
the database row is the queue, and the next periodic task enqueues it again.
"""

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

from core.old_files import delete_old_files

log = logging.getLogger(__name__)
MESSAGE_MAX_AGE = timedelta(days=1)
TRIES, PAUSE = 20, 0.05  # seconds between two attempts to read a table that another process is writing


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:
        """Write to a temporary name, then rename: no queue matches ``….msg.part``."""
        name = f"{time.monotonic_ns() // 1_000_000}_{os.urandom(16).hex()}.{queue}.msg"
        final, half = Path(self.data_folder_out, name), Path(self.data_folder_out, f"{name}.part")
        try:
            half.write_text(dumps(payload), encoding="utf-8")
            half.replace(final)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise filesystem.ChannelError(f"The message {name} could not be written.") from error

    def _get(self, queue: str) -> Any:
        try:
            return super()._get(queue)
        except ValueError as error:
            log.warning("A message that cannot be read was left out: %s", error)
            raise Empty from error

    def get_table(self, exchange: str) -> list[Any]:
        return self._with_retries(super().get_table, exchange)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        self._with_retries(super()._queue_bind, exchange, routing_key, pattern, queue)

    def _with_retries(self, step: Callable[..., Any], exchange: str, *rest: str) -> Any:
        """Retry while another process writes the table; delete the table if its writer died half-way."""
        for _attempt in range(TRIES):
            try:
                return step(exchange, *rest)
            except ValueError:
                time.sleep(PAUSE)
        log.warning("The table of the exchange %r cannot be read and is begun anew.", exchange)
        self._exchange_file(exchange).unlink(missing_ok=True)
        return step(exchange, *rest)


class Transport(filesystem.Transport):
    Channel = Channel


def delete_leftovers(options: dict[str, Any]) -> None:
    """Delete messages that no worker has read for a day: all expire earlier, and those of an ended process stay."""
    delete_old_files(Path(options["data_folder_in"]), datetime.now(UTC) - MESSAGE_MAX_AGE)


def install() -> None:
    """Make ``filesystem://`` use this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
