"""People who log updates while a backup is made. As a program: ``python -m tests.backup.writers make|write``."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

import django

FILE_EVERY = 5  # updates


class Written(NamedTuple):
    """An acknowledged update; ``at`` is the time after its commit."""

    uuid: UUID
    at: float


def log(action, *, by, form_uuid, text="Logged by a writer."):
    from core import clock  # as a program, Django is set up first
    from strategies.services import updates

    data = updates.UpdateInput(date=clock.today(), text=text, status="ongoing", language="en", form_uuid=form_uuid)
    return updates.log_update(action, by=by, data=data)


def write(seed: int, goes_on: Callable[[], bool]) -> Iterator[Written]:
    """Log updates, every fifth with a file, and yield each after its commit."""
    from strategies.models import ActionUpdate  # as a program, Django is set up first
    from tests.project.shared_data import evidence_on

    random, number = Random(seed), 0
    known = ActionUpdate.objects.filter(text="MARKER-open-fact", author__person__memberships__role="official").first()
    while goes_on():
        number += 1
        uuid = UUID(int=random.getrandbits(128), version=4)
        update = log(known.action, by=known.author, form_uuid=uuid, text=f"Writer {seed}, update {number}.")
        if number % FILE_EVERY == 0:
            evidence_on(update, f"writer-{seed}-{number}.pdf", known.author)
        yield Written(uuid, time.time())
        time.sleep(random.random() / 50)


def check(written: list[Written], began: float, uuids: set[UUID]) -> tuple[int, int, int]:
    """Compares one writer's list with the restored rows: what was acknowledged before is there, without a gap after it.

    Returns how many were acknowledged before the backup began, how many of the others are there, and how many are not.
    """
    before = [row for row in written if row.at < began]
    there = [row for row in written if row.uuid in uuids]
    assert {row.uuid for row in before} <= uuids
    assert there == written[: len(there)]
    return len(before), len(there) - len(before), len(written) - len(there)


def main() -> None:
    django.setup()
    if sys.argv[1] == "make":
        from tests.project.shared_data import make_world  # its imports need Django set up

        make_world()
        return
    seed, stop, file = int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    with file.open("a") as acknowledged:
        for row in write(seed, lambda: not stop.exists()):
            acknowledged.write(f"{row.uuid} {row.at}\n")
            acknowledged.flush()


if __name__ == "__main__":
    main()
