"""Checks at startup, for problems that nothing later can fix."""

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError

from accounts.enums import DEMO_DOMAIN
from core import installation, triggers


def refuse_demo_accounts() -> None:
    """Exit if the site serves real people and a demo account exists: the demo password is public.

    Web server, worker and beat call this as they start. It raises SystemExit, because Celery swallows any other
    exception of a signal receiver.
    """
    if settings.DEMO_ALLOWED:
        return
    try:
        found = apps.get_model("accounts", "User").objects.filter(email__iendswith=DEMO_DOMAIN).count()
    except DatabaseError as error:
        raise SystemExit(
            "Not started: could not check whether the database contains demo accounts. "
            f"Check DATABASE_URL and run “manage.py migrate” first. ({error})"
        ) from error
    if found:
        raise SystemExit(
            f"Not started: {found} accounts end in {DEMO_DOMAIN}, and their password is public. "
            "Point DATABASE_URL at a database without the demo; “manage.py setup” creates an empty network."
        )


def refuse_missing_triggers() -> None:
    """Exit if the site serves real people and triggers that protect submitted data are missing in the database."""
    if settings.DEMO_ALLOWED:
        return
    try:
        gone = len(triggers.missing())
    except DatabaseError as error:
        raise SystemExit(f"Not started: could not check the locks in the database. ({error})") from error
    if gone:
        raise SystemExit(
            f"Not started: {gone} locks are missing in the database. “manage.py migrate” creates them again."
        )


def refuse_other_data_folder() -> None:
    """Exit if the site serves real people and its database and data folder belong to different installations."""
    if settings.DEMO_ALLOWED:  # `make run` asks in epi_site.run.prepare
        return
    if problem := installation.problem():
        raise SystemExit(f"Not started: {problem}")
