"""Base classes of the admin: permissions come from rules, nothing is deleted, histories can be read."""

from typing import Any, NamedTuple
from zlib import crc32

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .collation import in_readers_order, matching
from .columns import RowsInOrder
from .exceptions import UserFacingError
from .forms import LongTextarea, YearsChecked, keep_stored_lengths, number_field_class, numbers_as_read
from .models import VerificationRun, Versioned
from .text_limits import LimitedTextField

HISTORY_SHOWN = 100


def version_of(row: Any) -> int:
    """Return the version of a stored row; of a model without versions, a checksum of its columns."""
    if isinstance(row, Versioned):
        return row.version
    values = [str(column.value_from_object(row)) for column in row._meta.concrete_fields]
    return crc32("\0".join(values).encode()) + 1


class StaffForm(YearsChecked, forms.ModelForm):
    """Refuse to save a row that somebody else has changed since the form was opened, and say what is stored now.

    Shows the errors of the service that has just refused to save, beside the fields.
    """

    service_errors: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keep_stored_lengths(self)
        if self.instance.pk:
            self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput, initial=version_of(self.instance))

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        if "version" in self.fields and self.instance.pk:
            stored = type(self.instance)._default_manager.select_for_update().get(pk=self.instance.pk)
            if self.cleaned_data.pop("version", None) != version_of(stored):
                posted: Any = self.data
                self.data = posted = posted.copy()
                posted[self.add_prefix("version")] = str(version_of(stored))
                raise ValidationError(self._conflict(stored), code="edited_meanwhile")
            if isinstance(stored, Versioned):
                self.instance.version = stored.version + 1
        for name, sentence in self.service_errors.items():
            self.add_error(name if name in self.fields else None, str(sentence))
        return data

    def _conflict(self, stored: Any) -> list[str]:
        said = _("Someone else has changed this since you opened it. Compare, then save again.")
        columns = {column.name: column for column in stored._meta.concrete_fields}
        theirs = {name: getattr(stored, name) for name in columns.keys() & self.cleaned_data.keys()}
        changed = sorted(name for name, value in theirs.items() if value != self.cleaned_data[name])
        shown = {name: getattr(stored, f"get_{name}_display", lambda name=name: theirs[name])() for name in changed}
        words = _("Saved by someone else: %(field)s: %(value)s")
        return [said, *(words % {"field": self[name].label, "value": shown[name]} for name in changed)]


class HistoryEntry(NamedTuple):
    when: Any
    who: str
    what: str
    reason: str
    changes: list[tuple[str, str, str]]


