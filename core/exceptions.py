"""Errors whose message is shown to the user. Views turn them into a message (HTML) or a 409 (API)."""

from typing import Any

from django.utils.translation import gettext_lazy as _


class UserFacingError(Exception):
    """Base class. The message is a translated sentence that says what is wrong and what to do next."""

    message = _("This cannot be done now.")

    def __init__(self, message: Any = None) -> None:
        self.message = message or self.message
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class Frozen(UserFacingError):
    message = _("This has been issued and never changes. Make a new revision instead.")


class HashMismatch(UserFacingError):
    message = _("What is stored does not match its hash. Tell the coordinator: it must not be used.")


class EditConflict(UserFacingError):
    """Somebody saved the record after this form was opened (optimistic locking)."""

    message = _("Somebody else has changed this since you opened it. Compare both versions and save again.")
