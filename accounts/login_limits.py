"""Delays after failed attempts to sign in, and limits of password reset emails.

Failures are counted for an account *and* where they come from, so that nobody can lock out its owner from elsewhere.
A device that has signed in to the account before is known by its signed cookie, any other by its IP address. Failures
on all unknown devices together cause shorter delays. An account that does not exist is treated in the same way.
"""

import ipaddress
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from core import clock
from core.client_ip import get_client_ip

DEVICE_COOKIE = "epi_device"
DEVICE_AGE = timedelta(days=365)
ACCOUNTS_PER_DEVICE = 5
SALT = "accounts.login-limits"
REMEMBERED = timedelta(days=1)  # how long failures are counted
RESET_PERIOD = timedelta(hours=1)
RESETS_FROM_ONE_SOURCE, RESETS_FOR_ONE_ACCOUNT = 3, 20


class Delay(NamedTuple):
    """After ``free`` failures each further one doubles the delay, from ``first`` up to ``longest``."""

    free: int
    first: timedelta
    longest: timedelta

    def after(self, failures: int) -> timedelta:
        if failures < self.free:
            return timedelta(0)
        return min(self.first * 2 ** min(failures - self.free, 16), self.longest)


FROM_ONE_SOURCE = Delay(5, timedelta(seconds=30), timedelta(minutes=15))
FROM_UNKNOWN_DEVICES = Delay(50, timedelta(seconds=5), timedelta(minutes=1))


def time_to_wait(request: Any, email: str) -> timedelta:
    """Return how long this client has to wait until it may try to sign in to this account; zero if it may now."""
    stored = cache.get_many(_counters(request, email))
    until = max((until for _failures, until in stored.values()), default=0.0)
    return max(timedelta(seconds=until) - timedelta(seconds=clock.now().timestamp()), timedelta(0))


def count_failure(request: Any, email: str) -> None:
    for key, delay in _counters(request, email).items():
        failures, _until = cache.get(key, (0, 0.0))
        until = (clock.now() + delay.after(failures + 1)).timestamp()
        cache.set(key, (failures + 1, until), REMEMBERED.total_seconds())


def forget_failures(request: Any, email: str) -> None:
    """Forget the failures of this client, after it has signed in."""
    cache.delete(_source_key(request, email))


def end_delays(email: str) -> None:
    """Let everybody try again to sign in to this account."""
    cache.set(_series_key(email), uuid4().hex, REMEMBERED.total_seconds())


def delayed_among(emails: set[str]) -> set[str]:
    """Return the accounts with so many failures since yesterday that some client had to wait."""
    if not emails:
        return set()
    series = cache.get_many([_series_key(email) for email in emails])
    keys = {_account_key(email, series.get(_series_key(email), "")): email for email in emails}
    counted = cache.get_many(keys)
    return {keys[key] for key, (failures, _until) in counted.items() if failures >= FROM_ONE_SOURCE.free}


def may_send_reset(request: Any, email: str) -> bool:
    """Count a request for a password reset email; return False if enough were sent, whose links still work."""
    limits = {f"{_source_key(request, email)}-reset": RESETS_FROM_ONE_SOURCE}
    if not is_known_device(request, email):
        limits[f"epi-reset-{_digest(email)}"] = RESETS_FOR_ONE_ACCOUNT
    counts = {key: cache.get(key, 0) + 1 for key in limits}
    if any(count > limits[key] for key, count in counts.items()):
        return False
    for key, count in counts.items():
        cache.set(key, count, RESET_PERIOD.total_seconds())
    return True


# ---- known devices


def is_known_device(request: Any, email: str) -> bool:
    """Return whether somebody has signed in to this account on this device."""
    return _digest(email) in _device(request)[1]


def remember_device(request: Any, response: Any, email: str) -> None:
    """Set the cookie by which the device is recognised when the next sign-in fails."""
    device, accounts = _device(request)
    kept = [_digest(email), *[digest for digest in accounts if digest != _digest(email)]][:ACCOUNTS_PER_DEVICE]
    response.set_cookie(
        DEVICE_COOKIE,
        signing.dumps([device or uuid4().hex, kept], salt=SALT),
        max_age=DEVICE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _device(request: Any) -> tuple[str, list[str]]:
    """Return the identifier of the device and the accounts that it has signed in to; empty without a valid cookie."""
    try:
        device, accounts = signing.loads(request.COOKIES.get(DEVICE_COOKIE, ""), salt=SALT, max_age=DEVICE_AGE)
    except signing.BadSignature:
        return "", []
    return device, accounts


# ---- keys of the cache


def _digest(email: str) -> str:
    return salted_hmac(SALT, email.strip().lower()).hexdigest()[:32]


def _series_key(email: str) -> str:
    return f"epi-login-series-{_digest(email)}"


def _account_key(email: str, series: str) -> str:
    return f"epi-login-{_digest(email)}-{series}"


def _source_key(request: Any, email: str) -> str:
    source = _device(request)[0] if is_known_device(request, email) else _network_of(get_client_ip(request))
    return f"{_account_key(email, cache.get(_series_key(email), ''))}-{salted_hmac(SALT, source).hexdigest()[:32]}"


def _counters(request: Any, email: str) -> dict[str, Delay]:
    """Return the keys of the counters of failures with their delays."""
    counters = {_source_key(request, email): FROM_ONE_SOURCE}
    if not is_known_device(request, email):
        counters[_account_key(email, cache.get(_series_key(email), ""))] = FROM_UNKNOWN_DEVICES
    return counters


def _network_of(address: str) -> str:
    """Return an IPv4 address as it is, of an IPv6 address the network that one household or office has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address
