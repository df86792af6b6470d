"""The section that explains how the figures of a report are computed."""

from django.utils.translation import gettext as _

from . import blocks


def section() -> dict:
    return blocks.section(
        _("Method"),
        blocks.bullets(
            [
                _(
                    "All figures come from what cities submitted for the period and a coordinator accepted. A "
                    "submission is frozen; later corrections make a new revision and a new revision of this report."
                ),
                _(
                    "The health of an action is derived, never entered. The first that holds counts: cancelled, done, "
                    "not started, late (a due date has passed), no recent update, at risk (clearly behind the expected "
                    "progress), on track."
                ),
                _(
                    "Progress is the share of milestones reached by their weight; where an action has no milestones, "
                    "it is what the city reports. Expected progress grows evenly from the first to the last day."
                ),
                _(
                    "Amounts stay in the currency of each city. They are not added up across cities, because no "
                    "exchange rates are kept for the period."
                ),
                _(
                    "People reached are figures of single updates. They are not added up, since the same person may "
                    "have been reached twice. Figures about fewer than five people are not printed."
                ),
                _(
                    "Levels are ordinal: no mean and no total over dimensions is calculated, and cities are named in "
                    "alphabetical order. “Not assessed” is a statement, not a zero. The agreed level is the "
                    "moderator’s consensus, confirmed by the scientific committee; the independent ratings stand "
                    "beside it, as they were before the raters discussed them."
                ),
            ]
        ),
    )
