"""The columns of a list, described once: for the heading and the sorting on the page, for exports, and for imports."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .collation import in_readers_order


@dataclass(frozen=True)
class Column:
    """One column. ``name`` names it in URLs and to imports.

    ``value`` is a function of the row, or the path of an attribute such as ``person.name``; by default ``name``. It
    returns a number, a date or a text: one value a cell, without its unit. ``order_by`` are names of columns of the
    database; texts are sorted by the reader's alphabet and choices in their order, for which all rows are read once.
    ``key`` sorts in Python by anything else: by ``key_fields``, columns of the database that it gets as arguments, so
    that only the rows of the page are read, or else by the row. ``cell`` is what the page shows of a row, as text or
    HTML, where the table is written by ``core.tables``.
    """

    name: str
    label: Any
    value: Callable[[Any], Any] | str = ""
    order_by: Sequence[str] = ()
    key: Callable[..., Any] | None = None
    key_fields: Sequence[str] = ()
    is_number: bool = False
    is_shown: bool = True  # on the page; False: only in exports
    is_exported: bool = True
    cell: Callable[[Any], Any] | None = None
    cell_class: str = ""
    is_row_heading: bool = False

    @property
    def is_sortable(self) -> bool:
        return bool(self.order_by) or self.key is not None

    def value_of(self, row: Any) -> Any:
        if callable(self.value):
            return self.value(row)
        for part in (self.value or self.name).split("."):
            row = getattr(row, part, None)
        return row


def cells_of(columns: Sequence[Column], rows: Iterable[Any]) -> Iterable[list[Any]]:
    return ([column.value_of(row) for column in columns] for row in rows)


def sorted_by(column: Column, rows: Any, *, is_descending: bool) -> Any:
    """Return the rows in the order of the column: a queryset, or a list where the order is made in Python."""
    if column.key is not None and column.key_fields:
        keys = [(column.key(*fields), pk) for pk, *fields in rows.order_by().values_list("pk", *column.key_fields)]
        return RowsInOrder(rows, [pk for _key, pk in sorted(keys, reverse=is_descending)])
    if column.key is not None:
        return sorted(rows, key=column.key, reverse=is_descending)
    names = [_turned(name) if is_descending else name for name in column.order_by]
    rows = rows.order_by(*names, "-pk" if is_descending else "pk")
    order = in_readers_order(rows)
    return rows if order is None else RowsInOrder(rows, order)


class RowsInOrder(Sequence):
    """Rows of a queryset in the order of ids; reads only those that are taken. One may be deleted meanwhile."""

    def __init__(self, rows: Any, order: list[Any]) -> None:
        self.rows, self.order = rows, order

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, part: Any) -> Any:
        if not isinstance(part, slice):
            return self.rows.get(pk=self.order[part])
        found = self.rows.in_bulk(self.order[part])
        return [found[pk] for pk in self.order[part] if pk in found]

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])


def _turned(name: str) -> str:
    return name.removeprefix("-") if name.startswith("-") else f"-{name}"
