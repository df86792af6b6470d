"""The common layout of forms, their error messages, number fields, and widgets that work on phones."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import locales
from .bounds import year_errors


def form_helper(
    *layout: Any,
    save: Any = _("Save"),
    buttons: tuple[tuple[str, Any], ...] = (),
    cancel: str = "",
    cancel_label: Any = "",
    tag: bool = True,
    method: str = "post",
    is_danger: bool = False,
    draft: Any = None,
    template: str = "",
    css_class: str = "epi-form",
    **attrs: str,
) -> FormHelper:
    """Return the crispy-forms helper: labels above, help above the input, all errors on top, one bar of buttons.

    ``layout`` is crispy's own; without it all fields appear in order. ``save`` is the label of the main button; with
    "" it is the first of ``buttons``, pairs of name and label. ``cancel`` is the URL of the cancel
    link, and ``cancel_label`` its text where "Cancel" has another meaning. ``is_danger``: saving removes something.
    ``draft``: the form is saved as a draft while somebody types, under this title. ``template`` draws the fields of a
    form that is more than a list of them. ``attrs`` are the form's: ``data_x="..."`` becomes ``data-x``.
    """
    helper = FormHelper()
    helper.form_tag = tag
    helper.form_method = method
    helper.disable_csrf = method == "get"
    helper.form_class = css_class
    helper.attrs = {"novalidate": True} | {name.replace("_", "-"): value for name, value in attrs.items()}
    helper.cancel_url, helper.cancel_label, helper.draft_title = cancel, cancel_label, draft
    if template:
        layout = (HTML(f'{{% include "{template}" %}}'),)
    if layout:
        helper.layout = Layout(*layout)
    if save:
        helper.add_input(Submit("save", save, css_class="epi-danger" if is_danger else ""))
    for name, words in buttons:
        helper.add_input(Submit(name, words, css_class="epi-quiet" if helper.inputs else ""))
    return helper


class ButtonsForm(forms.BaseForm):
    """First base of a form with one button, and a link to ``cancel`` if there is one."""

    save_label: Any = _("Save")
    is_danger = False

    def __init__(self, *args: Any, cancel: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper(save=self.save_label, is_danger=self.is_danger, cancel=cancel)


class Folded(Div):
    """Fields under a heading that is folded until somebody opens it."""

    template = "_parts/folded_fields.html"

    def __init__(self, heading: Any, *fields: Any, is_open: bool = False) -> None:
        super().__init__(*fields)
        self.heading, self.is_open = heading, is_open


class Heading:
    """A heading between the fields, with a sentence about those below it."""

    def __init__(self, words: Any, text: Any) -> None:
        self.words, self.text = words, text

    def render(self, form: Any, context: Any, template_pack: Any = None, **kwargs: Any) -> SafeString:
        return format_html('<h2>{}</h2><p class="epi-small">{}</p>', self.words, self.text)


# ---- widgets


class DateInput(forms.DateInput):
    """A date input; browsers want the ISO format in every language."""

    input_type = "date"

    def __init__(self, attrs: dict | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeLocalInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, attrs: dict | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class TypedNumber(str):
    """The text of a number field. ``chosen``: the reading that the user chose, ``readings``: those to choose from."""

    chosen: str = ""
    readings: tuple[Decimal, ...] = ()


class NumberInput(forms.TextInput):
    """A text input with the number keys of phones: browsers' number inputs drop a decimal comma.

    If the text has two readings, radio buttons below it ask which one is meant.
    """

    def __init__(self, attrs: dict | None = None, *, decimals: bool = True) -> None:
        keys = {"inputmode": "decimal" if decimals else "numeric", "autocomplete": "off"}
        super().__init__(keys | (attrs or {}))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> TypedNumber | None:
        text = super().value_from_datadict(data, files, name)
        if text is None:
            return None
        typed = TypedNumber(text)
        typed.chosen = data.get(f"{name}_reading", "")
        return typed

    def render(self, name: str, value: Any, attrs: dict | None = None, renderer: Any = None) -> SafeString:
        html = super().render(name, value, attrs, renderer)
        if not isinstance(value, TypedNumber) or not value.readings:
            return html
        options = format_html_join(
            "",
            '<div class="form-check"><input class="form-check-input" type="radio" name="{name}_reading" '
            'value="{number}" id="{id}_reading_{number}"{checked}>'
            '<label class="form-check-label" for="{id}_reading_{number}">{words}</label></div>',
            (
                {
                    "name": name,
                    "id": (attrs or {}).get("id", f"id_{name}"),
                    "number": f"{number:f}",
                    "checked": SafeString(" checked") if value.chosen == f"{number:f}" else "",
                    "words": locales.number(number),
                }
                for number in value.readings
            ),
        )
        legend = gettext("Which number do you mean?")
        return html + format_html('<fieldset class="epi-readings"><legend>{}</legend>{}</fieldset>', legend, options)


class LongTextarea(forms.Textarea):
    """A textarea that starts with three rows, with the field's ``max_length`` below it.

    A script makes a counter of the limit. There is no ``maxlength`` attribute: it would cut a pasted text silently.
    """

    def __init__(self, attrs: dict | None = None) -> None:
        super().__init__({"rows": 3} | (attrs or {}))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the text with one character for each line break, as the counter counts it."""
        value = super().value_from_datadict(data, files, name)
        return _with_plain_breaks(value) if isinstance(value, str) else value

    def get_context(self, name: str, value: Any, attrs: dict | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        attributes = context["widget"]["attrs"]
        context["limit"] = limit = attributes.pop("maxlength", None)
        if limit and (element_id := attributes.get("id")):
            described = [attributes.get("aria-describedby"), f"{element_id}_limit"]
            attributes["aria-describedby"] = " ".join(part for part in described if part)
        return context

    def render(self, name: str, value: Any, attrs: dict | None = None, renderer: Any = None) -> SafeString:
        context = self.get_context(name, value, attrs)
        textarea = self._render(self.template_name, context, renderer)  # type: ignore[attr-defined] # not in the stubs
        return textarea + _limit_line(context) if context["limit"] else textarea


def _with_plain_breaks(text: str) -> str:
    return text.replace("\r\n", "\n")


def _limit_line(context: dict[str, Any]) -> SafeString:
    limit = int(context["limit"])
    words = {"limit": locales.number(limit), "count": "{count}"}
    return format_html(
        '<p class="form-text epi-limit"{} data-limit="{}" data-left="{}" data-over="{}">{}</p>',
        format_html(' id="{}_limit"', context["widget"]["attrs"]["id"]) if context["widget"]["attrs"].get("id") else "",
        limit,
        gettext("%(count)s of %(limit)s characters left") % words,
        gettext("%(count)s characters too many: at most %(limit)s") % words,
        gettext("At most %(limit)s characters.") % words,
    )


class FilteredCheckboxes(forms.CheckboxSelectMultiple):
    """Checkboxes in a box that scrolls; JavaScript adds a filter above a long one."""

    is_filtered = True


# ---- numbers


class AmountField(forms.DecimalField):
    """A decimal number as people of any language type it. If the text can mean two numbers, the user is asked."""

    widget = NumberInput
    default_error_messages = {
        "invalid": _("Enter a number, such as 1200 or 1200.50."),
        "ambiguous": _("Did you mean %(first)s or %(second)s? Choose one of them."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"localize": True} | kwargs))

    def prepare_value(self, value: Any) -> Any:
        """Show a stored number in the active locale, so that it can be read in one way only when it is sent again.

        9600.00 is shown as 9600 and 12.50 as 12.5, but 1.234 as 1.2340.
        """
        if not isinstance(value, Decimal):
            return value
        if value == value.to_integral_value():
            return value.to_integral_value()
        number = value.normalize()
        has_two_readings = len(locales.number_readings(f"{number:f}")) > 1
        return number.quantize(Decimal("0.0001")) if has_two_readings else number

    def bound_data(self, data: Any, initial: Any) -> Any:
        typed = super().bound_data(data, initial)
        if isinstance(typed, TypedNumber) and len(readings := self.readings(typed)) > 1:
            typed.readings = tuple(readings)
        return typed

    def readings(self, text: str) -> list[Decimal]:
        """Return the numbers that the text can mean here: those that the field accepts, else the first one."""
        found = locales.number_readings(text)
        return [number for number in found if self._accepts(number)] or found[:1]

    def _accepts(self, number: Decimal) -> bool:
        try:
            self.run_validators(number)
        except ValidationError:
            return False
        return True

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        readings = self.readings(str(value))
        if not readings:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if len(readings) == 1:
            return readings[0]
        chosen = getattr(value, "chosen", "")
        for number in readings:
            if chosen == f"{number:f}":
                return number
        first, second = (locales.number(number) for number in readings)
        words = self.error_messages["ambiguous"] % {"first": first, "second": second}
        raise ValidationError(words, code="ambiguous")

    def words(self, value: Any) -> str:
        """Return the cleaned number as the success message shows it."""
        return locales.number(value)