class ReadersOrderList(ChangeList):
    """A list ordered as its reader expects it: texts by the alphabet of the language, choices in their order."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        order = in_readers_order(self.queryset)
        if order is None:
            return
        if not (self.show_all and self.can_show_all) and self.multi_page:
            first = (self.page_num - 1) * self.list_per_page
            order = order[first : first + self.list_per_page]
        self.result_list = RowsInOrder(self.queryset, order)[:]


class StaffAdmin(admin.ModelAdmin):
    """Base class of a model's admin pages. Permissions are rules, checked with the object where there is one."""

    form = StaffForm
    actions = None
    view_on_site = False
    list_per_page = 50
    show_full_result_count = False
    reads_all_rows = True  # to order and search them; False for a model that may have very many

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.URLField):
            kwargs.setdefault("assume_scheme", "https")
        if isinstance(db_field, LimitedTextField):
            kwargs["widget"] = LongTextarea({"class": "vLargeTextField", "rows": 10})
        if field_class := kwargs.get("form_class") or number_field_class(db_field):
            kwargs |= {"form_class": field_class, "widget": field_class.widget}
        if callable(db_field.default) and db_field.has_default():  # Django's hidden copy of it is not valid HTML
            kwargs.setdefault("show_hidden_initial", False)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if said := numbers_as_read(form):
            self.message_user(request, said)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find words without regard to case and marks, on every database. It reads all rows: for reference data."""
        if self.reads_all_rows and search_term.strip() and self.get_search_fields(request):
            return matching(queryset, search_term, self.get_search_fields(request)), False
        return super().get_search_results(request, queryset, search_term)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ReadersOrderList if self.reads_all_rows else super().get_changelist(request, **kwargs)

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any, **options: Any) -> Any:
        """Count a value that is no id as none: Django would fail."""
        posted = request.POST.copy()
        given = posted.getlist(ACTION_CHECKBOX_NAME)
        posted.setlist(ACTION_CHECKBOX_NAME, [value for value in given if self._is_id(value)])
        request.POST = posted  # type: ignore[assignment] # a property with a setter
        return super().response_action(request, queryset, *args, **options)

    def _is_id(self, value: str) -> bool:
        try:
            self.opts.pk.to_python(value)
        except ValidationError:
            return False
        return True

    # ---- permissions

    def may(self, request: HttpRequest, verb: str, obj: Any = None) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}", obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request) and self.may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request) and self.may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request) and self.may(request, "change", obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only the filters that the page offers: counting rows by a hidden column would reveal its values."""
        entries = [entry[0] if isinstance(entry, tuple | list) else entry for entry in self.list_filter]
        offered = {entry.partition("__")[0] for entry in entries if isinstance(entry, str)}
        return lookup.partition("__")[0] in offered and super().lookup_allowed(lookup, value, request)

    # ---- 404 for what the user may not see

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        self._hide(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        self._hide(request)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError:
            pass  # somebody saved the same after this form was checked; a second check shows the error beside the field
        except UserFacingError as error:
            request.service_errors = error.errors or {"": str(error)}  # type: ignore[attr-defined]
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (IntegrityError, UserFacingError) as error:
            said = _("This could not be saved. Check whether someone else has saved the same thing, then try again.")
            self.message_user(request, str(error) if isinstance(error, UserFacingError) else said, messages.ERROR)
            return redirect(request.get_full_path())

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.service_errors = getattr(request, "service_errors", {})
        return form

    def delete_view(self, request: HttpRequest, object_id: Any, extra_context: dict | None = None) -> HttpResponse:
        self._hide(request)
        return super().delete_view(request, object_id, extra_context)

    def history_view(self, request: HttpRequest, object_id: Any, extra_context: dict | None = None) -> HttpResponse:
        """Show the object's own history: who changed which fields, and when."""
        self._hide(request)
        obj = self.get_object(request, object_id)
        if obj is None or not self.has_view_permission(request, obj):
            raise Http404
        context = self.admin_site.each_context(request) | {
            "title": _("History of %(name)s") % {"name": obj},
            "lines": history_of(obj),
            "module_name": str(self.opts.verbose_name_plural),
            "object": obj,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/object_history.html", context | (extra_context or {}))

    def _hide(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise Http404

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: Any) -> HttpResponse:
        raise Http404  # Django's redirect to the index shows a message that reveals what exists


class ReadOnlyAdmin(StaffAdmin):
    """Base class for models that only services write; the admin shows them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(VerificationRun)
class VerificationRunAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "ended_at", "checked", "difference_count"]
    sortable_by = []
    reads_all_rows = False


def history_of(obj: Any) -> list[HistoryEntry]:
    """Return the newest changes first, at most ``HISTORY_SHOWN``; an empty list for models without history."""
    if not hasattr(obj, "history"):
        return []
    rows = list(obj.history.select_related("history_user")[:HISTORY_SHOWN])
    words = {"+": pgettext("history", "created"), "~": _("changed"), "-": _("removed")}
    lines = []
    for row, before in zip(rows, [*rows[1:], None], strict=True):
        who = str(row.history_user) if row.history_user else _("this site (automatic)")
        changes = _changes(row, before)
        lines.append(
            HistoryEntry(row.history_date, who, words[row.history_type], row.history_change_reason or "", changes)
        )
    return lines


def _changes(row: Any, before: Any) -> list[tuple[str, str, str]]:
    if before is None:
        return []
    delta = row.diff_against(before, excluded_fields=["version"])
    fields = row.instance_type._meta
    return [
        (str(fields.get_field(change.field).verbose_name), str(change.old), str(change.new)) for change in delta.changes
    ]
