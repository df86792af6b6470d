"""One filled site and one backup of it for all tests here, in separate databases: backups read what is committed."""

from io import StringIO
from types import SimpleNamespace

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import Mail
from cities.models import Theme
from strategies.services import periods
from tests.project.shared_data import make_world

from .copies import Copies, working_in


@pytest.fixture(scope="session")
def copies(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock():
        copies = Copies(tmp_path_factory.mktemp("copies"))
    yield copies
    copies.drop_all()


@pytest.fixture(scope="session")
def original(copies, django_db_blocker):
    """A filled site that no test changes."""
    site = copies.of()
    with django_db_blocker.unblock(), working_in(site), transaction.atomic():
        make_world()
        periods.open_due_periods()
        SessionStore().create()
        Mail.objects.create(recipient="sending@town.example", subject="On its way", state="sending")
        Theme.objects.create(code="deleted", name="Deleted").delete()
        connection.run_on_commit = []  # no worker is called
    return site


@pytest.fixture(scope="session")
def empty(copies):
    """A site with tables and no rows. Tests leave it empty, since a copy of a PostgreSQL database takes seconds."""
    return copies.of()


@pytest.fixture(scope="session")
def lively(copies, original):
    """A copy of ``original`` that tests write into."""
    return copies.of(original)


@pytest.fixture(scope="session")
def backup(original, django_db_blocker, tmp_path_factory):
    """An unencrypted backup of ``original``; no test changes it."""
    folder = tmp_path_factory.mktemp("backups") / "plain"
    with django_db_blocker.unblock(), working_in(original):
        call_command("backup", folder, plain=True, stdout=StringIO())
    return folder


@pytest.fixture(scope="session")
def restored(copies, backup, django_db_blocker):
    """The site that ``backup`` was restored into, with the output of the command."""
    site, out = copies.of(), StringIO()
    with django_db_blocker.unblock(), working_in(site):
        call_command("restore", backup, stdout=out)
    return SimpleNamespace(site=site, said=out.getvalue())
