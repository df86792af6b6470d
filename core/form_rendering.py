"""How every form of the site and the admin is rendered: errors that name the field, fields without templates."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates
from django.forms.utils import ErrorList, flatatt
from django.template.loader import render_to_string
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


# ---- a field with its label


PARTS = "bootstrap5/layout/"


def field_html(field: BoundField, context: dict[str, Any]) -> SafeString:
    """Return the field with label, help text, errors and input, in this order for screen readers.

    The templates of crispy-forms ask some twenty conditions for each field, a third of the time of a long form.
    """
    if field.is_hidden:
        return SafeString(field)
    errors, given = field.errors, context | {"errors": field.errors}
    shown = _part("field_errors_block", given) if errors else ""
    names = ["has-errors" if errors else "", context.get("wrapper_class"), field.css_classes()]
    known = {
        "tag": context.get("tag") or "div",
        "id": field.auto_id,
        "css": "".join(f" {name}" for name in names if name),
        "errors": shown,
        "label": field.label,
    }
    if isinstance(field.field.widget, forms.CheckboxInput):
        inner = _with_class(field, "form-check-input", errors)
        return format_html(CHECKBOX, **known, of=field.id_for_label, input=inner, help=_help(field, "span"))
    inner = format_html("{}{}", _row_search(field, given), _input_of(field, given, errors))
    label = _label(field) if field.label and context.get("form_show_labels") else ""
    row = format_html("{}{}{}{}", label, _help(field, "div"), shown, inner)
    if field.use_fieldset:
        described = field.aria_describedby
        row = format_html("<fieldset{}>{}</fieldset>", attributes_of({"aria-describedby": described or False}), row)
    return format_html('<{tag} id="div_{id}" class="epi-field{css}">{row}</{tag}>', **known, row=row)


CHECKBOX = """<div id="div_{id}" class="epi-field epi-field-check{css}">{errors}<div class="form-check">{input}
<label class="form-check-label" for="{of}">{label}{help}</label></div></div>"""


def _label(field: BoundField) -> SafeString:
    if field.use_fieldset:
        return format_html('<legend class="form-label">{}{}</legend>', field.label, requirement(field))
    tag = '<label class="form-label" for="{}">{}{}</label>'
    return format_html(tag, field.id_for_label, field.label, requirement(field))


def requirement(field: BoundField) -> SafeString:
    """Return "required" or "optional", whichever is rarer in the form; nothing if all fields are alike."""
    needed = [other.required for other in field.form.fields.values() if not other.widget.is_hidden]
    says_required = needed.count(True) <= needed.count(False)
    if all(needed) or not any(needed) or field.field.required != says_required:
        return SafeString("")
    words = gettext("required") if says_required else gettext("optional")
    return format_html(' <span class="epi-needed">{}</span>', words)


def _help(field: BoundField, tag: str) -> SafeString:
    if not field.help_text:
        return SafeString("")
    own = {"id": f"{field.auto_id}_helptext" if field.auto_id else False, "class": "form-text"}
    return format_html("<{tag}{own}>{words}</{tag}>", tag=tag, own=attributes_of(own), words=field.help_text)


def _row_search(field: BoundField, context: dict[str, Any]) -> SafeString:
    is_searched = getattr(field.field, "search_label", "")
    return render_to_string("_parts/row_search.html", context) if is_searched else SafeString("")


def _input_of(field: BoundField, context: dict[str, Any], errors: ErrorList) -> SafeString:
    match field.field.widget:
        case forms.RadioSelect() | forms.CheckboxSelectMultiple():
            return _part("radio_checkbox_select", context)
        case forms.FileInput():
            return _part("field_file", context)
        case forms.Select():
            return _with_class(field, "form-select", errors)
    return _with_class(field, "form-control", errors)


def _part(name: str, context: dict[str, Any]) -> SafeString:
    return render_to_string(f"{PARTS}{name}.html", context)


def _with_class(field: BoundField, css: str, errors: ErrorList) -> SafeString:
    """Return the input, with the class beside those it has."""
    outer = field.field.widget
    for widget in getattr(outer, "widgets", [getattr(outer, "widget", outer)]):
        names = [*widget.attrs.get("class", "").split(), css, *(["is-invalid"] if errors else [])]
        widget.attrs["class"] = " ".join(dict.fromkeys(names))
    return SafeString(field)
