"""Asks every route of the table once for each role, and keeps the answers for all tests that read them."""

import logging
import zlib
from contextlib import contextmanager
from copy import copy, deepcopy
from hashlib import sha256
from typing import NamedTuple

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import client as test_client
from django.urls import URLResolver

from accounts.backends import EmailBackend
from accounts.sessions import SessionStore
from cities.rules import active_roles, person_of
from core import clock
from evaluation.rules import duties_of

from .access import LINES, Line, path_of
from .leaks import leaks, markers_in, still
from .routes import answer, body_of, code, with_headers

REFUSE_POST = ("official", "coordinator")  # asked for pages that take no post


class Answer(NamedTuple):
    """What one role was answered: the code, what it may not read of it, and a page in full."""

    code: str
    leaks: tuple[str, ...]
    markers: frozenset[str]
    digest: str
    page: bytes

    @property
    def text(self) -> str:
        """Headers and body of a page, or of the page that a post shows again; else empty."""
        return zlib.decompress(self.page).decode() if self.page else ""

    @property
    def html(self) -> str:
        """The body of a page of HTML, from its first tag; empty for other answers."""
        headers, first, rest = self.text.partition("<")
        return first + rest if "Content-Type: text/html" in headers else ""

    def __str__(self):
        return f"{self.code} and tells {list(self.leaks)}" if self.leaks else self.code


@contextmanager
def falls_back(client):
    """What is asked for here is undone: rows, and the cookies of the client."""
    cookies = client.cookies.copy()
    with transaction.atomic():
        yield client
        transaction.set_rollback(True)
    client.cookies = cookies


class Crawl:
    def __init__(self, world):
        self.world, self.now = world, clock.now()
        self._answers: dict[str, dict[tuple[str, str], Answer]] = {}
        self._paths = [path_of(line, world) for line in LINES]
        self._roles = {user.pk for user in world.roles.values()}
        self._users: dict[int, object] = {}
        cookies = [client.cookies.get(settings.SESSION_COOKIE_NAME) for client in world.clients.values()]
        self._sessions: dict[str, dict | None] = {cookie.value: None for cookie in cookies if cookie}

    def of(self, role: str) -> dict[tuple[str, str], Answer]:
        """All that this role is answered, by method and line."""
        if role not in self._answers:
            found = self._answers[role] = {}
            with self.quickly(), pytest.MonkeyPatch.context() as patch:
                # refused thousands of times: without the page that test_refusals looks at
                patch.setattr(URLResolver, "resolve_error_handler", lambda self, status: _bare(status))
                for method in ("get", "post"):
                    for line, path in zip(LINES, self._paths, strict=True):
                        if method == "get" or line.post or role in REFUSE_POST:
                            found[method, str(line)] = self.ask(role, method, path)
        return self._answers[role]

    def get(self, role: str, line: Line) -> Answer:
        """One page; asked for alone where nobody has read the others of this role."""
        if role in self._answers:
            return self._answers[role]["get", str(line)]
        with self.quickly():
            return self.ask(role, "get", path_of(line, self.world))

    @contextmanager
    def quickly(self):
        """Without log, without notes of the templates used, and without reading session and account for each request.

        They are the same for each request: whatever one changes falls back.
        """
        logging.disable(logging.CRITICAL)
        with pytest.MonkeyPatch.context() as patch, clock.at(self.now):
            read_user, read_session = EmailBackend.get_user, SessionStore.load
            patch.setattr(EmailBackend, "get_user", lambda backend, pk: self._user(pk, read_user))
            patch.setattr(SessionStore, "load", lambda store: self._session(store, read_session))
            patch.setattr(test_client, "store_rendered_templates", lambda *args, **kwargs: None)
            yield
        logging.disable(logging.NOTSET)

    def _session(self, store, read):
        if store.session_key not in self._sessions:
            return read(store)
        if self._sessions[store.session_key] is None:
            self._sessions[store.session_key] = read(store)
        return deepcopy(self._sessions[store.session_key])

    def _user(self, pk: int, read):
        """A copy of the account of a role, as each request has its own; with the offices and duties of its person."""
        if pk not in self._roles:
            return read(EmailBackend(), pk)
        if pk not in self._users:
            self._users[pk] = read(EmailBackend(), pk)
        user = self._users[pk]
        active_roles(user)
        fresh = copy(user)
        if person := person_of(user):
            duties_of(person)
            fresh._state.fields_cache["person"] = own = copy(person)
            own._state.fields_cache["user"] = fresh
        return fresh

    def ask(self, role: str, method: str, path: str) -> Answer:
        """What one role is answered; whatever it did falls back. A fault of the server is raised by the client."""
        with falls_back(self.world.clients[role]) as client:
            response = answer(client, method, path)
            body = body_of(response)
        text, found = with_headers(response, body), code(response)
        is_page = (found == "200" and method == "get") or (method == "post" and _is_html(response, body))
        page = zlib.compress(text.encode(), 1) if is_page else b""
        digest = sha256(still(body).encode()).hexdigest() if page else ""
        return Answer(found, tuple(sorted(leaks(text, role))), frozenset(markers_in(text)), digest, page)


def _is_html(response, body: str) -> bool:
    return bool(body) and response.get("Content-Type", "").startswith("text/html")


def _bare(status: int):
    return lambda request, exception=None: HttpResponse(status=status)
