"""Every route of the site by name, and a role's response to it. Used by the access matrix and similar tests."""

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
    """Return all routes by name with namespaces, the admin's too."""
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
    """Return ``{"cities_city": City}`` for each model in the admin."""
    return {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}


def address(name: str, values: dict | None = None) -> str:
    return reverse(name, kwargs=values or None)


def answer(client, method: str, path: str, data=None):
    """Return the response. The admin redirects everybody without access to its login first; that is followed."""
    response = getattr(client, method)(path, data or {})
    if response.status_code == 302 and urlsplit(response["Location"]).path == WORKBENCH:
        response = client.get(response["Location"])
    return response


def code(response) -> str:
    """Return ``200``, ``403``, ``404`` …, or ``in`` for a redirect to the login page."""
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
