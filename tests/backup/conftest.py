"""Fixtures: a site with data and a backup of it, in separate databases because backups read committed rows."""

from io import StringIO
from types import SimpleNamespace

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Mail
from cities.models import Theme
from strategies.services import periods
from tests.page_forms import fill, form_on
from tests.project.shared_data import make_world

from .copies import Copies, working_in


@pytest.fixture(scope="session")
def copies(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock():
        copies = Copies(tmp_path_factory.mktemp("copies"), django_db_blocker)
    yield copies
    copies.drop_all()


@pytest.fixture(scope="session")
def original(copies, django_db_blocker):
    """Return a site with data that no test changes."""
    site = copies.of()
    with django_db_blocker.unblock(), working_in(site), transaction.atomic():
        _send_invitation(make_world().roles["lead"])
        periods.open_due_periods()
        SessionStore().create()
        Mail.objects.create(recipient="sending@town.example", subject="On its way", state="sending")
        Theme.objects.create(code="deleted", name="Deleted").delete()
        connection.run_on_commit = []  # do not send tasks
    return site


def _send_invitation(lead):
    """Send a form as a browser does, so that the backup has a form that was saved once."""
    client, url = Client(), reverse("cities:member_invite")
    client.force_login(lead)
    form = form_on(client.get(url), "email")
    client.post(url, fill(form, "Invited once") | {"email": "invited-once@town.example"})


@pytest.fixture(scope="session")
def empty(copies):
    """Return a site with tables and no rows. Tests leave it empty: copying a PostgreSQL database takes seconds."""
    return copies.of()


@pytest.fixture(scope="session")
def changeable(copies, original):
    """Return a copy of ``original`` that tests may change."""
    return copies.of(original)


@pytest.fixture(scope="session")
def backup(original, django_db_blocker, tmp_path_factory):
    """Return a backup of ``original`` without encryption, which no test changes."""
    folder = tmp_path_factory.mktemp("backups") / "plain"
    with django_db_blocker.unblock(), working_in(original):
        call_command("backup", folder, plain=True, stdout=StringIO())
    return folder


@pytest.fixture(scope="session")
def restored(copies, backup, django_db_blocker):
    """Restore ``backup`` into a new site; return the site and the output of the command."""
    site, out = copies.of(), StringIO()
    with django_db_blocker.unblock(), working_in(site):
        call_command("restore", backup, stdout=out)
    return SimpleNamespace(site=site, output=out.getvalue())
