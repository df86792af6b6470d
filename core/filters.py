"""Filters of lists, read from the query string. They ignore values that are not valid."""

from typing import Any

import django_filters
from django_filters import fields

from .row_choices import InReaderOrder, RowSelect
from .row_search import SearchedField


class RowChoices(InReaderOrder, fields.ModelChoiceIterator):
    pass


class RowField(fields.ModelChoiceField):
    iterator = RowChoices
    widget = RowSelect


class NearbyField(SearchedField, fields.ModelChoiceField):
    search_label = ""


class NearbyFilter(django_filters.ModelChoiceFilter):
    """Choose one of very many rows, of which the list offers those ``nearby`` and the one that a link has chosen."""

    field_class = NearbyField

    def offer(self, nearby: Any) -> None:
        self.field.nearby = nearby


class RowFilter(django_filters.ModelChoiceFilter):
    """Choose one of some rows, listed in the order of the reader's language."""

    field_class = RowField
