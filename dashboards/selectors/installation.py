"""The installation's row, read once for each request."""

from typing import Any

from cities.models import Installation


def installation_of(request: Any) -> Installation:
    """Return the only row, or an unsaved, empty one before setup."""
    if not hasattr(request, "epi_installation"):
        request.epi_installation = Installation.objects.filter(pk=1).first() or Installation()
    return request.epi_installation
