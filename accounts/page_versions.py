"""The versions that every page reads for its user, and the account and person that are kept under them.

Apps above bump the versions by triggers on their tables, and keep what else each page shows under them (docs/adr/0014).
"""

from copy import copy

from django.contrib.auth import get_user_model
from django.db.models.expressions import RawSQL

from core import versions

SITE = "site"  # the installation, the names of cities, bodies, and which cities have a strategy
SITE_SQL = f"'{SITE}'"
_kept_users = versions.Kept()


def person_sql(column: str = "person_id") -> str:
    """Return the name of the version of a person's roles and duties, as SQL for ``versions.bump_on_change``."""
    return "'person:' || {row}." + column


def user_sql(column: str) -> str:
    """Return the name of the version of an account and its person, as SQL for ``versions.bump_on_change``."""
    return "'user:' || {row}." + column


def of_site(user) -> str:
    """Return the version of the site: the one read for the user, or from the database."""
    version = getattr(user, "page_version", None)
    return version[0] if version else versions.current(SITE)[0]


def user_of(pk):
    """Return the account together with its person, or None; both have ``page_version`` for what is kept of them.

    Each call returns new objects, since requests note on them what they have read.
    """
    held = _kept_users.peek(pk)
    if held and versions.read(*_names_of(held[1])) == held[0]:
        return _with_version(*held[::-1])
    user = _read(pk)
    if user is None:
        return None
    version = (user.site_version or versions.current(SITE)[0], user.user_version or "", user.person_version or "")
    _kept_users.put(pk, version, user)
    return _with_version(user, version)


def _names_of(user) -> tuple[str, str, str]:
    person = user._state.fields_cache["person"]
    return SITE, f"user:{user.pk}", f"person:{person.pk if person else 0}"


def _with_version(kept, version):
    user = copy(kept)
    user.page_version = version
    if person := copy(kept._state.fields_cache["person"]):
        person.page_version = version
        person._state.fields_cache["user"] = user
    user._state.fields_cache["person"] = person
    return user


def _read(pk):
    def value_of(name: str) -> RawSQL:
        return RawSQL(f"SELECT value FROM {versions.TABLE} WHERE name = {name}", ())  # noqa: S608, S611 - no input

    rows = (
        get_user_model()
        ._default_manager.select_related("person")
        .annotate(
            site_version=value_of(SITE_SQL),
            user_version=value_of("'user:' || accounts_user.id"),
            person_version=value_of("'person:' || cities_person.id"),
        )
    )
    return next(iter(rows.filter(pk=pk)), None)
