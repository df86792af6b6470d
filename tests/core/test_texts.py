"""Texts are shortened after a word, everywhere."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

from core.texts import shorten
from tests.project.first_party import python_files


@pytest.mark.parametrize(
    "text, shortened",
    [
        ("Short enough", "Short enough"),
        ("More homes for families", "More homes for…"),
        ("More homes, for families in the city", "More homes, for…"),
        ("More homes here, and there", "More homes…"),
        ("Unabbreviatable-address", "Unabbreviatable…"),
        ("Two\n lines", "Two lines"),
        ("", ""),
    ],
)
def test_shorten_cuts_after_a_word(text, shortened):
    assert shorten(text, 16) == shortened
    assert len(shorten(text, 16)) <= 16


def test_filter_shortens_and_escapes():
    html = Template("{{ text|shorten:16 }}{{ nothing|shorten:16 }}").render(
        Context({"text": "<b>More homes for families"})
    )

    assert html == "&lt;b&gt;More homes…"


def test_templates_do_not_cut_inside_words():
    files = (Path(settings.BASE_DIR) / "templates").rglob("*.html")

    assert [file.name for file in files if "truncatechars" in file.read_text("utf-8")] == []


def test_code_does_not_cut_typed_texts():
    cut = re.compile(r"\.strip\(\)\[:")

    assert [file.name for file in python_files() if cut.search(file.read_text("utf-8"))] == []
