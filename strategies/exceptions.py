"""What can go wrong with plans, facts and periods, each in a sentence that people can be told."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from core import locales
from core.exceptions import TellableError

PERIOD_IS_LOCKED = "epi: the period is locked"  # what the database's own locks say (strategies.locks)


class StrategyError(TellableError):
    """The family. Its children say what to do next."""


class NotAllowed(StrategyError):
    message = _("You may not do this here. Ask a lead official of the city.")


class PeriodLocked(StrategyError):
    message = _(
        "This period has been submitted, so nothing in it can change. "
        "Log it with a later date, or ask the coordinator to reopen the period."
    )


class TransitionNotAllowed(StrategyError):
    message = _("The period has moved on meanwhile, so this can no longer be done. Read the page again.")


class ReasonMissing(StrategyError):
    message = _("Say why, in a sentence.")


class OwnWork(StrategyError):
    message = _("You belong to this municipality, so another coordinator must decide this.")


class AlreadyWithdrawn(StrategyError):
    message = _("This has been withdrawn already.")


class Superseded(StrategyError):
    message = _(
        "This belongs to an earlier strategy, which stays as it was when the next one was adopted. "
        "Change the current strategy instead."
    )


class FormUsed(StrategyError):
    message = _("This form has been sent before by somebody else or for another action. Open the form again.")


class WillBeLate(StrategyError):
    """The form had not said so yet. Told, and sent again, it is saved."""

    message = _("The period of this date is closed, so it will be reported late. Save again if that is right.")


class ValuesMoved(StrategyError):
    """The form had named another period for the values. Told, and sent again, they are saved."""

    message = _("The values would count for another period than the form said. Look them over and save again.")


class InputRefused(StrategyError):
    """What was typed does not fit; ``errors`` holds one sentence for each field."""

    def __init__(self, errors: Mapping[str, str]):
        self.errors = dict(errors)
        super().__init__(" ".join(str(sentence) for sentence in self.errors.values()))


class ValuesMeanwhile(InputRefused):
    """Somebody else has entered another value; ``standing`` holds theirs. Nothing of the form was saved."""

    def __init__(self, standing: Mapping[int, Any]):
        self.standing = dict(standing)
        words = _("Somebody else has entered %(value)s meanwhile. Save again if yours is right.")
        super().__init__(
            {f"value_{pk}": words % {"value": locales.number(row.value)} for pk, row in self.standing.items()}
        )
