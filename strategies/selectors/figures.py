"""Stored figures of actions that differ from the full computation."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F

from strategies.models import Action, ActionFigures
from strategies.models.computation import with_figures

FIELDS = [field.name for field in ActionFigures._meta.fields if not field.primary_key]


class Difference(NamedTuple):
    action_id: int
    columns: list[str]  # that differ; none if the row is missing


def actions_with_wrong_figures() -> list[Difference]:
    """Return the actions whose stored figures are missing or differ. One statement: the figures of one moment."""
    stored = {f"stored_{name}": F(f"figures__{name}") for name in FIELDS}
    rows = with_figures(Action.objects.order_by("pk")).annotate(is_stored=F("figures__pk"), **stored)
    found = rows.values_list("pk", "is_stored", *FIELDS, *stored)
    return [difference for row in found.iterator(chunk_size=1000) if (difference := _difference(*row))]


def _difference(pk: int, is_stored: int | None, *figures: Any) -> Difference | None:
    if is_stored is None:
        return Difference(pk, [])
    pairs = zip(FIELDS, figures[: len(FIELDS)], figures[len(FIELDS) :], strict=True)
    columns = [name for name, computed, stored in pairs if _exact(computed) != _exact(stored)]
    return Difference(pk, columns) if columns else None


def _exact(figure: Any) -> Any:
    """Return money with two decimals, since SQLite computes it as a float."""
    return figure.quantize(Decimal("0.01")) if isinstance(figure, Decimal) else figure