class WholeNumberField(AmountField):
    """A number without decimals, zero or more. Cleans to a Decimal."""

    default_error_messages = {"invalid": _("Enter a whole number, such as 31.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"widget": NumberInput(decimals=False), "min_value": 0} | kwargs))

    def _accepts(self, number: Decimal) -> bool:
        return number == number.to_integral_value() and super()._accepts(number)

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        if number is not None and number != number.to_integral_value():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return number


class CountField(WholeNumberField):
    """A non-negative integer, such as a number of people. Cleans to an int."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"max_value": 2_000_000_000} | kwargs))

    def clean(self, value: Any) -> int | None:
        number = super().clean(value)
        return None if number is None else int(number)


class YearField(CountField):
    """A calendar year."""

    default_error_messages = {"invalid": _("Enter the year with four digits, such as 2026.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**(kwargs | {"min_value": 1900, "max_value": 2100}))

    def words(self, value: Any) -> str:
        return str(value)


def number_field_class(db_field: models.Field) -> type[AmountField] | None:
    """Return the form field for a column with a number, so that no form reads numbers in another way."""
    if db_field.choices:
        return None
    if isinstance(db_field, models.DecimalField):
        return AmountField
    return CountField if isinstance(db_field, models.IntegerField) else None


def numbers_as_read(form: forms.BaseForm, names: Collection[str] | None = None) -> str:
    """Return the numbers of a valid form as they were read: "Baseline: 1,500. Target: 2,000."; "" without any.

    ``names``: the fields to show; by default all.
    """
    cleaned: Mapping[str, Any] = form.cleaned_data
    said = [
        f"{form[name].label}: {field.words(cleaned[name])}."
        for name, field in form.fields.items()
        if isinstance(field, AmountField) and cleaned.get(name) is not None and (names is None or name in names)
    ]
    return " ".join(said)


def with_numbers(message: Any, form: forms.BaseForm, names: Collection[str] | None = None) -> str:
    """Return the success message followed by the numbers of the form, so that a misread one is noticed."""
    return " ".join(part for part in (str(message), numbers_as_read(form, names)) if part)


# ---- pages with several forms


def keep_typed(form: forms.BaseForm, data: Any) -> bool:
    """Show what was typed into ``form`` and posted along with another one; it is not validated.

    Returns whether it differs from what the form showed before. A form that was not posted stays as it is.
    """
    if not any(form.add_prefix(name) in data for name in form.fields):
        return False
    is_changed = False
    for name, field in form.fields.items():
        typed = field.widget.value_from_datadict(data, {}, form.add_prefix(name))
        is_changed |= not field.widget.is_hidden and _as_text(typed) != _as_text(_shown(form, name, field))
        form.initial[name] = typed
    return is_changed


def _shown(form: forms.BaseForm, name: str, field: Any) -> Any:
    """Return the initial value; without one, a drop-down list shows its first choice."""
    initial = form.get_initial_for_field(field, name)
    if initial is None and isinstance(field.widget, forms.Select):
        return next((key for key, _label in field.choices), None)
    return initial


def _as_text(value: Any) -> str:
    return "" if value in (None, False) else str(value).replace("\r\n", "\n").strip()


# ---- texts stored before they had limits


def keep_stored_lengths(form: forms.ModelForm) -> None:
    """Allow each stored text that is longer than its field to keep that length: it can be shortened, but not grow."""
    for column in form.instance._meta.concrete_fields:
        field: Any = form.fields.get(column.name)
        stored = getattr(form.instance, column.attname)
        limit = getattr(field, "max_length", None)
        if limit and isinstance(stored, str) and len(stored) > limit:
            field.max_length = len(stored)
            others = [check for check in field.validators if not isinstance(check, MaxLengthValidator)]
            field.validators = [*others, MaxLengthValidator(len(stored))]
            field.widget.attrs["maxlength"] = str(len(stored))


# ---- edit conflicts


class FieldDifference(NamedTuple):
    label: str
    theirs: str
    yours: str


class YearsChecked(forms.BaseForm):
    """Refuse dates whose year cannot be right."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name, sentence in year_errors(self.cleaned_data).items():
            self.add_error(name, sentence)
        return cleaned


class VersionedForm(YearsChecked, forms.ModelForm):
    """A form that carries the version it was opened with. The service refuses an old one; the form then shows both."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    old_names: dict[str, str] = {}  # of fields renamed since 0.1.0: a page opened before the upgrade still posts them

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        renamed = {new: old for old, new in self.old_names.items() if old in self.data and new not in self.data}
        if renamed:
            data: Any = self.data
            data = data.copy()
            for new, old in renamed.items():
                data.setlist(new, data.getlist(old))
            self.data = data
        keep_stored_lengths(self)
        version = 0 if self.instance._state.adding else getattr(self.instance, "version", 1)
        self.initial.setdefault("version", version)  # 0: it creates a record, so it can be sent only once
        self.differences: list[FieldDifference] = []

    def show_conflict(self, current: Any) -> None:
        """Handle an edit conflict: keep the input, list what differs, and let the next save overwrite the record."""
        stored = self.form_for(current)
        for name in self.fields:
            if name == "version" or name not in stored.fields:
                continue
            theirs, yours = stored._compared_value(name), self._compared_value(name)
            if theirs != yours:
                self.differences.append(FieldDifference(str(self[name].label), theirs, yours))
        data: Any = self.data
        self.data = data = data.copy()
        data[self.add_prefix("version")] = str(current.version)

    def form_for(self, current: Any) -> "VersionedForm":
        """Return an unbound form of the stored version. Override it where the form needs more arguments."""
        return type(self)(instance=current)

    def _compared_value(self, name: str) -> str:
        """Return the value for the list of differences: a number as it was read, so that 1500 is the same as 1 500."""
        field, value = self.fields[name], self[name].value()
        if isinstance(field, AmountField):
            number = getattr(self, "cleaned_data", {}).get(name) if self.is_bound else value
            if isinstance(number, int | Decimal):
                return field.words(number)
        return self.display_value(name, value)

    def display_value(self, name: str, value: Any) -> str:
        """Return a field's value as people read it: the labels of choices, not their keys."""
        if value is None or value == "":
            return ""
        chosen = {str(part) for part in value} if isinstance(value, list | tuple) else {_with_plain_breaks(str(value))}
        field: Any = self.fields[name]
        choices = field.choices_of(chosen) if hasattr(field, "choices_of") else getattr(field, "choices", None)
        if choices is None:
            return ", ".join(sorted(chosen))
        flat = [
            pair for key, words in choices for pair in (words if isinstance(words, list | tuple) else [(key, words)])
        ]
        return ", ".join(str(words) for key, words in flat if str(key) in chosen)
