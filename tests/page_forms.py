"""The forms of a page as a browser would post them."""

from copy import deepcopy

from core.html_forms import Page, PageForm


def forms_on(response) -> list[PageForm]:
    return Page(response.content.decode()).post_forms()


def form_on(response, name: str) -> PageForm:
    """Return the form with the field ``name``."""
    return next(form for form in forms_on(response) if name in form.names)


def values_on(response, name: str) -> dict[str, list[str]]:
    """Return all that a browser would post of this form, tokens and hidden fields too."""
    return form_on(response, name).values()


def hidden_on(response, name: str) -> dict[str, list[str]]:
    """Return only the hidden fields of the form with the field ``name``."""
    form = form_on(response, name)
    hidden = {control.name for control in form.controls if control.type == "hidden"}
    return {name: values for name, values in form.values().items() if name in hidden}


def fill(form: PageForm, text: str) -> dict[str, list[str]]:
    """Return the form as a browser would post it after somebody has typed into every field."""
    typed = deepcopy(form.values())
    for control in form.controls:
        kind, known = control.type, control.attrs.get("value") or ""
        if kind in {"text", "textarea", "search"} and "inputmode" not in control.attrs:
            limit = int(control.attrs.get("maxlength") or 0)
            typed[control.name] = [text[:limit] if limit else text]
        elif kind == "text":
            typed[control.name] = [known or "7"]
        elif kind in {"email", "url"}:
            typed[control.name] = [{"email": "new@town.example", "url": "https://town.example/"}[kind]]
        elif kind in {"date", "datetime-local"}:
            typed[control.name] = [known or {"date": "2026-02-03"}.get(kind, "2026-02-03T10:00")]
        elif kind == "select" and not any(control.values):
            typed[control.name] = [next((option.value for option in control.options if option.value), "")]
        elif kind in {"radio", "checkbox"} and not typed.get(control.name):
            typed[control.name] = [known or "on"]
    return typed
