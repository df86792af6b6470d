"""Log updates while a backup is made; also a program: ``python -m tests.backup.writers make|write``."""

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
    """An update whose commit had returned by the time ``at``."""

    uuid: UUID
    at: float


def log(action, *, by, form_uuid, text="Logged by a writer."):
    from core import clock  # imported here: the program sets up Django first
    from strategies.services import updates

    data = updates.UpdateInput(date=clock.today(), text=text, stage="ongoing", language="en", form_uuid=form_uuid)
    return updates.log_update(action, by=by, data=data)


def write(seed: int, should_continue: Callable[[], bool]) -> Iterator[Written]:
    """Log updates, every fifth with a file; yield each one after its commit."""
    from strategies.models import ActionUpdate  # imported here: the program sets up Django first
    from tests.project.shared_data import evidence_on

    rng, number = Random(seed), 0
    known = ActionUpdate.objects.filter(text="MARKER-open-fact", author__person__memberships__role="official").first()
    while should_continue():
        number += 1
        uuid = UUID(int=rng.getrandbits(128), version=4)
        update = log(known.action, by=known.author, form_uuid=uuid, text=f"Writer {seed}, update {number}.")
        if number % FILE_EVERY == 0:
            evidence_on(update, f"writer-{seed}-{number}.pdf", known.author)
        yield Written(uuid, time.time())
        time.sleep(rng.random() / 50)


def check(written: list[Written], began: float, uuids: set[UUID]) -> tuple[int, int, int]:
    """Compare the updates of one writer with the restored rows: no earlier update is missing, and there is no gap.

    Return how many were committed before the backup began, how many later ones were restored, and how many were not.
    """
    before = [row for row in written if row.at < began]
    restored = [row for row in written if row.uuid in uuids]
    assert {row.uuid for row in before} <= uuids
    assert restored == written[: len(restored)]
    return len(before), len(restored) - len(before), len(written) - len(restored)


def main() -> None:
    django.setup()
    if sys.argv[1] == "make":
        from tests.project.shared_data import make_world  # imported here: needs Django set up

        make_world()
        return
    seed, stop, file = int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
    with file.open("a") as acknowledged:
        for row in write(seed, lambda: not stop.exists()):
            acknowledged.write(f"{row.uuid} {row.at}\n")
            acknowledged.flush()


if __name__ == "__main__":
    main()
