"""The one writer of CSV files, which spreadsheets open as they are in the language of the reader."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from babel import numbers
from django.http import HttpResponse
from django.utils.translation import gettext as _

from . import locales

FORMULA = ("=", "+", "-", "@")
DIGITS = frozenset("0123456789")
DATE_PUNCTUATION = frozenset(".,:/-–\u00a0 ")
MONTHS = ("jan", "feb", "mar", "apr", "may", "maj", "jun", "jul", "aug", "sep", "oct", "okt", "nov", "dec")


def csv_response(
    name: str, columns: Sequence[Any], rows: Iterable[Sequence[Any]], *, is_illustrative: bool = False
) -> HttpResponse:
    """Return a download of the rows. On a demonstration site its first line says that the content is illustrative.

    Give numbers as numbers and days as dates, one value a cell. A unit has a column of its own or is in the heading.
    """
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.write("\N{BYTE ORDER MARK}")  # without it, Excel reads UTF-8 as Windows-1252
    mark = decimal_mark()
    writer = csv.writer(response, delimiter=";" if mark == "," else ",")
    if is_illustrative:
        writer.writerow([_("Illustrative content (demonstration)")])
    writer.writerows([cell(value, mark) for value in row] for row in (columns, *rows))
    return response


def decimal_mark() -> str:
    return numbers.get_decimal_symbol(locales.current_locale())


def cell(value: Any, mark: str = ".") -> str:
    """Return the text of one cell: a number with the decimal mark of the language, a date as ISO, else a safe text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f").replace(".", mark)
    if isinstance(value, int | float) and not isinstance(value, Enum):
        return str(value).replace(".", mark)
    if isinstance(value, date):
        return value.isoformat()
    return as_text(str(value))


def as_text(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula or read as a date or number.

    The code 1.1.1 would become a day in January. ``="1.1.1"`` would keep it in Excel alone and is itself a formula; a
    tab in front could not be seen and would break comparisons. The apostrophe is what OWASP recommends against
    formulas: it can be seen, and one replacement removes it.
    """
    is_formula = text.lstrip().startswith(FORMULA) or text[:1] in {"\t", "\r", "\n"}
    return f"'{text}" if is_formula or _looks_like_number(text) else text


def _looks_like_number(text: str) -> bool:
    """Return whether Excel changes the text: 1.1.1, 3-4, 1:30, 007, 1E5, May 2, MAR-1."""
    found = set(text.casefold())
    has_digits = not DIGITS.isdisjoint(found)
    if not has_digits or text.isdigit():
        return has_digits and len(text) > 1 and (text.startswith("0") or len(text) > 15)
    letters = "".join(character for character in text.casefold() if character not in DIGITS | DATE_PUNCTUATION)
    return letters in {"", "e"} or letters in MONTHS
