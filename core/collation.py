"""The order and the comparison of texts as readers expect them, equal on every database.

Codes are ordered by a stored column, because long lists of them are cut into pages by the database. Names and titles
are ordered in Python by the alphabet of the reader's language: a database has one order, and each has another one.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models.functions import Cast
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
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return plain.casefold().translate(LETTERS)


def natural_key(code: str) -> str:
    """Return the code with its numbers at full length, so that 1.1.2 comes before 1.1.10.

    Contains only letters and digits, which every collation of a database orders in the same way.
    """
    return "".join(character for character in _at_full_length(fold(code)) if character.isalnum())


def _at_full_length(text: str) -> str:
    return DIGITS.sub(lambda digits: digits[0].lstrip("0").rjust(8, "0"), text)


def title_key(text: str, language: str | None = None) -> tuple[str, str]:
    """Return the sort key of a name in a language, by default the reader's: in Swedish å, ä and ö follow z."""
    return _title_key(text, "" if text.isascii() else _code_of(language))  # equal in every language


def _code_of(language: str | None) -> str:
    return (language or get_language() or "en").partition("-")[0]


@lru_cache(maxsize=4096)  # pages order the same names again and again
def _title_key(text: str, code: str) -> tuple[str, str]:
    after, same = AFTER_Z.get(code, ""), SAME_AS.get(code, {})
    if not after:
        return _at_full_length(fold(text)), text
    letters = []
    for character in unicodedata.normalize("NFC", text.casefold()):
        letter = same.get(character, character)
        letters.append(chr(ord("{") + after.index(letter)) if letter in after else fold(letter))
    return _at_full_length("".join(letters)), text


def by_title(rows: Iterable[Any], name: str = "name") -> list[Any]:
    """Return the rows ordered by one of their texts, such as ``person.name``, in the reader's language."""

    path, code = name.split("."), _code_of(None)

    def key(row: Any) -> tuple[str, str]:
        for part in path:
            row = getattr(row, part, None)
        return _title_key(str(row or ""), code)

    return sorted(rows, key=key)


def by_label(rows: Iterable[Any]) -> list[Any]:
    """Return the rows ordered by their text, which may be translated, in the reader's language."""
    return sorted(rows, key=lambda row: title_key(str(row)))


def rank_by_title(rows: Iterable[Any], path: str) -> Any:
    """Return an expression that orders other rows by the name of the row that ``path`` leads to.

    For paged lists of rows that belong to few others, such as the cities. The ids are written into the SQL: Django
    takes 50 ms to build a ``Case`` of two hundred.
    """
    ordered = by_title(rows)
    if not ordered:
        return Cast(models.Value(0), models.IntegerField())  # a plain number alone would name a column to SQL
    ranks = " ".join(f"WHEN {int(row.pk)} THEN {rank}" for rank, row in enumerate(ordered))
    template = f"CASE %(expressions)s {ranks} ELSE {len(ordered)} END"
    return models.Func(models.F(path), template=template, output_field=models.IntegerField())


def in_readers_order(rows: models.QuerySet) -> list[Any] | None:
    """Return the ids of the rows in their order, but texts by the reader's alphabet and choices in their own order.

    None if no column of the order is a text. Reads the columns of all rows.
    """
    names = rows.query.order_by
    columns = [column for name in names if isinstance(name, str) for column in _columns(rows.model, name)]
    if not all(isinstance(name, str) for name in names) or not any(column.key for column in columns):
        return None
    values = list(rows.values_list("pk", *(column.path for column in columns)))
    for position, column in reversed(list(enumerate(columns, 1))):
        values.sort(key=partial(_sort_key, position, column.key), reverse=column.is_descending)
    return [row[0] for row in values]


class _Column(NamedTuple):
    path: str
    is_descending: bool
    key: Callable[[Any], Any] | None  # None: by its values


def _sort_key(position: int, key: Callable[[Any], Any] | None, row: tuple) -> tuple:
    value = row[position]
    return (True,) if value is None else (False, key(value) if key else value)


def _columns(model: Any, name: str) -> list[_Column]:
    """Return the columns of a name in ``order_by``: one, or for a relation those of the other model's order."""
    path, is_descending = name.removeprefix("-"), name.startswith("-")
    *relations, last = path.split("__")
    try:
        for relation in relations:
            model = model._meta.get_field(relation).related_model
        field = model._meta.pk if last == "pk" else model._meta.get_field(last)
    except FieldDoesNotExist:  # an annotation
        return [_Column(path, is_descending, None)]
    if field.is_relation and last != field.attname:
        found = [
            column._replace(path=f"{path}__{column.path}")
            for part in field.related_model._meta.ordering or ["pk"]
            for column in _columns(field.related_model, part)
        ]
        return [column._replace(is_descending=column.is_descending != is_descending) for column in found]
    if field.choices:
        ranks = {value: rank for rank, (value, _label) in enumerate(field.flatchoices)}
        return [_Column(path, is_descending, lambda value: ranks.get(value, len(ranks)))]
    if isinstance(field, NaturalKeyField):  # which every database orders in the same way
        return [_Column(path, is_descending, None)]
    return [_Column(path, is_descending, title_key if isinstance(field, models.CharField | models.TextField) else None)]


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


def matching_folded(rows: models.QuerySet, text: str, field: str) -> models.QuerySet:
    """Return the rows in which each word of ``text`` is found in a ``FoldedField``; for models with very many rows."""
    for word in fold(text).split():
        rows = rows.filter(**{f"{field}__contains": word})
    return rows


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


class FoldedField(models.CharField):
    """The stored ``fold`` of other columns of the row, for searches. Every save sets it."""

    def __init__(self, *sources: str, **options: Any) -> None:
        self.sources = sources
        fixed: dict[str, Any] = {"max_length": 700, "blank": True, "default": "", "editable": False}
        super().__init__(**fixed | options)

    def deconstruct(self) -> Any:
        name, _path, _arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", [], options

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = fold(" ".join(str(getattr(model_instance, source)) for source in self.sources))[: self.max_length]
        setattr(model_instance, self.attname, value)
        return value
