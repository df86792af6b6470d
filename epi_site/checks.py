"""Why this site does not start: what no later step could mend."""

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError

from accounts.enums import DEMO_DOMAIN
from core import triggers


def refuse_demo_accounts() -> None:
    """End the process where real people are served and an account of the demo, whose password is public, exists.

    Called by web server, worker and beat as they start. SystemExit, because Celery swallows any other exception of a
    signal's receiver.
    """
    if settings.DEMO_ALLOWED:
        return
    try:
        found = apps.get_model("accounts", "User").objects.filter(email__iendswith=DEMO_DOMAIN).count()
    except DatabaseError as error:
        raise SystemExit(
            "Not started: the database could not be asked whether demo accounts exist. "
            f"Check DATABASE_URL and run “manage.py migrate” first. ({error})"
        ) from error
    if found:
        raise SystemExit(
            f"Not started: {found} accounts end in {DEMO_DOMAIN}, and their password is public. "
            "Point DATABASE_URL at a database without the demo; “manage.py setup” makes an empty network."
        )


def refuse_missing_locks() -> None:
    """Likewise where real people are served and triggers that hold what was submitted are not in the database."""
    if settings.DEMO_ALLOWED:
        return
    try:
        gone = len(triggers.missing())
    except DatabaseError as error:
        raise SystemExit(f"Not started: the database could not be asked about its locks. ({error})") from error
    if gone:
        raise SystemExit(f"Not started: {gone} locks are missing in the database. “manage.py migrate” puts them back.")
