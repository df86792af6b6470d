"""The client's IP address, as allauth's rate limits determine it."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied


def get_client_ip(request: Any) -> str:
    """Return the client's IP address, also behind the trusted proxies; the proxy's own if they do not send it."""
    try:
        return get_adapter(request).get_client_ip(request)
    except (ImproperlyConfigured, PermissionDenied):  # fewer proxies than configured, or no address at all
        return request.META.get("REMOTE_ADDR", "")
