"""What must be there before the site can answer, made in one process of its own: tables, static files, the demo."""

import os

import django
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command

from epi_site.checks import DEMO_DOMAIN
from epi_site.settings.env import env_bool

from .place import place_from_environment


def prepare() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    if settings.DEMO_ALLOWED and env_bool("EPI_DEMO", default=True):
        call_command("seed_demo", if_empty=True)
    refuse_old_demo_in_public()


def refuse_old_demo_in_public() -> None:
    """A demo that was loaded earlier stays in the database, also when EPI_DEMO=0 now asks for none."""
    if place_from_environment().is_loopback or env_bool("EPI_DEMO_FORCE"):
        return
    if apps.get_model("accounts", "User").objects.filter(email__iendswith=DEMO_DOMAIN).exists():
        raise SystemExit(
            f"Not started: the data in {settings.DATA_DIR} hold demo accounts, whose password is public. "
            "Set EPI_DATA_DIR to another folder, or EPI_DEMO_FORCE=1 to show them all the same."
        )


def degraded() -> list[str]:
    """What works less well because a server is not there, one sentence each."""
    found = []
    if settings.IS_SQLITE:
        found.append("No PostgreSQL (DATABASE_URL): SQLite takes one writer at a time; enough for a small network.")
    if not settings.REDIS_URL:
        found.append("No Redis (REDIS_URL): the cache lies in the database, a query more each time it is asked.")
    if settings.CELERY_BROKER_URL.startswith("filesystem"):
        found.append(
            "No broker (CELERY_BROKER_URL): messages to the worker pass through a folder, on this machine only; "
            "one that is lost is sent again within a minute or two."
        )
    if not settings.EMAIL_HOST:
        found.append(f"No SMTP (SMTP_HOST): letters are not sent; they are written to {settings.EMAIL_FILE_PATH}.")
    return found


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.local")
    django.setup()
    try:
        prepare()
    except CommandError as error:
        raise SystemExit(f"Not started: {error}") from error
    for sentence in degraded():
        print(f"  - {sentence}")  # noqa: T201 - for the person at the terminal
