"""No one-time link is written to the log, whatever is done with it."""

import io
import logging
import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Mail
from accounts.services import send_mail
from cities.enums import BodyKind, Role
from cities.services import invitations
from tests.factories import BodyFactory, UserFactory

PASSWORD = "four words that differ"


@pytest.fixture
def log(monkeypatch):
    """What the site's own handler writes when EPI_LOG_LEVEL asks for all of it."""
    (handler,) = [found for found in logging.getLogger().handlers if found.get_name() == "stderr"]
    written = io.StringIO()
    monkeypatch.setattr(handler, "stream", written)
    for name in ("", "django", "django.request", "django.security.csrf", "celery"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    logging.root.manager._clear_cache()  # what earlier tests logged is decided again
    yield written
    monkeypatch.undo()
    logging.root.manager._clear_cache()


def path_in(mail):
    return re.search(r"https?://[^/\s]+(/account/\S+)", mail.body)[1]


def every_way(path):
    """Follow a link as people and programs do: right, mistyped, with a wrong method, without a CSRF token."""
    secret = path.rstrip("/").rpartition("/")[2]
    for address in (path, path.rstrip("/"), f"{path})", f"{path}?next={path}", path.replace("/account/", "/acount/")):
        client = Client(raise_request_exception=False)
        client.get(address)
        client.put(address)
        client.options(address, headers={"host": "evil.example"})
        Client(enforce_csrf_checks=True, headers={"referer": f"https://testserver{address}"}).post(
            address, secure=True, headers={"origin": "https://evil.example"}
        )
        Client(enforce_csrf_checks=True).post(
            address, secure=True, headers={"referer": f"https://evil.example{address}"}
        )
        client.get("/account/login/", {"next": address})
    return secret


@pytest.mark.slow
@pytest.mark.django_db
def test_links_of_a_whole_journey_are_not_logged(log, everyone, city, monkeypatch):
    body = BodyFactory(kind=BodyKind.CITY_OFFICE, city=city)
    invitations.invite(email="new@town.example", name="New", body=body, role=Role.OFFICIAL, by=everyone["lead"])
    invitation = Mail.objects.get(recipient="new@town.example")
    invitation_path = path_in(invitation)
    send_mail(invitation.pk)
    secrets = [every_way(invitation_path)]
    form = {"name": "New", "password": PASSWORD, "password_again": PASSWORD}
    assert Client().post(invitation_path, form).status_code == 302
    secrets.append(every_way(invitation_path))  # used by now

    known = UserFactory(email="known@town.example")
    Client().post(reverse("account_reset_password"), {"email": known.email})
    reset = Mail.objects.get(recipient=known.email)
    reset_path = path_in(reset)
    send_mail(reset.pk)
    secrets.append(every_way(reset_path))
    client = Client()
    form_path = client.get(reset_path)["Location"]
    assert client.post(form_path, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 302
    secrets.append(every_way(reset_path))

    def fail(*args, **kwargs):
        raise RuntimeError("a fault of the site")

    monkeypatch.setattr(invitations, "find_invitation", fail)
    secrets.append(every_way(invitation_path))

    written = log.getvalue()
    assert "account/invitation/<str:token>/" in written
    assert "a fault of the site" in written
    assert [line for line in written.splitlines() if any(secret in line for secret in secrets)] == []


def test_access_log_of_the_server_is_off():
    from tests.browser.live_site import ROOT

    commands = (ROOT / "Dockerfile").read_text() + (ROOT / "epi_site/run/__main__.py").read_text()

    assert "access-log" not in commands  # off unless it is asked for
