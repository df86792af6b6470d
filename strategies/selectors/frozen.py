"""What readers see of submitted periods: revisions, and their rows, reduced to what each reader may see."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from cities.enums import Visibility
from cities.rules import insider_city_ids, reads_network
from strategies.models import Action, CityPeriod, Indicator, PeriodRevision, RevisionAction, RevisionIndicator, Strategy
from strategies.models.visibility import SHARED_VISIBILITIES
from strategies.period_snapshot import (
    PeriodSnapshot,
    SnapshotAction,
    SnapshotEarlierValue,
    SnapshotIndicator,
    SnapshotUpdate,
    SnapshotValue,
)

from .disclosure import few_text, is_few, reads_all_figures, withheld_text

with_changes = msgspec.structs.replace


class Origin(NamedTuple):
    """The revision that an entry comes from."""

    period: str  # its name
    revision: int  # its number
    city_period_id: int


def revision_for(city_period: CityPeriod, user: Any) -> PeriodRevision | None:
    """Return the newest revision that the user may read; for the public, the newest published or given one."""
    return PeriodRevision.objects.visible_to(user).filter(city_period=city_period).order_by("-number").first()


def readable_visibilities(user: Any, city_id: int) -> set[str]:
    """Return the visibilities of the records that are listed for the user."""
    if city_id in insider_city_ids(user):
        return set(Visibility.values)
    if reads_network(user):
        return set(SHARED_VISIBILITIES)
    return {Visibility.PUBLIC}


# ---- one revision


def redact_for(snapshot: PeriodSnapshot, user: Any, city: Any, *, is_granted: bool = False) -> PeriodSnapshot:
    """Return the snapshot as the user may read it. Figures stay complete; records of narrower visibility are left out.

    ``hidden`` is the number of updates that count in an action's figures but are not listed. For the public, single
    figures of few people become None, with a text in ``few_people``, ``few``, ``few_baseline`` or ``few_target``. A
    value that the user may not see becomes None, with a text in ``withheld``. ``is_granted``: the user has access to
    this revision for a task and reads it as the network does.
    """
    allowed, is_public = _reading_scope(user, city.pk)
    if is_granted:
        allowed, is_public = allowed | set(SHARED_VISIBILITIES), False
    actions, indicators = snapshot.actions, snapshot.indicators
    if is_public:
        actions = _visible_entries(actions, Action.objects.visible_to(user))
        indicators = _visible_entries(indicators, Indicator.objects.in_visible_plans(user))
    return with_changes(
        snapshot,
        actions=[_redact_action(action, allowed, is_public) for action in actions],
        indicators=[_redact_indicator(indicator, allowed, is_public) for indicator in indicators],
    )


def _reading_scope(user: Any, city_id: int) -> tuple[set[str], bool]:
    return readable_visibilities(user, city_id), not reads_all_figures(user, city_id)


def _visible_entries(entries: list[Any], rows: Any) -> list[Any]:
    seen = set(rows.filter(pk__in=[entry.id for entry in entries]).values_list("pk", flat=True))
    return [entry for entry in entries if entry.id in seen]


def _redact_action(action: SnapshotAction, allowed: set[str], is_public: bool) -> SnapshotAction:
    listed = [update for update in action.updates if update.visibility in allowed]
    hidden = len(action.updates) - len(listed)
    return with_changes(action, updates=[_redact_people(update, is_public) for update in listed], hidden=hidden)


def _redact_people(update: SnapshotUpdate, is_public: bool) -> SnapshotUpdate:
    if is_public and is_few(update.people_reached):
        return with_changes(update, people_reached=None, few_people=few_text())
    return update


def _redact_indicator(indicator: SnapshotIndicator, allowed: set[str], is_public: bool) -> SnapshotIndicator:
    hides_few = is_public and indicator.counts_people
    value = indicator.value
    listed = value if value and value.visibility in allowed else None
    planned: dict[str, Any] = {}
    for name in ("baseline", "target"):
        if hides_few and is_few(getattr(indicator, name)):
            planned |= {name: None, f"few_{name}": few_text()}
    return with_changes(
        indicator,
        value=_redact_value(listed, hides_few) if listed else withheld_value(value),
        earlier=[_redact_value(row, hides_few) for row in indicator.earlier if row.visibility in allowed],
        hidden=int(value is not None and listed is None),
        **planned,
    )


def withheld_value(value: SnapshotValue | None) -> SnapshotValue | None:
    """Return a text in place of a value that the reader may not see."""
    text = withheld_text(value.visibility) if value else ""
    return value and with_changes(value, value=None, withheld=text, note="", evidence=[])


def _redact_value(value: SnapshotValue | SnapshotEarlierValue, hides_few: bool) -> Any:
    return with_changes(value, value=None, few=few_text()) if hides_few and is_few(value.value) else value


# ---- rows of many revisions


def frozen_log(action: Action, user: Any) -> list[tuple[SnapshotUpdate, Origin]]:
    """Return the updates of an action from the revisions that the user reads, newest first."""
    allowed, is_public = _reading_scope(user, action.owning_city_id)
    return [
        (update, origin)
        for row, origin in _frozen_rows(RevisionAction.objects.filter(action=action), user)
        for update in sorted(
            _redact_action(row.read(), allowed, is_public).updates, key=lambda one: (one.date, one.id), reverse=True
        )
    ]


def submitted_values(indicator: Indicator, user: Any) -> list[tuple[SnapshotValue, Origin]]:
    """Return the values of an indicator in the same way, newest period first; withheld ones too."""
    cut = _reading_scope(user, indicator.owning_city_id)
    rows = _frozen_rows(RevisionIndicator.objects.filter(indicator=indicator), user)
    values = ((_redact_indicator(row.read(), *cut).value, origin) for row, origin in rows)
    return [(value, origin) for value, origin in values if value]


def newest_values(strategy: Strategy, user: Any) -> dict[int, SnapshotValue]:
    """Return the newest of those values for each indicator of the strategy, by indicator id."""
    cut = _reading_scope(user, strategy.city_id)
    newest: dict[int, SnapshotValue] = {}
    for row, _origin in _frozen_rows(RevisionIndicator.objects.filter(indicator__strategy=strategy), user):
        if value := _redact_indicator(row.read(), *cut).value:
            newest.setdefault(row.indicator_id, value)
    return newest


def _frozen_rows(rows: Iterable[Any], user: Any) -> Iterator[tuple[Any, Origin]]:
    """Yield the rows of the newest readable revision of each period with their origin, newest period first."""
    rows = rows.filter(revision=PeriodRevision.objects.newest_readable_id(user))
    rows = rows.select_related("revision__city_period__period").defer("revision__snapshot")
    for row in rows.order_by("-revision__city_period__period__starts_on"):
        revision = row.revision
        yield row, Origin(revision.city_period.period.name, revision.number, revision.city_period_id)
