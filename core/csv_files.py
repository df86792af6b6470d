"""The one writer of CSV and XLSX files, which spreadsheets open as they are in the language of the reader."""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from io import BytesIO
from typing import Any

from babel import numbers
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import locales, texts
from .columns import Column, cells_of
from .exceptions import UserFacingError

FORMULA = ("=", "+", "-", "@")
LATER_FORMULA = re.compile(r"""([;,\t\r\n]"*)(?=[=@]|[+-]\S)""")  # where a cell begins for another separator
DIGITS = frozenset("0123456789")
DATE_PUNCTUATION = frozenset(".,:/-–\u00a0 ")
MONTHS = ("jan", "feb", "mar", "apr", "may", "maj", "jun", "jul", "aug", "sep", "oct", "okt", "nov", "dec")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_XLSX_ROWS = 1_048_576  # Excel's; more would be left out without a word
MAX_XLSX_CHARACTERS = 32_767  # in a cell
MAX_XLSX_DIGITS = 15  # a spreadsheet rounds longer numbers
FIRST_XLSX_YEAR = 1901  # dates of 1900 are a day off in Excel, and older ones do not exist


class TooManyRows(UserFacingError):
    message = gettext_lazy("This list is too long for a spreadsheet. Filter it, or download it as CSV.")


def export_response(
    kind: str, name: str, columns: Sequence[Column], rows: Iterable[Any], *, is_illustrative: bool = False
) -> HttpResponse:
    """Return a download of rows by the schema of their columns; ``kind`` is a key of ``EXPORTS``."""
    shown = [column for column in columns if column.is_exported]
    labels = [column.label for column in shown]
    return EXPORTS[kind](name, labels, cells_of(shown, rows), is_illustrative=is_illustrative)


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
        writer.writerow([_illustrative()])
    writer.writerows([cell(value, mark) for value in row] for row in (columns, *rows))
    return response


def xlsx_response(
    name: str, columns: Sequence[Any], rows: Iterable[Sequence[Any]], *, is_illustrative: bool = False
) -> HttpResponse:
    """Return the same as ``csv_response`` as a spreadsheet. Numbers and dates are cells of their kind; no text is run.

    Raises TooManyRows.
    """
    import xlsxwriter  # here: 4 MB that few requests need

    buffer = BytesIO()
    # One row at a time in memory; no text becomes a formula or a link.
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(buffer, {"constant_memory": True, "default_date_format": "yyyy-mm-dd", **plain}) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        heading = 1 if is_illustrative else 0
        if is_illustrative:
            sheet.write_string(0, 0, _illustrative())
        for position, label in enumerate(columns):
            sheet.set_column(position, position, max(12, len(str(label)) + 2))
            sheet.write_string(heading, position, str(label), bold)
        sheet.freeze_panes(heading + 1, 0)
        for number, row in enumerate(rows, heading + 1):
            if number >= MAX_XLSX_ROWS:
                raise TooManyRows
            for position, value in enumerate(row):
                if (content := xlsx_cell(value)) is not None:
                    write = sheet.write_string if isinstance(content, str) else sheet.write
                    write(number, position, content)
    response = HttpResponse(buffer.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response


EXPORTS = {"csv": csv_response, "xlsx": xlsx_response}


def xlsx_cell(value: Any) -> Any:
    """Return a number, a date or a text that a cell can hold without changing it; None for an empty cell."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        value = timezone.make_naive(value) if timezone.is_aware(value) else value
    if isinstance(value, date):
        return value if value.year >= FIRST_XLSX_YEAR else value.isoformat()
    if isinstance(value, Decimal | int | float) and not isinstance(value, bool | Enum):
        return value if len(Decimal(str(value)).normalize().as_tuple().digits) <= MAX_XLSX_DIGITS else str(value)
    if isinstance(value, bool):
        return cell(value)
    text = texts.for_xml(str(value))
    return text if len(text) <= MAX_XLSX_CHARACTERS else f"{text[: MAX_XLSX_CHARACTERS - 1]}…"


def _illustrative() -> str:
    return _("Illustrative data (demonstration)")


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
    formulas: it can be seen, and one replacement removes it. It is also put where a spreadsheet that separates by
    another character than the file (a file in English that is opened in Sweden) would begin a cell with a formula.
    """
    text = LATER_FORMULA.sub(r"\1'", text)
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
