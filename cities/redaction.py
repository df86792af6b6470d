"""What can be redacted of events and files (``core.redaction``)."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from core import redaction, triggers
from core.redaction import MARK, Redactable

from .enums import FileState
from .models import Event, StoredFile


def _event(arguments: Mapping[str, Any], _fragment: str) -> Event | None:
    return Event.objects.filter(pk=arguments["pk"]).first()


def _event_of_file(arguments: Mapping[str, Any], _fragment: str) -> Event | None:
    """Return the event whose minutes the file is or was."""
    held = Event.history.filter(minutes_file__uuid=arguments["uuid"]).values("id")
    return Event.objects.filter(pk__in=held).first()


def _forms(event: Event) -> list[str]:
    return [reverse(f"cities:event_{name}", args=[event.pk]) for name in ("edit", "cancel")]


def register() -> None:
    triggers.let_redact(StoredFile, {"name": MARK, "state": FileState.REDACTED})
    views = ("event_detail", "event_edit", "event_attendance")
    redaction.register(
        Redactable(
            Event,
            texts=("title", "location", "programme", "minutes", "decisions", "documentation", "cancelled_reason"),
            files=("minutes_file",),
            addresses={f"cities:{name}": _event for name in views} | {"cities:file": _event_of_file},
            forms=_forms,
        )
    )
