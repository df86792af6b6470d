"""Forms of the data protection contact: open one record by its address, and choose what of it is redacted."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from .forms import ButtonsForm, LongTextarea
from .redaction import Part
from .text_limits import PARAGRAPH


class OpenRecordForm(ButtonsForm, forms.Form):
    save_label = _("Open record")
    address = forms.CharField(
        label=_("Web address of the record"),
        max_length=1000,
        help_text=_(
            "The page of the update, file, event or decision. Ask whoever reported it to send you the address."
        ),
    )
    reason = forms.CharField(
        label=_("Reason for opening it"),
        max_length=PARAGRAPH,
        widget=LongTextarea(),
        help_text=_("It is logged with your name and the time."),
        error_messages={"required": _("Give a reason, in one sentence.")},
    )


class RedactForm(ButtonsForm, forms.Form):
    save_label = _("Redact permanently")
    is_danger = True
    names = forms.MultipleChoiceField(
        label=_("What to redact"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Select at least one text or file.")},
    )
    reason = forms.CharField(
        label=_("Reason for the redaction"),
        max_length=PARAGRAPH,
        widget=LongTextarea(),
        help_text=_("People of the city and the network can read it. Do not repeat what is redacted."),
        error_messages={"required": _("Give a reason, in one sentence.")},
    )
    is_understood = forms.BooleanField(
        label=_("I understand that this cannot be undone"),
        error_messages={"required": _("Confirm that this cannot be undone.")},
    )

    def __init__(self, *args: Any, parts: list[Part], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(part.name, capfirst(part.label)) for part in parts if part.is_redactable]
        self.fields["names"].choices = choices  # type: ignore[attr-defined] # of the field above
