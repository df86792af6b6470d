"""Filters of lists, read from the query string. They ignore values that are not valid."""

import django_filters
from django_filters import fields

from .row_choices import InReaderOrder, RowSelect


class RowChoices(InReaderOrder, fields.ModelChoiceIterator):
    pass


class RowField(fields.ModelChoiceField):
    iterator = RowChoices
    widget = RowSelect


class RowFilter(django_filters.ModelChoiceFilter):
    """Choose one of some rows, listed in the order of the reader's language."""

    field_class = RowField
