"""The order and the comparison of texts as readers expect them, equal on every database.

Codes are ordered by a stored column, because long lists of them are cut into pages by the database. Names and titles
are ordered in Python by the alphabet of the reader's language: a database has one order, and each has another one.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.utils.translation import get_language

DIGITS = re.compile(r"[0-9]+")
LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n"}
)  # letters that do not decompose; casefold makes ss of ß
AFTER_Z = {"sv": "åäö"}  # letters of a language's alphabet that follow z, in their order
SAME_AS = {"sv": {"æ": "ä", "ø": "ö", "ü": "y"}}


def fold(text: str) -> str:
    """Return the text for a search: without case and marks, so that *atgard* and *åtgärd* find *Åtgärd*."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return plain.casefold().translate(LETTERS)


def natural_key(code: str) -> str:
    """Return the code with its numbers at full length, so that 1.1.2 comes before 1.1.10.

    Contains only letters and digits, which every collation of a database orders in the same way.
    """
    return "".join(sign for sign in _at_full_length(fold(code)) if sign.isalnum())


def _at_full_length(text: str) -> str:
    return DIGITS.sub(lambda digits: digits[0].lstrip("0").rjust(8, "0"), text)


def title_key(text: str, language: str | None = None) -> tuple[str, str]:
    """Return the sort key of a name in a language, by default the reader's: in Swedish å, ä and ö follow z."""
    code = (language or get_language() or "en").partition("-")[0]
    after, same = AFTER_Z.get(code, ""), SAME_AS.get(code, {})
    if not after or text.isascii():
        return _at_full_length(fold(text)), text
    letters = []
    for sign in unicodedata.normalize("NFC", text.casefold()):
        letter = same.get(sign, sign)
        letters.append(chr(ord("{") + after.index(letter)) if letter in after else fold(letter))
    return _at_full_length("".join(letters)), text


def by_title(rows: Iterable[Any], name: str = "name") -> list[Any]:
    """Return the rows ordered by one of their texts, such as ``person.name``, in the reader's language."""

    def key(row: Any) -> tuple[str, str]:
        for part in name.split("."):
            row = getattr(row, part, None)
        return title_key(str(row or ""))

    return sorted(rows, key=key)


def by_label(rows: Iterable[Any]) -> list[Any]:
    """Return the rows ordered by their text, which may be translated, in the reader's language."""
    return sorted(rows, key=lambda row: title_key(str(row)))


def place_by_title(rows: Iterable[Any], path: str) -> models.Case:
    """Return an expression that orders other rows by the name of the row that ``path`` leads to.

    For paged lists of rows that belong to few others, such as the cities.
    """
    ordered = by_title(rows)
    places = [models.When(**{path: row.pk}, then=models.Value(place)) for place, row in enumerate(ordered)]
    return models.Case(*places, default=models.Value(len(ordered)))


def in_plan_order(entries: Iterable[dict]) -> list[dict]:
    """Return the actions of a snapshot in the order of the plan."""
    return sorted(
        entries,
        key=lambda entry: (
            natural_key(entry["area"]["code"]),
            natural_key(entry["objective"]["code"]),
            natural_key(entry["code"]),
            entry["id"],
        ),
    )


def matching(rows: models.QuerySet, text: str, fields: Sequence[str]) -> models.QuerySet:
    """Return the rows in which each word of ``text`` is found in one of the fields.

    Reads the fields of all rows: use it on the rows of one strategy, or on reference data.
    """
    words = fold(text).split()
    found = [
        pk
        for pk, *values in rows.order_by().values_list("pk", *fields)
        if _has_words(words, [fold(str(value or "")) for value in values])
    ]
    return rows.filter(pk__in=found)


def _has_words(words: Sequence[str], texts: Sequence[str]) -> bool:
    return all(any(word in text for text in texts) for word in words)


class NaturalKeyField(models.CharField):
    """The stored ``natural_key`` of another column of the row, for ``order_by``. Every save sets it."""

    def __init__(self, source: str = "code", **options: Any) -> None:
        self.source = source
        fixed: dict[str, Any] = {"max_length": 200, "blank": True, "default": "", "editable": False}
        super().__init__(**fixed | options)

    def deconstruct(self) -> Any:
        name, _path, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = natural_key(getattr(model_instance, self.source))[: self.max_length]
        setattr(model_instance, self.attname, value)
        return value
