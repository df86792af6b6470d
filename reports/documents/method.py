"""The section that explains how the figures of a report are computed."""

from django.utils.translation import gettext as _

from . import blocks


def section() -> dict:
    return blocks.section(
        _("Method"),
        blocks.bullets(
            [
                _(
                    "All figures come from what the cities submitted for the period and a coordinator "
                    "accepted. Each submission is locked. Later corrections give a new revision of the "
                    "submission and of this report."
                ),
                _(
                    "The status of an action is calculated, never entered. The first of these that applies is "
                    "shown: cancelled, done, paused, not started, late (a due date has passed), no recent "
                    "update, at risk (clearly behind expected progress), on track."
                ),
                _(
                    "Progress is the share of milestones reached, by weight. If an action has no milestones, "
                    "it is the figure the city reports. Expected progress rises evenly from the first day to "
                    "the last."
                ),
                _(
                    "Amounts are shown in each city’s currency. They are not added up across cities, because "
                    "no exchange rates are recorded for the period."
                ),
                _(
                    "People reached are reported for each update. They are not added up, because the same "
                    "person may have been reached more than once. Figures about fewer than five people are not "
                    "shown."
                ),
                _(
                    "Levels are ordered categories, so no average or total across dimensions is calculated, "
                    "and cities are listed in alphabetical order. “Not assessed” is a valid answer and never "
                    "counts as zero. The agreed level was recorded by the moderator and confirmed by the scientific "
                    "committee. The independent ratings are shown beside it as they were before the raters "
                    "discussed them."
                ),
            ]
        ),
    )
