"""The data export of a user. Higher apps add their parts in ``ready()``."""

from collections.abc import Callable
from typing import Any

from .models import Mail, User

_parts: dict[str, Callable[[User], Any]] = {}


def register_part(name: str, part: Callable[[User], Any]) -> None:
    """Register ``part(user)``, which returns lists and dicts of plain values, about this user only."""
    _parts[name] = part


def personal_data_of(user: User) -> dict[str, Any]:
    account = {
        "email": user.email,
        "name": user.get_full_name(),
        "language": user.language,
        "joined": user.date_joined,
        "last_sign_in": user.last_login,
    }
    letters = Mail.objects.filter(recipient__iexact=user.email)
    sent = list(letters.values("subject", "state", "created_at", "sent_at"))
    return {"account": account, "letters": sent} | {name: part(user) for name, part in _parts.items()}
