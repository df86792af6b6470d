"""Every route of the site by name, and what a role is answered: what the access matrix and its kin stand on."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver, reverse

SIGN_IN, WORKBENCH = "/account/login/", "/admin/login/"


class Route(NamedTuple):
    name: str
    pattern: str
    arguments: tuple[str, ...]


def routes() -> dict[str, Route]:
    """By name with its namespaces; those of the admin too."""
    return {route.name: route for route in _below(get_resolver(), "", "")}


def _below(resolver, prefix, space):
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _below(entry, pattern, inner)
        elif isinstance(entry, URLPattern):
            arguments = re.findall(r"<(?:\w+:)?(\w+)>", pattern)
            yield Route(space + (entry.name or f"({pattern})"), pattern, tuple(arguments))


def admin_models() -> dict[str, type]:
    """``{"cities_city": City}`` for each model that the workbench shows."""
    return {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}


def address(name: str, values: dict | None = None) -> str:
    return reverse(name, kwargs=values or None)


def answer(client, method: str, path: str, data=None):
    """The response, after the workbench's own detour: it sends everybody it does not know to its sign-in first."""
    response = getattr(client, method)(path, data or {})
    if response.status_code == 302 and urlsplit(response["Location"]).path == WORKBENCH:
        response = client.get(response["Location"])
    return response


def code(response) -> str:
    """``200``, ``403``, ``404`` ...; ``in`` for being sent to sign in."""
    if response.status_code == 302 and urlsplit(response["Location"]).path == SIGN_IN:
        return "in"
    return str(response.status_code)


def body_of(response) -> str:
    """What a stream holds can be read once."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode("utf-8", "replace")


def text_of(response) -> str:
    """Everything that the answer says, its headers too."""
    return with_headers(response, body_of(response))


def with_headers(response, body: str) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return f"{headers}\n{body}"
