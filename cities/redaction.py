"""What can be redacted of events and files (``core.redaction``)."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from core import redaction, triggers
from core.redaction import MARK, Redactable

from .enums import FileState
from .models import Decision, Event, StoredFile


def _event(arguments: Mapping[str, Any], _fragment: str) -> Event | None:
    return Event.objects.filter(pk=arguments["pk"]).first()


def _event_of_file(arguments: Mapping[str, Any], _fragment: str) -> Event | None:
    """Return the event whose minutes the file is or was."""
    held = Event.history.filter(minutes_file__uuid=arguments["uuid"]).values("id")
    return Event.objects.filter(pk__in=held).first()


def _forms(event: Event) -> list[str]:
    names = ("event_edit", "event_cancel", "minutes_edit", "minutes_reopen", "decision_add")
    return [reverse(f"cities:{name}", args=[event.pk]) for name in names]


def _decision(arguments: Mapping[str, Any], _fragment: str) -> Decision | None:
    return Decision.objects.filter(pk=arguments["pk"]).first()


def _forms_of_decision(decision: Decision) -> list[str]:
    return [reverse(f"cities:decision_{name}", args=[decision.pk]) for name in ("edit", "drop")]


def register() -> None:
    triggers.let_redact(StoredFile, {"name": MARK, "state": FileState.REDACTED})
    views = ("event_detail", "event_edit", "event_attendance", "minutes_edit")
    redaction.register(
        Redactable(
            Event,
            texts=("title", "location", "programme", "minutes", "decisions", "documentation", "cancelled_reason"),
            files=("minutes_file",),
            addresses={f"cities:{name}": _event for name in views} | {"cities:file": _event_of_file},
            forms=_forms,
        )
    )
    redaction.register(
        Redactable(
            Decision,
            texts=("text", "dropped_reason"),
            addresses={f"cities:decision_{name}": _decision for name in ("detail", "edit")},
            forms=_forms_of_decision,
        )
    )
