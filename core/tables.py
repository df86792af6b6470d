"""The body of a list's table, written in Python: a template takes as long for its rows as for the rest of the page."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from .columns import Column

Cell = Callable[[Any], Any]  # from a row to its text or HTML


def table_body(columns: Sequence[Column], rows: Iterable[Any], last: Cell | None = None) -> SafeString:
    """Return the ``<tr>``s, with a cell for each column that has one. ``last``: the cell without a heading."""
    cells = [(column.cell, *_tags(column)) for column in columns if column.cell is not None]
    if last is not None:
        cells.append((last, "<td>", "</td>"))
    return SafeString("".join(_row(cells, row) for row in rows))


def _row(cells: Iterable[tuple[Cell, str, str]], row: Any) -> str:
    parts = [f"{begin}{conditional_escape(cell(row))}{end}" for cell, begin, end in cells]
    return f"<tr>{''.join(parts)}</tr>"


def _tags(column: Column) -> tuple[str, str]:
    """Return what stands around each cell: phones show its label."""
    classes = format_html(' class="{}"', column.cell_class) if column.cell_class else ""
    if column.is_row_heading:
        return format_html('<th scope="row"{}>', classes), "</th>"
    return format_html('<td data-label="{}"{}>', column.label, classes), "</td>"
