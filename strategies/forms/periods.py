"""Forms of a city's period: narrative, submission, reasons and comments, indicator values; and phase dates."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.enums import BodyKind, Visibility
from cities.models import City, Membership, Person
from cities.rules import OFFICIALS
from core import locales
from core.forms import DateInput, LongTextarea, VersionedForm, YearsChecked, form_helper
from core.text_limits import LINE, PARAGRAPH
from strategies.enums import PeriodState
from strategies.models import Narrative, ReportingPeriod

from .fields import confirm_field, value_field, visibility_field
from .log import language_name


class NarrativeForm(VersionedForm):
    language = forms.ChoiceField(label=gettext_lazy("Written in"))

    class Meta:
        model = Narrative
        fields = ["text", "language"]
        widgets = {"text": LongTextarea({"rows": 12})}
        labels = {"text": gettext_lazy("The city’s own account of the period")}

    def __init__(self, *args: Any, city: Any, **kwargs: Any) -> None:
        self.city = city
        super().__init__(*args, **kwargs)
        codes = dict.fromkeys([city.language, *city.other_languages, "en"])
        self.fields["language"].choices = [(code, language_name(code)) for code in codes]
        self.fields["text"].required = True
        self.fields["text"].help_text = _(
            "What went well, what did not, and what follows from it. Figures and updates are added by themselves."
        )
        if self.instance.pk is None:
            self.initial["language"], self.initial["version"] = city.language, 0

    def form_for(self, current):
        return type(self)(instance=current, city=self.city)

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""


class SubmitForm(forms.Form):
    on_behalf_of = forms.ModelChoiceField(
        Person.objects.none(), label=gettext_lazy("Who answers for it"), widget=forms.RadioSelect, empty_label=None
    )

    def __init__(self, *args: Any, city: Any, person: Any = None, is_early: bool = False, **kwargs: Any) -> None:
        """``is_early``: the period has not ended, so a checkbox must confirm the submission."""
        super().__init__(*args, **kwargs)
        if is_early:
            words = {"required": _("The period still runs. Tick this if you want to submit it now.")}
            self.fields["early"] = forms.BooleanField(label=_("Submit now all the same"), error_messages=words)
        office = Membership.objects.current(city.today).filter(body__kind=BodyKind.CITY_OFFICE, body__city=city)
        office = office.filter(role__in=OFFICIALS)
        field = self.fields["on_behalf_of"]
        field.queryset = Person.objects.filter(pk__in=office.values("person"))
        field.help_text = _("Both are kept: who answers for the period, and who pressed the button.")
        if person is not None:
            self.initial.setdefault("on_behalf_of", person.pk)


class ReasonForm(forms.Form):
    """The reason or comment for a state transition, a withdrawal or a waiver."""

    def __init__(
        self, *args: Any, label: Any, help_text: Any = "", required: bool = True, most: int = PARAGRAPH, **kwargs: Any
    ):
        super().__init__(*args, **kwargs)
        self.fields["text"] = forms.CharField(
            label=label,
            help_text=help_text,
            required=required,
            max_length=most,
            widget=LongTextarea(),
            error_messages={"required": _("Say why, in a sentence.")},
        )


class ReturnForm(ReasonForm):
    """Why the period is returned, and a checkbox and an optional comment for each part that needs correction."""

    def __init__(self, *args: Any, sections: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        for section in sections:
            title = section.title or _("Narrative")
            words = _("What about “%(title)s”?") % {"title": title}
            self.fields[f"mark_{section.key}"] = forms.BooleanField(required=False, label=title)
            self.fields[f"line_{section.key}"] = forms.CharField(required=False, max_length=LINE, label=words)

    @property
    def groups(self):
        """Yield (heading, whether a part is marked, [(checkbox, comment)]) for each kind of part."""
        headings = {"narrative": _("Narrative"), "action": _("Actions"), "indicator": _("Indicators")}
        for kind, heading in headings.items():
            keys = [section.key for section in self.sections if section.kind == kind]
            lines = [(self[f"mark_{key}"], self[f"line_{key}"]) for key in keys]
            if lines:
                yield heading, any(mark.value() or line.value() for mark, line in lines), lines

    def marks(self) -> dict[str, str]:
        """Return ``{ReportSection.key: comment}``. A comment without its checkbox marks the part too."""
        lines = {section.key: self.cleaned_data[f"line_{section.key}"] for section in self.sections}
        return {key: line for key, line in lines.items() if line or self.cleaned_data[f"mark_{key}"]}


class ValuesForm(forms.Form):
    """All indicators of a period: value and note, with the last value as help text."""

    PARTS = ("value", "note", "visibility", "confirm", "version")

    def __init__(self, *args: Any, rows: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            self._add_fields(row)

    def _add_fields(self, row):
        name = f"value_{row.indicator.pk}"
        self.fields[name] = value_field(row.indicator, help_text=self._help(row))
        self.fields[f"note_{row.indicator.pk}"] = forms.CharField(
            required=False, max_length=250, label=_("Note to %(name)s") % {"name": row.indicator.name}
        )
        self.fields[f"visibility_{row.indicator.pk}"] = visibility_field(row.indicator, initial=Visibility.NETWORK)
        self.fields[f"version_{row.indicator.pk}"] = forms.IntegerField(required=False, widget=forms.HiddenInput)
        if row.value is not None:
            self.initial |= {
                name: row.value.value,
                f"note_{row.indicator.pk}": row.value.note,
                f"visibility_{row.indicator.pk}": row.value.visibility,
                f"version_{row.indicator.pk}": row.value.version,
            }

    @staticmethod
    def _help(row):
        words = {"value": locales.number(row.last_value), "period": row.last_period}
        last = _("Last: %(value)s (%(period)s).") % words if row.last_value is not None else _("No value yet.")
        if row.indicator.target is None:
            return last
        return last + " " + _("Target: %(target)s.") % {"target": locales.number(row.indicator.target)}

    @property
    def lines(self):
        """Return (row, value, note, visibility, checkbox or None, version) for each indicator."""
        return [(row, *(self._field(name, row) for name in self.PARTS)) for row in self.rows]

    def _field(self, part, row):
        name = f"{part}_{row.indicator.pk}"
        return self[name] if name in self.fields else None

    def given(self):
        """Yield (row, value, note, visibility, version, is_confirmed) for each changed value."""
        for row in self.rows:
            pk = row.indicator.pk
            value, note = self.cleaned_data[f"value_{pk}"], self.cleaned_data[f"note_{pk}"]
            stored = (row.value.value, row.value.note, row.value.visibility) if row.value else (None, "", "")
            visibility = self.cleaned_data[f"visibility_{pk}"] or stored[2] or Visibility.NETWORK
            if (value, note, visibility) != stored and value is not None:
                version, is_confirmed = self.cleaned_data[f"version_{pk}"] or 0, bool(self.data.get(f"confirm_{pk}"))
                yield row, value, note, visibility, version, is_confirmed

    def accept_current_versions(self, error):
        """Take over the versions of other people's values (ValuesConflict), so that the next save replaces them."""
        self.data = self.data.copy()
        for pk, value in error.stored.items():
            self.data[f"version_{pk}"] = str(value.version) if value else ""

    def clean(self):
        cleaned = super().clean()
        for row in self.rows:
            pk = row.indicator.pk
            if cleaned.get(f"note_{pk}") and cleaned.get(f"value_{pk}") is None and f"value_{pk}" not in self.errors:
                self.add_error(f"value_{pk}", _("Give the value that the note belongs to."))
            elif row.value and cleaned.get(f"value_{pk}") is None and f"value_{pk}" not in self.errors:
                self.add_error(f"value_{pk}", _("A value that was given is changed or withdrawn, not emptied."))
        self._ask_about_values(cleaned)
        return cleaned

    def _ask_about_values(self, cleaned):
        """Refuse changed values that may be wrong until the checkbox beside them is ticked."""
        for row in self.rows:
            pk, value = row.indicator.pk, cleaned.get(f"value_{row.indicator.pk}")
            if (row.value is None or row.value.value != value) and (question := row.indicator.question_about(value)):
                self.fields[f"confirm_{pk}"] = confirm_field(row.indicator)
                if not self.data.get(f"confirm_{pk}"):
                    self.add_error(f"value_{pk}", question)


class DayForm(YearsChecked, forms.Form):
    day = forms.DateField(widget=DateInput())

    def __init__(self, *args: Any, label: Any, help_text: Any = "", cancel: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].label, self.fields["day"].help_text = label, help_text
        self.helper = form_helper(save=_("Save"), cancel=cancel)


class PeriodFilterForm(forms.Form):
    city = forms.ModelChoiceField(
        City.objects.all(), required=False, label=gettext_lazy("City"), empty_label=gettext_lazy("all")
    )
    period = forms.ModelChoiceField(
        ReportingPeriod.objects.order_by("-starts_on"),
        required=False,
        label=gettext_lazy("Period"),
        empty_label=gettext_lazy("all"),
    )
    state = forms.ChoiceField(
        choices=[("", gettext_lazy("all")), *PeriodState.choices], required=False, label=gettext_lazy("State")
    )
