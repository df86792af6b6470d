"""The catalogue of each complete language has every text for users, translated and not fuzzy."""

import re
from io import StringIO
from pathlib import Path

import pytest
from babel.messages import Catalog, pofile
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from epi_site.pages.management.commands import extract_messages

ROOT = Path(settings.BASE_DIR)
COMPLETE = [code for code, _name in settings.LANGUAGES if code != "en"]


def catalogue(code: str):
    with (ROOT / "locale" / code / "LC_MESSAGES" / "django.po").open("rb") as source:
        return pofile.read_po(source)


@pytest.fixture(scope="module")
def found():
    return extract_messages.messages_in_code()


def keys(messages) -> set[tuple]:
    return {(message.id, message.context) for message in messages if message.id}


def test_messages_of_code_and_templates_are_extracted(found):
    expected = {"What has happened?", "Skip to content", "Log update", ("%(count)s action", "%(count)s actions")}

    assert expected <= {message.id for message in found}
    assert {message.context for message in found} > {None}


@pytest.mark.parametrize("code", COMPLETE)
def test_catalogue_has_same_messages_as_code(code, found):
    assert keys(catalogue(code)) == keys(found), "Run make messages-extract, then translate what is new."


@pytest.mark.parametrize("code", COMPLETE)
def test_every_message_is_translated(code):
    assert [message.id for message in catalogue(code) if message.id and not _is_done(message)] == []


def _is_done(message) -> bool:
    parts = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(parts)


def test_extraction_adds_new_messages_and_keeps_translations(tmp_path, monkeypatch):
    folder = tmp_path / "locale" / "sv" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    before = (
        '# Swedish.\nmsgid ""\nmsgstr ""\n"Language: sv\\n"\n\nmsgid "Unused"\nmsgstr "Oanvänd"\n\n'
        'msgctxt "month"\nmsgid "May"\nmsgstr "maj"\n\n'
        'msgid "%(n)s man"\nmsgid_plural "%(n)s mans"\nmsgstr[0] "%(n)s man"\nmsgstr[1] "%(n)s män"\n'
    )
    (folder / "django.po").write_text(before)
    code = Catalog()
    code.add("May", context="month")
    code.add(("%(n)s man", "%(n)s men"))
    code.add("New")
    monkeypatch.setattr(extract_messages, "ROOT", tmp_path)
    monkeypatch.setattr(extract_messages, "messages_in_code", lambda: code)
    out = StringIO()

    call_command("extract_messages", stdout=out)

    after = (folder / "django.po").read_text()
    assert out.getvalue() == "locale/sv/LC_MESSAGES/django.po: 1 added, 1 removed\n"
    assert after == (
        '# Swedish.\nmsgid ""\nmsgstr ""\n"Language: sv\\n"\n\nmsgctxt "month"\nmsgid "May"\nmsgstr "maj"\n\n'
        '#, python-format\nmsgid "%(n)s man"\nmsgid_plural "%(n)s men"\nmsgstr[0] "%(n)s man"\n'
        'msgstr[1] "%(n)s män"\n\nmsgid "New"\nmsgstr ""\n'
    )


@pytest.mark.parametrize("code", COMPLETE)
def test_no_translation_is_fuzzy(code):
    assert [message.id for message in catalogue(code) if message.fuzzy] == []


@pytest.mark.parametrize("code", COMPLETE)
def test_translations_have_same_placeholders(code):
    placeholder, wrong = re.compile(r"%\(\w+\)[sd]"), []
    for message in catalogue(code):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        allowed = set().union(*(placeholder.findall(text) for text in ids if text))
        wrong += [text for text in strings if text and message.id and not set(placeholder.findall(text)) <= allowed]

    assert wrong == []


@pytest.mark.parametrize("code", COMPLETE)
def test_catalogue_is_loaded(code):
    with translation.override(code):
        assert translation.gettext("What has happened?") != "What has happened?"
