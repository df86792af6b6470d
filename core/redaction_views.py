"""The pages of the data protection contact: redactions so far, opening one record by its address, redacting it."""

from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import redaction
from .models import RecordOpening, RedactionRecord
from .redaction_forms import OpenRecordForm, RedactForm
from .views import ServiceFormView

LISTED = 100


class RedactionList(ServiceFormView):
    template_name = "redaction/redaction_list.html"
    form_class = OpenRecordForm

    def find(self) -> None:
        if not self.user.has_perm("core.redact"):
            raise Http404

    def save(self, form: Any) -> None:
        given = form.cleaned_data
        self.opened = redaction.open_record(given["address"], by=self.user, reason=given["reason"])

    def get_success_url(self) -> str:
        return reverse("redaction_record", args=[self.opened.uuid])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        records = RedactionRecord.objects.visible_to(self.user).select_related("by")[:LISTED]
        trail = [(_("Home"), reverse("pages:home")), (_("Redaction"), "")]
        redacted = [(record, redaction.names_of(record)) for record in records]
        return super().get_context_data(**kwargs) | {"redacted": redacted, "trail": trail}


class RedactionOfRecord(ServiceFormView):
    """One opened record: its texts and files, what a redaction will do, and the form that redacts them."""

    template_name = "redaction/redaction_record.html"
    name = "opening"
    rows = RecordOpening.objects.all()
    key = "uuid"
    permission = "core.redact"
    success_message = gettext_lazy("Redacted. Any report that contained it has been withdrawn.")

    @cached_property
    def record(self) -> Any:
        return redaction.opened_row(self.row)

    @cached_property
    def parts(self) -> list[redaction.Part]:
        return redaction.parts_of(self.record)

    def make_form(self, data: Any = None, files: Any = None) -> Any:
        return RedactForm(data, parts=self.parts, cancel=reverse("redaction_list"))

    def save(self, form: Any) -> None:
        given = form.cleaned_data
        redaction.redact(self.record, given["names"], by=self.user, reason=given["reason"])

    def get_success_url(self) -> str:
        return reverse("redaction_record", args=[self.row.uuid])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kind = self.record._meta.verbose_name
        trail = [(_("Home"), reverse("pages:home")), (_("Redaction"), reverse("redaction_list")), (str(kind), "")]
        has_more = any(part.is_redactable for part in self.parts)
        context = {
            "kind": kind,
            "parts": self.parts,
            "has_more": has_more,
            "consequences": redaction.consequences_of(self.record) if has_more else [],
            "redactions": redaction.redactions_of(self.record).select_related("by"),
            "trail": trail,
        }
        return super().get_context_data(**kwargs) | context
