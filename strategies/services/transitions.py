"""Change the state of a period, and freeze what it holds. Called by the services that decide on it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cities.models import Person
from core import clock
from core.exceptions import ReasonMissing
from core.snapshots import canonical, sha256_hex
from strategies.enums import ALL_TRANSITIONS, NEEDS_TEXT, NEXT_REVISION, PeriodState
from strategies.models import (
    CityPeriod,
    PeriodRevision,
    PeriodTransition,
    RevisionAction,
    RevisionFile,
    RevisionIndicator,
)
from strategies.period_snapshot import SCHEMA_VERSION
from strategies.selectors.frozen_rows import frozen_action_row, frozen_file_rows, frozen_indicator_row
from strategies.signals import period_state_changed

from . import notifications


def change_state(
    city_period: CityPeriod,
    verb: str,
    *,
    by: Any,
    on_behalf_of: Person | None = None,
    text: str = "",
    marks: Iterable[dict] = (),
    carried_from: datetime | None = None,
) -> tuple[CityPeriod, PeriodTransition]:
    """Change the state of a locked row. The only function that does.

    Inserting the PeriodTransition updates the period by a trigger, so that the following save changes nothing more.
    ``carried_from``: when it was decided on the revision before; nobody is notified again.
    """
    current, target = PeriodState(city_period.state), ALL_TRANSITIONS[verb][1]
    if verb in NEEDS_TEXT and not text.strip():
        raise ReasonMissing
    transition = PeriodTransition.objects.create(
        city_period=city_period,
        number=city_period.transition_count + 1,
        verb=verb,
        from_state=current,
        to_state=target,
        revision=city_period.revision,
        by=by,
        on_behalf_of=on_behalf_of,
        text=text.strip(),
        marks=list(marks),
        at=carried_from or clock.now(),
    )
    city_period.state = target
    city_period.revision += verb in NEXT_REVISION
    city_period.transition_count = transition.number
    city_period.save(update_fields=["state", "revision", "transition_count"])
    if carried_from is None:
        notifications.notify_of_transition(transition)
    return city_period, transition


def send_state_changed(
    city_period: CityPeriod, transition: PeriodTransition, revision: PeriodRevision | None = None
) -> None:
    period_state_changed.send(sender=CityPeriod, city_period=city_period, transition=transition, revision=revision)


def freeze(city_period: CityPeriod, contents: dict, *, schema_version: int = SCHEMA_VERSION) -> PeriodRevision:
    """Store the contents as the period's revision. The period has just been submitted."""
    snapshot = canonical(contents)
    revision = PeriodRevision.objects.create(
        city_period=city_period,
        number=city_period.revision,
        snapshot=snapshot,
        sha256=sha256_hex(snapshot),
        schema_version=schema_version,
    )
    RevisionAction.objects.bulk_create(frozen_action_row(revision, entry) for entry in contents["actions"])
    RevisionIndicator.objects.bulk_create(frozen_indicator_row(revision, entry) for entry in contents["indicators"])
    RevisionFile.objects.bulk_create(frozen_file_rows(revision, contents))
    return revision
