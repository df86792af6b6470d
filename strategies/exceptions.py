"""Errors of plans, facts and periods, each with a message for users."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import locales
from core.exceptions import InputRefused, UserFacingError

PERIOD_IS_LOCKED = "epi: the period is locked"  # error message of the database triggers (strategies.locks)


class StrategyError(UserFacingError):
    """Base class. The messages of its subclasses say what to do next."""


class PeriodLocked(StrategyError):
    message = _(
        "This period has been submitted, so nothing in it can be changed. Use a later date, or ask the "
        "coordinator to reopen the period."
    )


class TransitionNotAllowed(StrategyError):
    message = _("The status of the period has changed, so you can no longer do this. Reload the page.")


class OwnMunicipality(StrategyError):
    message = _("You belong to this municipality, so another coordinator must decide.")


class AlreadyWithdrawn(StrategyError):
    message = _("This has already been withdrawn.")


class Superseded(StrategyError):
    message = _(
        "This belongs to an earlier strategy, which was locked when the next one was adopted. Edit the current "
        "strategy instead."
    )


class FormAlreadyUsed(StrategyError):
    message = _("This form has already been sent by someone else or for another action. Open the form again.")


class SavedDifferently(StrategyError):
    """The same form has been saved with other content: ``saved`` is what it made. Nothing was saved now."""

    message = _("This form has already been saved with different content. Open the form again to add something else.")
    heading = _("This form has already been saved with different content")

    def __init__(self, saved: Any):
        self.saved = saved
        super().__init__()


class LoggedJustNow(SavedDifferently):
    """The same person logged an update of the action for the same day a few minutes ago: ``saved``, maybe by this form.

    A browser that goes back may open the form anew, so that the form does not show that it was sent before.
    """

    message = _(
        "You logged an update on this action for the same day a few minutes ago. Nothing has been saved this time."
    )
    heading = _("You logged an update for this day a few minutes ago")


class BudgetLineExists(SavedDifferently):
    """The action has a budget line of the same source and year, maybe of this form, which a browser opened anew."""

    message = _("The action already has a budget line with this source and year. Nothing has been saved this time.")
    heading = _("The action already has a budget line with this source and year")


class LateUpdateUnconfirmed(StrategyError):
    """The form did not show yet that the update will be late. Sent again with that warning shown, it is saved."""

    message = _("The period for this date is closed, so the update will count as reported late. Save again to confirm.")


class ValuesPeriodChanged(StrategyError):
    """The form named another period for the values. Sent again with the right period shown, they are saved."""

    message = _("These values now belong to another period. Check them and save again.")


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
        return gettext("Someone else has withdrawn this value. Save again if yours is correct.")
    words = gettext("Someone else has entered %(value)s. Save again if yours is correct.")
    return words % {"value": locales.number(row.value)}
