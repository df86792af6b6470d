"""How every form of the site and the admin is rendered: errors that name the field, and selects without templates."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates
from django.forms.utils import ErrorList, flatatt
from django.utils.formats import localize
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from .text_limits import too_long


class NamedBoundField(BoundField):
    """Name the field in the error for an empty required field, unless the form has a message of its own.

    For a text that is too long, say how long it may be.
    """

    @property
    def errors(self) -> ErrorList:
        errors = super().errors
        if not errors:
            return errors
        if self.is_left_empty:
            return ErrorList([self._words()], renderer=errors.renderer, field_id=self.auto_id)
        for error in errors.as_data():
            if error.code == "max_length" and "show_value" in (params := error.params or {}):
                sentence = too_long(params["show_value"], params["limit_value"])
                return ErrorList([sentence], renderer=errors.renderer, field_id=self.auto_id)
        return errors

    @property
    def is_left_empty(self) -> bool:
        stock = forms.Field.default_error_messages["required"]
        return [str(error) for error in super().errors] == [str(stock)]

    def _words(self) -> str:
        is_chosen = hasattr(self.field, "choices")
        words = gettext("Choose an option for “%(label)s”.") if is_chosen else gettext("Fill in “%(label)s”.")
        return words % {"label": self.label}


class FormRenderer(DjangoTemplates):
    """Django's renderer, for every form of the site and the admin, with our error for empty required fields.

    Lists of choices are written without a template for each option: two hundred took 30 ms. So are plain inputs, which
    need two templates each.
    """

    bound_field_class = NamedBoundField

    def render(self, template_name: str, context: Any, request: Any = None) -> str:
        if template_name == SELECT and all(_is_plain(option) for option in _options(context["widget"])):
            return _select(context["widget"])
        if template_name in INPUTS:
            return _input(context["widget"])
        if template_name == TEXTAREA:
            return _textarea(context["widget"])
        return super().render(template_name, context, request)


TEXTAREA = "django/forms/widgets/textarea.html"
INPUTS = {
    f"django/forms/widgets/{name}.html"
    for name in ("text", "number", "email", "url", "hidden", "date", "datetime", "time", "password", "checkbox")
}
SELECT, OPTION = "django/forms/widgets/select.html", "django/forms/widgets/select_option.html"


def _options(widget: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (option for _name, options, _index in widget["optgroups"] for option in options)


def _is_plain(option: dict[str, Any]) -> bool:
    return option["template_name"] == OPTION


def _input(widget: dict[str, Any]) -> SafeString:
    """Return what Django's templates of an input return."""
    value = SafeString("") if widget["value"] is None else format_html(' value="{}"', widget["value"])
    known = widget["type"], widget["name"], value, attributes_of(widget["attrs"])
    return format_html('<input type="{}" name="{}"{}{}>', *known)


def _textarea(widget: dict[str, Any]) -> SafeString:
    tag = '<textarea name="{}"{}>\n{}</textarea>'
    return format_html(tag, widget["name"], attributes_of(widget["attrs"]), widget["value"] or "")


def attributes_of(values: dict[str, Any]) -> SafeString:
    """Return what Django's template of attributes returns; ``flatatt`` has another order."""
    given = ((name, value) for name, value in values.items() if value is not False)
    parts = [f" {name}" if value is True else f' {name}="{conditional_escape(value)}"' for name, value in given]
    return SafeString("".join(parts))


def _select(widget: dict[str, Any]) -> SafeString:
    """Return what Django's template of a select returns, but for white space."""
    groups = [
        format_html('<optgroup label="{}">{}</optgroup>', name, _option_tags(options))
        if name
        else _option_tags(options)
        for name, options, _index in widget["optgroups"]
    ]
    attributes, inner = flatatt(widget["attrs"]), SafeString("".join(groups))
    return format_html('<select name="{}"{}>{}</select>', widget["name"], attributes, inner)


def _option_tags(options: Iterable[dict[str, Any]]) -> SafeString:
    tags = ((option["value"], flatatt(option["attrs"]), localize(option["label"])) for option in options)
    return format_html_join("", '<option value="{}"{}>{}</option>', tags)
