"""CSV files: separator and decimal mark of the language, ISO dates, and texts that a spreadsheet leaves as they are."""

import ast
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace

import openpyxl
import pytest
from django.utils import timezone, translation

from core import csv_files
from core.columns import Column
from core.csv_files import cell, csv_response, export_response, xlsx_response
from tests.project.first_party import python_files

COLUMNS = ["City", "EUR"]


@pytest.mark.parametrize(
    "language, lines",
    [
        ("en", ["City,EUR", '"Łódź, Lublin",1200.5', "'1.1.1,2026-09-30"]),
        ("sv", ["City;EUR", "Łódź, Lublin;1200,5", "'1.1.1;2026-09-30"]),
    ],
)
def test_file_has_the_separator_and_decimal_mark_of_the_language(language, lines):
    with translation.override(language):
        response = csv_response("x", COLUMNS, [["Łódź, Lublin", Decimal("1200.50")], ["1.1.1", date(2026, 9, 30)]])

    assert response.content.startswith(b"\xef\xbb\xbf")
    assert response.content.decode("utf-8-sig").splitlines() == lines
    assert response["Content-Disposition"] == 'attachment; filename="x.csv"'


def test_demonstration_says_so_in_the_first_line():
    lines = csv_response("x", COLUMNS, [], is_illustrative=True).content.decode("utf-8-sig").splitlines()

    assert lines == ["Illustrative data (demonstration)", "City,EUR"]


@pytest.mark.parametrize(
    "text", ["1.1.1", "1.10", "3-4", "2–3", "1/2", "1:30", "007", "1E5", "MAR-1", "2 maj", "1" * 16]
)
def test_text_that_excel_would_change_has_an_apostrophe(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "+46 8", "-1", "@SUM(A1)"])
def test_formula_has_an_apostrophe(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text, safe",
    [
        ("a;=1+1;b", "a;'=1+1;b"),
        ("a,=1+1,b", "a,'=1+1,b"),
        ("a\t@SUM(A1)", "a\t'@SUM(A1)"),
        ('a;"=1+1"', 'a;"\'=1+1"'),
        ("a;;-1", "a;;'-1"),
        ("\t=1", "'\t'=1"),
        ("a\n=1+1", "a\n'=1+1"),
        ("a, -5; + 6\n- b", "a, -5; + 6\n- b"),
    ],
)
def test_formula_after_a_separator_of_another_language_has_an_apostrophe(text, safe):
    """A spreadsheet that separates by another character than the file begins a cell there."""
    assert cell(text) == safe


@pytest.mark.parametrize("text", ["A1", "1.1.1 Housing", "31", "Riga", "", "2026 Q3", "March", "e-mail", "–"])
def test_other_text_stays_as_it_is(text):
    assert cell(text) == text


@pytest.mark.parametrize(
    "value, text",
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (-3, "-3"),
        (Decimal("-0.5"), "-0.5"),
        (Decimal("1E+3"), "1000"),
        (0.25, "0.25"),
        (date(2021, 9, 30), "2021-09-30"),
    ],
)
def test_values_are_written_plainly(value, text):
    assert cell(value) == text


@pytest.mark.slow
def test_there_is_one_writer():
    writers = [
        file.name
        for file in python_files()
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"csv.writer", "csv.DictWriter"}
    ]

    assert writers == [f"{csv_files.__name__.rpartition('.')[2]}.py"]


# ---- spreadsheets


def sheet_of(response):
    return openpyxl.load_workbook(BytesIO(response.content)).active


def test_spreadsheet_has_numbers_dates_and_texts_as_they_are():
    cells = [
        "1.1.1",
        "=1+1",
        "=HYPERLINK(1)",
        "http://x.example",
        "007",
        Decimal("1200.50"),
        date(2026, 9, 30),
        None,
        True,
    ]

    sheet = sheet_of(xlsx_response("x", [str(number) for number in range(len(cells))], [cells]))

    found = [(cell.value, cell.data_type) for cell in sheet[2]]
    assert found[:5] == [(text, "s") for text in cells[:5]]
    assert found[5:] == [(1200.5, "n"), (datetime.fromisoformat("2026-09-30"), "d"), (None, "n"), ("yes", "s")]


@pytest.mark.parametrize(
    "value, content",
    [
        (Decimal("1234567890123456.5"), "1234567890123456.5"),
        (0.1, 0.1),
        (date(1899, 1, 1), "1899-01-01"),
        (datetime(2026, 9, 30, 22, 30, tzinfo=UTC), datetime.fromisoformat("2026-10-01T00:30")),
        ("a\x00b\x0bc", "abc"),
        ("x" * 40_000, "x" * 32_766 + "…"),
        ("", None),
    ],
)
def test_cell_holds_what_a_spreadsheet_would_change(value, content):
    with timezone.override("Europe/Stockholm"):
        assert csv_files.xlsx_cell(value) == content


def test_spreadsheet_with_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(csv_files, "MAX_XLSX_ROWS", 3)

    with pytest.raises(csv_files.TooManyRows):
        xlsx_response("x", COLUMNS, [["a", 1]] * 3)


def test_spreadsheet_of_a_demonstration_says_so():
    sheet = sheet_of(xlsx_response("x", COLUMNS, [], is_illustrative=True))

    assert [row[0].value for row in sheet] == ["Illustrative data (demonstration)", "City"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_leaves_out_columns_that_are_only_on_the_page(kind):
    columns = [Column("a", "A"), Column("b", "B", "part.name"), Column("c", "C", is_exported=False)]
    rows = [SimpleNamespace(a=1, part=SimpleNamespace(name="x"), c=3), SimpleNamespace(a=2, part=None, c=3)]

    response = export_response(kind, "x", columns, rows)

    if kind == "csv":
        assert response.content.decode("utf-8-sig").splitlines() == ["A,B", "1,x", "2,"]
    else:
        assert list(sheet_of(response).values) == [("A", "B"), (1, "x"), (2, None)]
