"""Errors whose message is shown to the user. Views turn them into a message (HTML) or a 409 (API)."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _


class UserFacingError(Exception):
    """Base class. The message is a translated sentence that says what is wrong and what to do next.

    ``code`` names the kind of error for programs. It comes from the name of the class and never changes: a class that
    is renamed sets its old code (docs/errors.md).
    """

    message = _("You cannot do this now.")
    code = "not_possible_now"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in vars(cls):
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, message: Any = None, errors: Mapping[str, Any] | None = None) -> None:
        """``errors``: one sentence for each field that the error is about, by field name."""
        self.message = message or self.message
        self.errors = dict(errors or {})
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class PermissionRefused(UserFacingError):
    message = _("Your role does not allow this. Ask your city’s lead official or the network’s coordinator.")


class ReasonMissing(UserFacingError):
    message = _("Give a reason, in one sentence.")


class InputRefused(UserFacingError):
    """The input is not valid, for the reasons in ``errors``."""

    def __init__(self, errors: Mapping[str, Any]):
        super().__init__(" ".join(str(sentence) for sentence in errors.values()), errors)


class ConfirmationNeeded(InputRefused):
    """The input may be wrong. Sent again as confirmed, it is saved."""


class Frozen(UserFacingError):
    message = _("This has been issued and cannot be changed. Create a new revision instead.")


class HashMismatch(UserFacingError):
    message = _("The stored data do not match their hash and must not be used. Tell the coordinator.")


class EditConflict(UserFacingError):
    """Somebody saved the record after this form was opened (optimistic locking). ``current``: the row as stored."""

    message = _("Someone else has changed this since you opened it. Compare both versions and save again.")

    def __init__(self, current: Any = None) -> None:
        self.current = current
        super().__init__()
