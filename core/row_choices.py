"""Choices of form fields that offer rows, in the order of the reader's language."""

from collections.abc import Iterator
from html import escape
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator, ModelChoiceIteratorValue
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .collation import title_key


class InReaderOrder:
    """Mixin of an iterator of choices: rows that are ordered by name come in the order of the reader's language."""

    def __iter__(self: Any) -> Any:
        """Yield the empty choice before the rows are read: Django asks for it alone to decide about ``required``."""
        choices = super().__iter__()  # type: ignore[misc]
        if not _is_ordered_by_name(self.queryset.model):
            yield from choices
            return
        rows = []
        for choice in choices:
            if isinstance(choice[0], ModelChoiceIteratorValue):
                rows.append(choice)
            else:
                yield choice
        yield from sorted(rows, key=lambda choice: title_key(str(choice[1])))


def _is_ordered_by_name(model: Any) -> bool:
    return next(iter(model._meta.ordering), "") in {"name", "title", "city__name"}


class _AtOnce(ModelChoiceIterator):
    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Read the rows in one query: Django uses a cursor, with which PostgreSQL is asked four times."""
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for row in self.queryset.all():
            yield self.choice(row)


class RowChoices(InReaderOrder, _AtOnce):
    """``CoreConfig.ready`` makes it the iterator of every field that offers rows."""


class RowSelect(forms.Select):
    """A drop-down list of some hundred rows, written without a dictionary for each option."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = set(self.format_value(value))
        attributes = flatatt(self.build_attrs(self.attrs, attrs))
        tags = "".join(_tag(key, label, chosen) for key, label in self.choices)
        return format_html('<select name="{}"{}>{}</select>', name, attributes, SafeString(tags))


def _tag(key: Any, label: Any, chosen: set[str]) -> str:
    """Return an option, or for a group of choices its options below their name."""
    if isinstance(label, list | tuple):
        options = "".join(_tag(inner, words, chosen) for inner, words in label)
        return f'<optgroup label="{escape(str(key))}">{options}</optgroup>'
    return (
        f'<option value="{escape(str(key))}"{" selected" if str(key) in chosen else ""}>{escape(str(label))}</option>'
    )
