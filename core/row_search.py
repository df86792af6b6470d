"""Fields that offer a few rows of very many; the others are found by typing a part of their name.

A field accepts every row of its queryset. It offers those ``nearby``, those that are chosen, and those that a search
has found, so that a form does not grow with the network. The search is a button of the form, which shows it again with
what was typed and the rows that were found (``core.views.row_search``); a script asks for the rows alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from . import locales
from .collation import by_label, matching
from .parsing import parse_pk

BUTTON = "find"  # its value is the name of the field
TEXT = "find-"  # with the name of the field: what is searched
MAX_FOUND = 20
MAX_CHARACTERS = 100


class OfferedChoices(ModelChoiceIterator):
    """The rows that the field offers, ``chosen`` ones among them, in the order of the reader's language."""

    field: Any

    def __init__(self, field: Any, chosen: Iterable[Any] = ()) -> None:
        super().__init__(field)
        self.chosen = chosen

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for row in self.field.in_order(self.field.offered(self.chosen)):
            yield self.choice(row)


class _Searched:
    """Mixin of a widget: gives an option to each row that the field offers, the chosen ones among them."""

    choices: Any

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        self.choices = self.choices.field.choices_of(value)
        return super().optgroups(name, value, attrs)  # type: ignore[misc]  # a mixin: the widget comes after it


class SearchedSelect(_Searched, forms.Select):
    pass


class SearchedCheckboxes(_Searched, forms.CheckboxSelectMultiple):
    is_searched = True


class Found(NamedTuple):
    rows: list[Any]
    text: str  # what the page says about them


class SearchedField(forms.ModelChoiceField):
    """Chooses one row. ``nearby`` are the rows that are offered without a search: a queryset."""

    iterator = OfferedChoices
    queryset: Any
    widget: Any = SearchedSelect
    search_fields: Sequence[str] = ("name",)
    search_label: Any = gettext_lazy("Search for more")

    def __init__(self, queryset: Any, **options: Any) -> None:
        self.nearby = queryset.none()
        self.typed: Sequence[str] = ()  # what is filled in after the page is rendered
        self.searched, self.found = "", Found([], "")
        super().__init__(queryset, **options)

    def offered(self, chosen: Iterable[Any]) -> list[Any]:
        """Return ``nearby`` rows, which are read once for several fields, with those that are chosen or found."""
        rows = {row.pk: row for row in [*self.nearby, *self.found.rows]}
        others = {self.pk_in(str(value)) for value in [*chosen, *self.typed]} - rows.keys() - {None}
        return [*rows.values(), *(self.queryset.filter(pk__in=others) if others else [])]

    def pk_in(self, value: str) -> int | None:
        """Return the id of the row that ``value``, which may be anything, chooses."""
        return parse_pk(value)

    def in_order(self, rows: Iterable[Any]) -> list[Any]:
        return by_label(rows)

    def choices_of(self, chosen: Iterable[Any]) -> OfferedChoices:
        return self.iterator(self, chosen)

    def options(self, rows: Iterable[Any]) -> list[dict[str, str]]:
        """Return what the script of the page adds to the list; options with the same ``group`` come below its name."""
        return [{"value": str(row.pk), "label": str(self.label_from_instance(row))} for row in rows]

    def search(self, text: str) -> Found:
        """Return the rows in which each word of ``text`` is found, at most MAX_FOUND of them."""
        text = text.strip()
        if not text:
            return Found([], _("Enter part of the name."))
        rows = [] if len(text) > MAX_CHARACTERS else self.in_order(matching(self.queryset, text, self.search_fields))
        return Found(rows[:MAX_FOUND], _said(len(rows)))


class SearchedMultipleField(SearchedField, forms.ModelMultipleChoiceField):
    """Chooses several rows."""

    widget = SearchedCheckboxes


def _said(count: int) -> str:
    if not count:
        return _("Nothing matches. Try a different word.")
    if count > MAX_FOUND:
        words = {"shown": locales.number(MAX_FOUND), "count": locales.number(count)}
        return (
            _("The first %(shown)s of %(count)s matches are in the list. Enter more of the name to see others.") % words
        )
    words = {"count": locales.number(count)}
    return ngettext("%(count)s match is in the list.", "%(count)s matches are in the list.", count) % words


def searched_fields(form: forms.BaseForm) -> Mapping[str, SearchedField]:
    """Return the fields by their names in the page, with the prefix of the form."""
    return {form.add_prefix(name): field for name, field in form.fields.items() if isinstance(field, SearchedField)}
