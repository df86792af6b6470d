"""Readers of environment variables; their errors say what to set."""

import os
import warnings
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def env_bool(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}. Set it to 1 or 0.")


def env_list(name: str, default: str = "") -> list[str]:
    """Return the values separated by commas, without spaces around them."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def env_secret(name: str, default: str | None = None) -> str:
    """Return the variable, or the content of the file that ``NAME_FILE`` names (Docker and Kubernetes secrets).

    Raises ImproperlyConfigured if neither is set and there is no default.
    """
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read: {error}.") from error
    value = os.environ.get(name)
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"Set {name}, or {name}_FILE to a file that contains it.")
    return default


def env_int(name: str, default: int, *, least: int = 0, most: int | None = None, old_name: str = "") -> int:
    """Return the variable as a whole number. ``old_name`` is still read, with a warning, for one release."""
    value = os.environ.get(name)
    if not value and os.environ.get(old_name):
        message = f"{old_name} is now named {name}. Rename it: the next release ignores the old name."
        warnings.warn(message, FutureWarning, stacklevel=2)
        name, value = old_name, os.environ[old_name]
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if number < least or (most is not None and number > most):
        limits = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to a whole number {limits}.")
    return number
