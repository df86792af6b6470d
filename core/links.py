"""URLs of many rows. ``reverse`` resolves the name again for each of them, which takes long for a list."""

from functools import lru_cache

from django.urls import get_script_prefix, get_urlconf, reverse

MARK = 10**17


def url_of(name: str, pk: int) -> str:
    """Return ``reverse(name, args=[pk])`` of a route whose only argument is an id."""
    before, after = _parts(name, get_script_prefix(), get_urlconf())
    return f"{before}{pk:d}{after}"


@lru_cache(maxsize=512)
def _parts(name: str, _prefix: str, _urlconf: str | None) -> tuple[str, str]:
    before, _mark, after = reverse(name, args=[MARK]).partition(str(MARK))
    return before, after
