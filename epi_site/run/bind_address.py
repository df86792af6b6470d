"""HOST and PORT, read once and checked before anything starts."""

import os
import socket
import time
from dataclasses import dataclass

from core import hosts
from epi_site.settings.env import env_bool, env_int


@dataclass(frozen=True)
class BindAddress:
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        return hosts.is_loopback(self.host)

    @property
    def is_everywhere(self) -> bool:
        return self.host in {"0.0.0.0", "::"}  # noqa: S104 - asked, not bound

    @property
    def url(self) -> str:
        """The URL to open on this machine."""
        name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - asked, not bound
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"

    def names(self) -> list[str]:
        """Return the host names that requests may use; on all interfaces, also the names that this machine knows."""
        names = ["localhost", "127.0.0.1", "[::1]"]
        if self.is_everywhere:
            known = {socket.gethostname(), socket.getfqdn(), *_own_addresses()}
            names += sorted(name for name in known if name)
        else:
            names.append(f"[{self.host}]" if ":" in self.host else self.host)
        return list(dict.fromkeys(names))


def bind_address_from_environment() -> BindAddress:
    return BindAddress(os.environ.get("HOST") or "127.0.0.1", env_int("PORT", 8000, least=1, most=65_535))


def refuse_public_demo(address: BindAddress) -> None:
    """Exit if others could reach the demo: its password is printed in the README."""
    if env_bool("EPI_DEMO", default=True) and not address.is_loopback and not env_bool("EPI_DEMO_FORCE"):
        raise SystemExit(
            f"Not started: HOST is {address.host}, which others can reach, and the demo password is public. "
            "Set EPI_DEMO=0 to start without the demo, or EPI_DEMO_FORCE=1 to run it anyway."
        )


def refuse_taken_port(address: BindAddress, *, timeout: float = 5) -> None:
    """Exit if the port stays in use; a group that was killed a moment ago needs a few seconds to release it."""
    until = time.monotonic() + timeout
    while (reason := _cannot_listen(address)) and time.monotonic() < until:
        time.sleep(0.2)
    if reason:
        raise SystemExit(
            f"Not started: {address.host}:{address.port} cannot be used ({reason}). "
            f"Stop the program that uses it, or choose another port, for example: make run PORT={address.port + 1}"
        )


def _cannot_listen(address: BindAddress) -> str:
    try:
        family, kind, protocol, _, endpoint = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(endpoint)
            probe.listen()
    except (OSError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


def _own_addresses() -> set[str]:
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        return set()
    return {f"[{address}]" if ":" in address else address for address in found}
