"""Read the forms of a rendered page, and fill one with what was typed into it before.

This works on HTML and not on form classes, so that it works for every form: those of the site, of allauth and of the
admin, several on one page, or written by hand in a template. A page that is filled in would post what was posted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

BUTTONS = {"submit", "button", "image", "reset"}
CHOICES = {"checkbox", "radio"}
NOT_RESTORED = "data-not-restored"  # attribute of hidden inputs that say what this page shows
NEVER_FILLED = BUTTONS | {"password", "file"}
Values = Mapping[str, Sequence[str]]


@dataclass
class Span:
    """A piece of the page: from ``start`` to ``end``."""

    start: int
    end: int = 0


@dataclass
class Option:
    value: str
    label: str
    span: Span
    attrs: dict[str, str | None]


@dataclass
class Control:
    """An input, select, textarea or button with a name."""

    tag: str
    type: str
    name: str
    attrs: dict[str, str | None]
    span: Span  # of the start tag
    legend: str = ""
    text: Span = field(default_factory=lambda: Span(0))  # of a textarea
    content: str = ""
    options: list[Option] = field(default_factory=list)
    folds: tuple[int, ...] = ()  # the ``details`` around it

    @property
    def values(self) -> list[str]:
        """Return what a browser would post."""
        if "disabled" in self.attrs or self.type in BUTTONS | {"file"}:
            return []
        if self.tag == "textarea":
            return [self.content]
        if self.tag == "select":
            chosen = [option.value for option in self.options if "selected" in option.attrs]
            is_list = "multiple" in self.attrs
            return chosen if is_list or chosen or not self.options else [self.options[0].value]
        if self.type in CHOICES:
            return [self.attrs.get("value") or "on"] if "checked" in self.attrs else []
        return [self.attrs.get("value") or ""]


@dataclass
class PageForm:
    attrs: dict[str, str | None]
    span: Span  # of the start tag
    controls: list[Control] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)  # by the id of a control

    @property
    def is_post(self) -> bool:
        return (self.attrs.get("method") or "get").lower() == "post"

    @property
    def names(self) -> set[str]:
        return {control.name for control in self.controls}

    def paths(self, page: str) -> set[str]:
        """Return the paths that the form posts to, those of its buttons too."""
        actions = [control.attrs["formaction"] for control in self.controls if control.attrs.get("formaction")]
        return {urlsplit(urljoin(page, action or page)).path for action in (self.attrs.get("action"), *actions)}

    def values(self) -> dict[str, list[str]]:
        """Return what a browser would post, without a button."""
        found: dict[str, list[str]] = {}
        for control in self.controls:
            if values := control.values:
                found.setdefault(control.name, []).extend(values)
        return found

    def label(self, name: str) -> str:
        """Return the label of the field: of a group of choices, its legend."""
        for control in self.controls:
            if control.name == name:
                label = self.labels.get(control.attrs.get("id") or "", "")
                return (control.legend or label) if control.type in CHOICES else (label or control.legend)
        return ""

    def shown(self, name: str, values: Sequence[str]) -> str:
        """Return the values as people read them: the labels of choices, not their keys."""
        return ", ".join(self._shown(name, value) for value in values if value)

    def _shown(self, name: str, value: str) -> str:
        for control in self.controls:
            if control.name == name and control.type in CHOICES and (control.attrs.get("value") or "on") == value:
                return self.labels.get(control.attrs.get("id") or "") or value
            for option in control.options if control.name == name else ():
                if option.value == value:
                    return option.label
        return value

    def is_typed(self, name: str) -> bool:
        """Return whether people see the field."""
        return any(control.name == name and control.type not in BUTTONS | {"hidden"} for control in self.controls)


class _Parser(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[PageForm] = []
        self.details: list[Span] = []
        self.ids: dict[str, PageForm] = {}
        self.others: list[tuple[str, Control]] = []  # outside the form that they name
        self._labels: dict[str, str] = {}
        self._open: list[int] = []
        self._legends: list[str] = []
        self._form: PageForm | None = None
        self._area: Control | None = None
        self._select: Control | None = None
        self._text: list[str] | None = None
        self._label_for = ""
        self._lines = [0]
        for line in html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self.feed(html)
        self.close()
        for name, control in self.others:
            if name in self.ids:
                self.ids[name].controls.append(control)
        for form in self.forms:
            form.labels = self._labels

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        span = Span(self._here(), self._here() + len(self.get_starttag_text() or ""))
        if tag == "form":
            self._form = PageForm(found, span)
            self.forms.append(self._form)
            if found.get("id"):
                self.ids[str(found["id"])] = self._form
        elif tag == "details":
            self.details.append(span)
            self._open.append(len(self.details) - 1)
        elif tag == "fieldset":
            self._legends.append("")
        elif tag in {"label", "legend"}:
            self._text, self._label_for = [], found.get("for") or ""
        elif tag == "option" and self._select is not None:
            self._end_option()
            self._select.options.append(Option(found.get("value", "\0") or "", "", span, found))
            self._text = []
        elif tag in {"input", "select", "textarea", "button"}:
            self._control(tag, found, span)

    handle_startendtag = handle_starttag

    def _control(self, tag: str, attrs: dict[str, str | None], span: Span) -> None:
        usual = {"input": "text", "button": "submit"}.get(tag)
        kind = (attrs.get("type") or usual).lower() if usual else tag
        legend = next((words for words in reversed(self._legends) if words), "")
        control = Control(tag, kind, attrs.get("name") or "", attrs, span, legend, folds=tuple(self._open))
        if tag == "textarea":
            control.text.start = span.end
            self._area, self._text = control, []
        if tag == "select":
            self._select = control
        if attrs.get("form"):
            self.others.append((str(attrs["form"]), control))
        elif self._form is not None and (control.name or attrs.get("formaction")):
            self._form.controls.append(control)

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "details" and self._open:
            self._open.pop()
        elif tag == "fieldset" and self._legends:
            self._legends.pop()
        elif tag in {"label", "legend"} and self._text is not None:
            words = " ".join("".join(self._text).split())
            if tag == "label":
                self._labels.setdefault(self._label_for, words)
            elif self._legends:
                self._legends[-1] = words
            self._text = None
        elif tag == "textarea" and self._area is not None:
            text = "".join(self._text or [])
            self._area.text.end = self._here()
            self._area.content = text.removeprefix("\n")  # a line break after the tag is not part of the text
            self._area = self._text = None
        elif tag == "option":
            self._end_option()
        elif tag == "select":
            self._end_option()
            self._select = None

    def _end_option(self) -> None:
        if self._select is None or not self._select.options or self._text is None:
            return
        option, words = self._select.options[-1], " ".join("".join(self._text).split())
        option.label = words
        if option.value == "\0":
            option.value = words
        self._text = None


class Page:
    """The forms of one page. Changes are collected by ``fill`` and ``insert``, and made by ``html``."""

    def __init__(self, html: str) -> None:
        parsed = _Parser(html)
        self.source, self.forms, self._details = html, parsed.forms, parsed.details
        self._edits: dict[tuple[int, int], str] = {}

    def post_forms(self) -> list[PageForm]:
        return [form for form in self.forms if form.is_post]

    def find(self, *, page: str, path: str, names: set[str]) -> PageForm | None:
        """Return the form that posted ``names`` to ``path``: most fields in common, then the address."""

        def fit(form: PageForm) -> tuple[int, bool]:
            return len(names & form.names), path in form.paths(page)

        best = max(self.post_forms(), key=fit, default=None)
        return best if best and any(fit(best)) else None

    def fill(self, form: PageForm, values: Values) -> dict[str, list[str]]:
        """Set every field of the form to ``values``. Returns the values for which the form has no field or choice."""
        left = {name: list(given) for name, given in values.items()}
        for control in form.controls:
            if control.type in BUTTONS:
                left.pop(control.name, None)
            if control.type in NEVER_FILLED or "disabled" in control.attrs:
                continue
            if NOT_RESTORED in control.attrs:
                left.pop(control.name, None)
                continue
            given = left.get(control.name)
            if control.type in CHOICES:
                self._choose(control, "checked", control.attrs.get("value") or "on", given)
            elif given is None:
                continue
            elif control.tag == "select":
                for option in control.options:
                    self._choose_option(option, given, is_list="multiple" in control.attrs)
            elif given:
                self._write(control, given.pop(0))
        left = {name: [value for value in given if value.strip()] for name, given in left.items()}
        return {name: given for name, given in left.items() if given}

    def insert(self, position: int, html: str) -> None:
        self._edits[position, position] = self._edits.get((position, position), "") + html

    def set_hidden(self, form: PageForm, name: str, value: str) -> None:
        """Set the hidden input, or add it."""
        for control in form.controls:
            if control.name == name and control.type == "hidden":
                self._write(control, value)
                return
        self.insert(form.span.end, f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">')

    def html(self) -> str:
        parts, last = [], 0
        for (start, end), text in sorted(self._edits.items()):
            parts += [self.source[last:start], text]
            last = end
        return "".join([*parts, self.source[last:]])

    # ---- single fields

    def _write(self, control: Control, value: str) -> None:
        if control.tag == "textarea":
            self._edits[control.text.start, control.text.end] = "\n" + escape(value, quote=False)
        else:
            self._set(control.tag, control.span, control.attrs | {"value": value})
        if value and value != "".join(control.values) and control.type != "hidden":
            self._unfold(control)

    def _choose(self, control: Control, attribute: str, value: str, given: list[str] | None) -> None:
        is_chosen = given is not None and value in given
        if given is not None and is_chosen:
            given.remove(value)
            self._unfold(control)
        attrs = {name: known for name, known in control.attrs.items() if name != attribute}
        self._set(control.tag, control.span, attrs | ({attribute: None} if is_chosen else {}))

    def _choose_option(self, option: Option, given: list[str], *, is_list: bool) -> None:
        is_chosen = option.value in given
        if is_chosen:
            given.remove(option.value)
        attrs = {name: known for name, known in option.attrs.items() if name != "selected"}
        self._set("option", option.span, attrs | ({"selected": None} if is_chosen else {}))

    def _set(self, tag: str, span: Span, attrs: Mapping[str, Any]) -> None:
        parts = [name if value is None else f'{name}="{escape(value)}"' for name, value in attrs.items()]
        self._edits[span.start, span.end] = f"<{' '.join([tag, *parts])}>"

    def _unfold(self, control: Control) -> None:
        for index in control.folds:
            span = self._details[index]
            tag = self.source[span.start : span.end]
            if " open" not in tag:
                self._edits[span.start, span.end] = tag.replace("<details", "<details open", 1)
