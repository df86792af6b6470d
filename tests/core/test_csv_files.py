"""CSV files: separator and decimal mark of the language, ISO dates, and texts that a spreadsheet leaves as they are."""

import ast
from datetime import date
from decimal import Decimal

import pytest
from django.utils import translation

from core import csv_files
from core.csv_files import cell, csv_response
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

    assert lines == ["Illustrative content (demonstration)", "City,EUR"]


@pytest.mark.parametrize(
    "text", ["1.1.1", "1.10", "3-4", "2–3", "1/2", "1:30", "007", "1E5", "MAR-1", "2 maj", "1" * 16]
)
def test_text_that_excel_would_change_has_an_apostrophe(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "+46 8", "-1", "@SUM(A1)", "\t=1"])
def test_formula_has_an_apostrophe(text):
    assert cell(text) == f"'{text}"


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
