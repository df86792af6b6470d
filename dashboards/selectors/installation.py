"""The installation's row, kept in this process as long as it is the same."""

from typing import Any

from accounts import page_versions
from cities.models import Installation
from core.versions import Kept

_kept = Kept()


def installation_of(request: Any) -> Installation:
    """Return the only row, or an unsaved, empty one before setup."""
    if not hasattr(request, "epi_installation"):
        version = page_versions.of_site(getattr(request, "user", None))
        request.epi_installation = _kept.get("installation", version, _read)
    return request.epi_installation


def _read() -> Installation:
    return Installation.objects.filter(pk=1).first() or Installation()
