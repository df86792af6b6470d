"""Forms of a city's period: narrative, submission, reasons and comments, indicator values; and phase dates."""

from collections.abc import Iterable, Iterator
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Layout
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.enums import BodyKind, Visibility
from cities.models import Membership, Person
from cities.rules import OFFICIALS
from core import locales
from core.forms import ButtonsForm, DateInput, Folded, Heading, LongTextarea, VersionedForm, YearsChecked, form_helper
from core.text_limits import LINE
from strategies.models import Narrative

from .fields import confirm_field, value_field, visibility_field
from .log import language_name


class NarrativeForm(VersionedForm):
    language = forms.ChoiceField(label=gettext_lazy("Language of the text"))

    class Meta:
        model = Narrative
        fields = ["text", "language"]
        widgets = {"text": LongTextarea({"rows": 12})}
        labels = {"text": gettext_lazy("The city’s own account of the period")}

    def __init__(self, *args: Any, city: Any, cancel: str = "", **kwargs: Any) -> None:
        self.city = city
        super().__init__(*args, **kwargs)
        self.helper = form_helper(cancel=cancel, draft=self.instance.city_period)
        codes = dict.fromkeys([city.language, *city.other_languages, "en"])
        self.fields["language"].choices = [(code, language_name(code)) for code in codes]
        self.fields["text"].required = True
        self.fields["text"].help_text = _(
            "What went well, what did not, and what you will do next. Figures and updates are added automatically."
        )
        if self.instance.pk is None:
            self.initial["language"], self.initial["version"] = city.language, 0

    def form_for(self, current):
        return type(self)(instance=current, city=self.city)

    def _post_clean(self):
        """Skip model validation: the service validates and saves."""


class SubmitForm(ButtonsForm, forms.Form):
    save_label = gettext_lazy("Submit report")
    on_behalf_of = forms.ModelChoiceField(
        Person.objects.none(), label=gettext_lazy("Responsible"), widget=forms.RadioSelect, empty_label=None
    )

    def __init__(self, *args: Any, city: Any, person: Any = None, is_early: bool = False, **kwargs: Any) -> None:
        """``is_early``: the period has not ended, so a checkbox must confirm the submission."""
        super().__init__(*args, **kwargs)
        if is_early:
            words = {"required": _("The period has not ended yet. Select this to submit it now.")}
            self.fields["early"] = forms.BooleanField(label=_("Submit before the period ends"), error_messages=words)
        office = Membership.objects.current(city.today).filter(body__kind=BodyKind.CITY_OFFICE, body__city=city)
        office = office.filter(role__in=OFFICIALS)
        field = self.fields["on_behalf_of"]
        field.queryset = Person.objects.filter(pk__in=office.values("person"))
        field.help_text = _("Both are recorded: the person responsible and the person who submits.")
        if person is not None:
            self.initial.setdefault("on_behalf_of", person.pk)


