"""Read the age keys for encryption and decryption of a backup."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyrage

from .exceptions import BackupError


def parse_recipients(keys: Iterable[str]) -> list[Any]:
    """Parse public keys, which begin with ``age1``."""
    found = []
    for key in keys:
        try:
            found.append(pyrage.x25519.Recipient.from_str(key.strip()))
        except pyrage.RecipientError as error:
            raise BackupError(
                f"{key!r} is not an age public key ({error}). It must begin with age1: age-keygen -y FILE prints it."
            ) from error
    return found


def read_identities(path: Path) -> list[Any]:
    """Return the private keys in a file written by ``age-keygen``; empty lines and comments are skipped."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"The identity file {path} cannot be read: {error}.") from error
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not keys:
        raise BackupError(f"The identity file {path} contains no key. It must have a line AGE-SECRET-KEY-1...")
    try:
        return [pyrage.x25519.Identity.from_str(key) for key in keys]
    except pyrage.IdentityError as error:
        raise BackupError(
            f"The identity file {path} contains a line that is not an age private key: {error}."
        ) from error
