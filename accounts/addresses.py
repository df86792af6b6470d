"""Where a request comes from, as allauth's own limits count it."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied


def address_of(request: Any) -> str:
    """The reader's own address, also behind the trusted proxies; the proxy's where they do not say it."""
    try:
        return get_adapter(request).get_client_ip(request)
    except (ImproperlyConfigured, PermissionDenied):  # fewer proxies than the settings count, or no address at all
        return request.META.get("REMOTE_ADDR", "")