class ReasonForm(forms.Form):
    """The reason or comment for a state transition, a withdrawal or a waiver."""

    def __init__(self, *args: Any, label: Any, most: int, required: bool, helper: FormHelper, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = helper
        self.fields["text"] = forms.CharField(
            label=label,
            required=required,
            max_length=most,
            widget=LongTextarea(),
            error_messages={"required": _("Give a reason, in one sentence.")},
        )


class ReturnForm(ReasonForm):
    """Why the period is returned, and a checkbox and an optional comment for each part that needs correction."""

    def __init__(self, *args: Any, sections: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        for section in sections:
            title = section.title or _("Narrative")
            words = _("Comment on “%(title)s”") % {"title": title}
            self.fields[f"mark_{section.key}"] = forms.BooleanField(required=False, label=title)
            self.fields[f"line_{section.key}"] = forms.CharField(required=False, max_length=LINE, label=words)
        heading = Heading(
            _("Parts to correct (optional)"),
            _(
                "The city sees what you select here on the period’s page and in My work, each with a link to correct "
                "it."
            ),
        )
        self.helper.layout = Layout("text", *([heading, *self._groups()] if sections else []))

    def _groups(self) -> Iterator[Folded]:
        """Yield the checkboxes and comments for each kind of part; open are the first and those that are marked."""
        headings = {"narrative": _("Narrative"), "action": _("Actions"), "indicator": _("Indicators")}
        is_open = True
        for kind, heading in headings.items():
            keys = [section.key for section in self.sections if section.kind == kind]
            names = [f"{name}_{key}" for key in keys for name in ("mark", "line")]
            if names:
                yield Folded(heading, *names, is_open=is_open or any(self[name].value() for name in names))
                is_open = False

    def marks(self) -> dict[str, str]:
        """Return ``{ReportSection.key: comment}``. A comment without its checkbox marks the part too."""
        lines = {section.key: self.cleaned_data[f"line_{section.key}"] for section in self.sections}
        return {key: line for key, line in lines.items() if line or self.cleaned_data[f"mark_{key}"]}


class ValuesForm(forms.Form):
    """All indicators of a period: value and note, with the last value as help text."""

    PARTS = ("value", "note", "visibility", "confirm", "version")

    def __init__(self, *args: Any, rows: list, cancel: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            self._add_fields(row)
        self.cancel = cancel
        self.ask_confirmation(name.replace("confirm_", "value_") for name in self.data if name.startswith("confirm_"))

    @property
    def helper(self) -> FormHelper:
        """Return the layout with the checkboxes that are there now."""
        lines = []
        for row in self.rows:
            value, note, visibility, confirm, version = (f"{part}_{row.indicator.pk}" for part in self.PARTS)
            lines += [version, Div(value, note, visibility, css_class="epi-pair epi-value")]
            lines += [confirm] if confirm in self.fields else []
        return form_helper(*lines, cancel=self.cancel)

    def ask_confirmation(self, names: Iterable[str]) -> None:
        """Add a checkbox for each value that may be wrong. ``names``: the fields of the values."""
        asked = set(names)
        for row in self.rows:
            if f"value_{row.indicator.pk}" in asked:
                self.fields[f"confirm_{row.indicator.pk}"] = confirm_field(row.indicator)

    def _add_fields(self, row):
        name = f"value_{row.indicator.pk}"
        self.fields[name] = value_field(row.indicator, help_text=self._help(row))
        self.fields[f"note_{row.indicator.pk}"] = forms.CharField(
            required=False, max_length=250, label=_("Note on %(name)s") % {"name": row.indicator.name}
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
        last = _("Latest: %(value)s (%(period)s).") % words if row.last_value is not None else _("No value yet.")
        if row.indicator.target is None:
            return last
        return last + " " + _("Target: %(target)s.") % {"target": locales.number(row.indicator.target)}

    def given(self):
        """Yield (row, value, note, visibility, version, is_confirmed) for each changed value."""
        for row in self.rows:
            pk = row.indicator.pk
            value, note = self.cleaned_data[f"value_{pk}"], self.cleaned_data[f"note_{pk}"]
            stored = (row.value.value, row.value.note, row.value.visibility) if row.value else (None, "", "")
            visibility = self.cleaned_data[f"visibility_{pk}"] or stored[2] or Visibility.NETWORK
            is_empty = value is None and not note and row.value is None
            if (value, note, visibility) != stored and not is_empty:
                version, is_confirmed = self.cleaned_data[f"version_{pk}"] or 0, bool(self.data.get(f"confirm_{pk}"))
                yield row, value, note, visibility, version, is_confirmed

    def accept_current_versions(self, error):
        """Take over the versions of other people's values (ValuesConflict), so that the next save replaces them."""
        self.data = self.data.copy()
        for pk, value in error.stored.items():
            self.data[f"version_{pk}"] = str(value.version) if value else ""


class NoChangeForm(forms.Form):
    """In which period *no change* is logged. A single one needs no choice."""

    period = forms.ChoiceField(label=gettext_lazy("Period"))

    def __init__(self, *args: Any, periods: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["period"]
        field.choices = [
            (
                row.pk,
                _("%(name)s, due on %(day)s") % {"name": row.name, "day": locales.day(row.due_on)},
            )
            for row in periods
        ]
        if len(periods) == 1:
            field.widget, self.initial["period"] = forms.HiddenInput(), periods[0].pk


class AdoptionForm(ButtonsForm, YearsChecked, forms.Form):
    save_label = gettext_lazy("Adopt strategy")

    day = forms.DateField(widget=DateInput())

    def __init__(self, *args: Any, label: Any, help_text: Any = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].label, self.fields["day"].help_text = label, help_text
