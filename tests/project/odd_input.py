"""Forms of a page, filled in with unusual values."""

import html
import re
from urllib.parse import urlencode

from .access import ROLES

SHORT = ["²", "9" * 30, "-1", "1e999", "NaN", "\x00", "0001-01-01"]
ODD = [
    *SHORT,
    "9999-12-31T23:59",
    "é" * 3000,
    "https://[",
    "\ud800",
    "x" * 9000,
    "😀",
    "x@y@z",
]
FORM = "application/x-www-form-urlencoded"
ENTRY = re.compile(r"<(?:input|select|textarea)\b[^>]*>", re.IGNORECASE)


def forms_of(text: str, method: str) -> list[str]:
    forms = re.findall(r"<form\b[^>]*>.*?</form>", text, re.DOTALL | re.IGNORECASE)
    return [
        form for form in forms if bool(re.match(r'<form[^>]*method="post"', form, re.IGNORECASE)) is (method == "post")
    ]


def entries(form: str) -> dict[str, tuple[str, str]]:
    """Map the name of each field to its type and value."""
    found = {}
    for tag in ENTRY.findall(form):
        said = {key.lower(): html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if "name" in said:
            found[said["name"]] = said.get("type", "text"), said.get("value", "")
    return found


def odd(turn: int, names) -> dict[str, str]:
    """Return an unusual value, another one for each field and each round."""
    return {name: ODD[(5 * turn + number) % len(ODD)] for number, name in enumerate(sorted(names))}


def filled(form: str, turn: int) -> list[dict[str, str]]:
    """Return two POSTs of the form: one with unchanged hidden fields, one with changed ones."""
    fields = entries(form)
    values = odd(turn, fields)
    carried = {name: fields[name][1] if fields[name][0] == "submit" else value for name, value in values.items()}
    return [{name: fields[name][1] if fields[name][0] == "hidden" else carried[name] for name in fields}, carried]


def first_role(answers: dict[str, str], wanted: str) -> str | None:
    """Return a role that is answered so, by preference one that sees most."""
    return next((role for role in ("coordinator", "lead", *ROLES) if answers.get(role) == wanted), None)


def encoded(fields: dict[str, str]) -> str:
    """Encode as a browser would, and halves of surrogate pairs as a program could."""
    return urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in fields.items()})
