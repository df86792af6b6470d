"""The catalogue of each complete language holds every text for people, none of them doubtful."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages import extract, pofile
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize

from epi_site.shared.first_party import first_party_packages

ROOT = Path(settings.BASE_DIR)
COMPLETE = [code for code, _name in settings.LANGUAGES if code != "en"]
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
CALL = re.compile(
    r"(?P<name>n?p?gettext|_)\((?P<parts>(?:\s*u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*,?)+)", re.DOTALL
)
LITERAL = re.compile(r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", re.DOTALL)


def in_python() -> set[str]:
    found = set()
    for file in (file for package in first_party_packages() for file in (ROOT / package).rglob("*.py")):
        with file.open("rb") as source:
            for _line, texts, _comments, _context in extract.extract("python", source, KEYWORDS):
                found.add(_first(texts))
    return found


def _first(texts) -> str:
    return texts[0] if isinstance(texts, tuple | list) else texts


def in_templates() -> set[str]:
    """Django turns a template into calls of gettext amid letters without meaning; the calls are read."""
    found = set()
    for file in (ROOT / "templates").rglob("*.*"):
        for call in CALL.finditer(templatize(file.read_text("utf-8"), origin=str(file))):
            texts = [ast.literal_eval(text) for text in LITERAL.findall(call["parts"])]
            found.add(texts[1] if "pgettext" in call["name"] else texts[0])
    return found


def catalogue(code: str):
    with (ROOT / "locale" / code / "LC_MESSAGES" / "django.po").open("rb") as source:
        return pofile.read_po(source)


def known(code: str) -> dict[str, object]:
    return {_first(message.id): message for message in catalogue(code) if message.id}


@pytest.fixture(scope="module")
def texts():
    return {text for text in in_python() | in_templates() if text}


def test_texts_of_code_and_of_templates_are_found(texts):
    assert {"What has happened?", "Skip to content", "Log an update"} <= texts


@pytest.mark.parametrize("code", COMPLETE)
def test_every_text_is_translated(code, texts):
    whole = known(code)

    missing = sorted(text for text in texts if text not in whole or not _is_done(whole[text]))

    assert missing == [], f"{len(missing)} texts are not translated to {code}"


def _is_done(message) -> bool:
    parts = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(parts)


@pytest.mark.parametrize("code", COMPLETE)
def test_no_translation_is_doubtful(code):
    assert [message.id for message in catalogue(code) if message.fuzzy] == []


@pytest.mark.parametrize("code", COMPLETE)
def test_translations_name_the_same_placeholders(code):
    placeholder, wrong = re.compile(r"%\(\w+\)[sd]"), []
    for message in catalogue(code):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        allowed = set().union(*(placeholder.findall(text) for text in ids if text))
        wrong += [text for text in strings if text and message.id and not set(placeholder.findall(text)) <= allowed]

    assert wrong == []


@pytest.mark.parametrize("code", COMPLETE)
def test_catalogue_loads_and_speaks(code):
    with translation.override(code):
        assert translation.gettext("What has happened?") != "What has happened?"
