"""Lists: filter, sort by column, pages, export. Each list describes its columns once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.views.generic import ListView

from core.columns import Column, sorted_by
from core.csv_files import EXPORTS, export_response
from core.demonstration import is_demonstration

from .access import LoginInsteadOf404Mixin

log = structlog.get_logger()


class PagedListView(LoginInsteadOf404Mixin, ListView):
    """A list that shows its first page for a number that is none, and its last page for one that is too high."""

    def paginate_queryset(self, queryset: Any, page_size: int) -> Any:
        paginator = self.get_paginator(queryset, page_size)
        page = paginator.get_page(self.request.GET.get(self.page_kwarg))
        return paginator, page, page.object_list, page.has_other_pages()


class Heading(NamedTuple):
    """The heading of a column on the page. ``sort`` is the value of its link, "" for none."""

    label: Any
    sort: str
    order: str  # of aria-sort; "" if the list is not sorted by it
    is_number: bool


class ListPage(PagedListView):
    """A list of rows that the user may see, with ``_parts/table_head.html`` and ``_parts/export.html``.

    ``?sort=name`` and ``?sort=-name`` sort by a column. ``?export=csv`` and ``?export=xlsx`` return all pages of what
    is filtered, in that order. ``default_sort`` is "" where the order of the rows stands.
    """

    paginate_by = 25
    columns: Sequence[Column] = ()
    default_sort = ""
    page_fields: Sequence[str] = ()  # columns of the database that the page shows; by default all, as an export
    filter_class: Any = None  # of django-filter
    export_name = ""

    def get_list_rows(self) -> Any:
        raise NotImplementedError

    def get_filter_kwargs(self) -> dict[str, Any]:
        return {}

    @cached_property
    def filter(self) -> Any:
        rows = self.get_list_rows()
        return self.filter_class(self.request.GET, queryset=rows, request=self.request, **self.get_filter_kwargs())

    def get_queryset(self) -> Any:
        name = self.sort.removeprefix("-")
        rows = self.filtered_rows() if self.is_export else self.with_page_fields(self.filtered_rows())
        column = next((column for column in self.columns if column.name == name), None)
        return sorted_by(column, rows, is_descending=self.sort.startswith("-")) if column else rows

    def with_page_fields(self, rows: Any) -> Any:
        """Read only ``page_fields``, which saves most of the time that wide rows take."""
        if not self.page_fields:
            return rows
        related = {name.rpartition("__")[0] for name in self.page_fields} - {""}
        return rows.select_related(None).select_related(*related).only(*self.page_fields)

    def filtered_rows(self) -> Any:
        return self.filter.qs if self.filter_class else self.get_list_rows()

    @cached_property
    def sort(self) -> str:
        """The name of the column that the rows are sorted by, with a minus if from high to low; "" for their own."""
        wanted = self.request.GET.get("sort", "")
        sortable = {column.name for column in self.columns if column.is_sortable}
        return wanted if wanted.removeprefix("-") in sortable else self.default_sort

    def get_columns(self) -> Sequence[Column]:
        """Return the columns that this user sees and exports."""
        return self.columns

    def headings(self) -> list[Heading]:
        return [self._heading(column) for column in self.get_columns() if column.is_shown]

    def _heading(self, column: Column) -> Heading:
        order = {column.name: "ascending", f"-{column.name}": "descending"}.get(self.sort, "")
        sort = f"-{column.name}" if order == "ascending" else column.name
        return Heading(column.label, sort if column.is_sortable else "", order, column.is_number)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.export(request.GET["export"]) if self.is_export else super().get(request, *args, **kwargs)

    @property
    def is_export(self) -> bool:
        return bool(self.export_name) and self.request.GET.get("export", "") in EXPORTS

    def export(self, kind: str) -> HttpResponse:
        log.info("list_exported", list=self.export_name, kind=kind, user=self.request.user.pk)
        return export_response(
            kind, self.export_name, self.get_columns(), self.get_queryset(), is_illustrative=is_demonstration()
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {"headings": self.headings(), "can_export": bool(self.export_name)} | self._filter_context()

    def _filter_context(self) -> dict[str, Any]:
        return {"filter": self.filter} if self.filter_class else {}
