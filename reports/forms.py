"""Forms of reports: list filter, issue form, verify form."""

import re

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cities.models import City
from core.forms import ButtonsForm
from core.row_choices import RowSelect
from core.text_limits import LINE
from strategies.models import ReportingPeriod

from .enums import Recipients, ReportKind
from .exceptions import FileTooLarge

HASH = re.compile(r"[0-9a-f]{64}")


class IssueForm(ButtonsForm, forms.Form):
    save_label = _("Issue report")
    kind = forms.ChoiceField(
        label=_("Type"), choices=ReportKind, widget=forms.RadioSelect, initial=ReportKind.CITY_PERIOD
    )
    city = forms.ModelChoiceField(
        City.objects.only("name", "slug"),
        label=_("City"),
        widget=RowSelect,
        help_text=_("Not needed for a report on the network."),
        error_messages={"required": _("Choose the city that the report is about.")},
    )
    period = forms.ModelChoiceField(
        ReportingPeriod.objects.none(),
        label=_("Period"),
        empty_label=None,
        help_text=_("Periods for which at least one city’s report has been accepted."),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        help_text=_("A report is issued once, in one language. New data give a new revision."),
    )
    recipients = forms.MultipleChoiceField(
        label=_("Email recipients"),
        choices=Recipients,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, periods, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["period"].queryset = periods
        self.fields["city"].required = self.data.get("kind") != ReportKind.NETWORK_PERIOD
        self.fields["language"].initial = get_language()

    def clean(self):
        data = super().clean()
        if data.get("kind") == ReportKind.NETWORK_PERIOD:
            data["city"] = None
        return data


class VerifyForm(ButtonsForm, forms.Form):
    """A hash, or a file of which only the hash is computed."""

    save_label = _("Check")
    hash = forms.CharField(
        label=_("SHA-256 hash"),
        required=False,
        max_length=LINE,
        help_text=_("The 64 characters at the end of the report. Spaces and line breaks do not matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("Or the report file"),
        required=False,
        allow_empty_file=True,
        help_text=_("PDF, HTML or JSON. The file is not stored; only its hash is calculated."),
    )

    def clean_hash(self) -> str:
        given = re.sub(r"[\s:]+", "", self.cleaned_data["hash"]).lower().removeprefix("sha256").removeprefix("sha-256")
        if given and not HASH.fullmatch(given):
            raise forms.ValidationError(
                _("A hash has 64 characters: digits and letters from a to f. Copy it again from the report.")
            )
        return given

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file and not file.sha256:
            raise forms.ValidationError(FileTooLarge.message)
        return file

    def clean(self):
        data = super().clean()
        if not self.errors and not data.get("hash") and not data.get("file"):
            self.add_error("hash", _("Paste the hash or choose the file."))
        return data

    @property
    def sha256(self) -> str:
        file = self.cleaned_data.get("file")
        return file.sha256 if file else self.cleaned_data["hash"]
