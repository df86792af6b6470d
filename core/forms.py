"""How forms are laid out: one function, so that all of them look and answer alike; widgets that phones understand."""

from typing import Any, NamedTuple

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout, Submit
from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates
from django.forms.utils import ErrorList
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def form_helper(
    *layout: Any,
    save: Any = _("Save"),
    buttons: tuple[tuple[str, Any], ...] = (),
    cancel: str = "",
    tag: bool = True,
    method: str = "post",
    **attrs: str,
) -> FormHelper:
    """Labels above, help above the input, errors gathered on top, one bar to save with.

    ``layout`` is crispy's own, all fields in order where it is empty. ``save`` names the main button, "" leaves the bar
    out. ``buttons`` are quieter ones, as pairs of name and words. ``cancel`` is the address that one goes back to.
    ``attrs`` are the form's: ``data_draft_url="..."`` becomes ``data-draft-url``.
    """
    helper = FormHelper()
    helper.form_tag = tag
    helper.form_method = method
    helper.disable_csrf = method == "get"
    helper.form_class = "epi-form"
    helper.attrs = {"novalidate": True} | {name.replace("_", "-"): value for name, value in attrs.items()}
    helper.cancel_url = cancel
    helper.has_draft = "data_draft_url" in attrs
    if layout:
        helper.layout = Layout(*layout)
    if save:
        helper.add_input(Submit("save", save))
        for name, words in buttons:
            helper.add_input(Submit(name, words, css_class="epi-quiet"))
    return helper


# ---- what was left empty


class NamedField(BoundField):
    """A field that was left empty says which one it is and what to do, unless the form has words of its own for it."""

    @property
    def errors(self) -> ErrorList:
        errors = super().errors
        if self.is_left_empty:
            return ErrorList([self._words()], renderer=errors.renderer, field_id=self.auto_id)
        return errors

    @property
    def is_left_empty(self) -> bool:
        stock = forms.Field.default_error_messages["required"]
        return [str(error) for error in super().errors] == [str(stock)]

    def _words(self) -> str:
        is_chosen = hasattr(self.field, "choices")
        words = gettext("Choose something under “%(label)s”.") if is_chosen else gettext("Fill in “%(label)s”.")
        return words % {"label": self.label}


class Renderer(DjangoTemplates):
    """Django's, for every form of the site and of the workbench, with our sentence for a field that was left empty."""

    bound_field_class = NamedField


# ---- widgets


class DayInput(forms.DateInput):
    """The browser's own calendar, which wants ISO whatever the language."""

    input_type = "date"

    def __init__(self, attrs: dict | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, attrs: dict | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class NumberInput(forms.TextInput):
    """Digits by the phone's number keys; a text input, since browsers' number inputs drop a decimal comma."""

    def __init__(self, attrs: dict | None = None, *, decimals: bool = True) -> None:
        keys = {"inputmode": "decimal" if decimals else "numeric", "autocomplete": "off"}
        super().__init__(keys | (attrs or {}))


class LongText(forms.Textarea):
    """A field for sentences that starts at three lines."""

    def __init__(self, attrs: dict | None = None) -> None:
        super().__init__({"rows": 3} | (attrs or {}))


class ManyChoices(forms.CheckboxSelectMultiple):
    """Several of many, each to be ticked in a box that scrolls; a script puts a filter above a long one."""

    is_filtered = True


# ---- two people, one record


class Difference(NamedTuple):
    label: str
    theirs: str
    yours: str


class VersionedForm(forms.ModelForm):
    """Carries the version of what was read; the service refuses a stale one, and the form then shows both."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("version", getattr(self.instance, "version", 1))
        self.differences: list[Difference] = []

    def catch_up(self, current: Any) -> None:
        """Somebody else was first: keep what was typed, show what is stored, and let the next save win knowingly."""
        stored = self.form_of(current)
        for name in self.fields:
            if name == "version":
                continue
            theirs, yours = stored.words_of(name, stored[name].value()), self.words_of(name, self[name].value())
            if theirs != yours:
                self.differences.append(Difference(str(self[name].label), theirs, yours))
        data: Any = self.data
        self.data = data = data.copy()
        data[self.add_prefix("version")] = str(current.version)

    def form_of(self, current: Any) -> "VersionedForm":
        """The same form, unbound, of the stored version; forms that need more arguments give them here."""
        return type(self)(instance=current)

    def words_of(self, name: str, value: Any) -> str:
        """A field's value as people read it: the names of choices, not their keys."""
        if value is None or value == "":
            return ""
        chosen = {str(part) for part in value} if isinstance(value, list | tuple) else {str(value)}
        choices = getattr(self.fields[name], "choices", None)
        if choices is None:
            return ", ".join(sorted(chosen))
        flat = [
            pair for key, words in choices for pair in (words if isinstance(words, list | tuple) else [(key, words)])
        ]
        return ", ".join(str(words) for key, words in flat if str(key) in chosen)
