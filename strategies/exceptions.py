"""Errors of plans, facts and periods, each with a message for users."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import locales
from core.exceptions import UserFacingError

PERIOD_IS_LOCKED = "epi: the period is locked"  # error message of the database triggers (strategies.locks)


class StrategyError(UserFacingError):
    """Base class. The messages of its subclasses say what to do next."""


class PermissionRefused(StrategyError):
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


class OwnMunicipality(StrategyError):
    message = _("You belong to this municipality, so another coordinator must decide this.")


class AlreadyWithdrawn(StrategyError):
    message = _("This has been withdrawn already.")


class Superseded(StrategyError):
    message = _(
        "This belongs to an earlier strategy, which stays as it was when the next one was adopted. "
        "Change the current strategy instead."
    )


class FormAlreadyUsed(StrategyError):
    message = _("This form has been sent before by somebody else or for another action. Open the form again.")


class SavedDifferently(StrategyError):
    """The same form has been saved with other content: ``saved`` is what it made. Nothing was saved now."""

    message = _("This form has been saved already, with other content. Open the form again to add something else.")
    heading = _("This form has been saved already, with other content")

    def __init__(self, saved: Any):
        self.saved = saved
        super().__init__()


class LoggedJustNow(SavedDifferently):
    """The same person logged an update of the action for the same day a few minutes ago: ``saved``, maybe by this form.

    A browser that goes back may open the form anew, so that the form does not show that it was sent before.
    """

    message = _("You logged an update of this action for the same day a few minutes ago. Nothing has been saved now.")
    heading = _("You logged an update for this day a few minutes ago")


class BudgetLineExists(SavedDifferently):
    """The action has a budget line of the same source and year, maybe of this form, which a browser opened anew."""

    message = _("The action already has a budget line of this source and year. Nothing has been saved now.")
    heading = _("The action already has a budget line of this source and year")


class LateUpdateUnconfirmed(StrategyError):
    """The form did not show yet that the update will be late. Sent again with that warning shown, it is saved."""

    message = _("The period of this date is closed, so it will be reported late. Save again if that is right.")


class ValuesPeriodChanged(StrategyError):
    """The form named another period for the values. Sent again with the right period shown, they are saved."""

    message = _("The values would count for another period than the form said. Look them over and save again.")


class InputRefused(StrategyError):
    """The input is not valid. ``errors`` maps field names to one sentence each."""

    def __init__(self, errors: Mapping[str, str]):
        self.errors = dict(errors)
        super().__init__(" ".join(str(sentence) for sentence in self.errors.values()))


class ConfirmationNeeded(InputRefused):
    """The input may be wrong. Sent again as confirmed, it is saved."""


class ValuesConflict(InputRefused):
    """Somebody else has changed values, so nothing was saved.

    ``stored`` maps indicator ids to the rows, None if withdrawn. ``errors``: of other values that were refused.
    """

    def __init__(self, stored: Mapping[int, Any], errors: Mapping[str, str] | None = None):
        self.stored = dict(stored)
        conflicts = {f"value_{pk}": _conflict_text(row) for pk, row in self.stored.items()}
        super().__init__({**(errors or {}), **conflicts})


def _conflict_text(row: Any) -> str:
    if row is None:
        return gettext("Somebody else has withdrawn this value meanwhile. Save again if yours is right.")
    words = gettext("Somebody else has entered %(value)s meanwhile. Save again if yours is right.")
    return words % {"value": locales.number(row.value)}
