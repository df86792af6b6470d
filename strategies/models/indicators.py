from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cities.rules import official_city_ids
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import PARAGRAPH, LimitedTextField
from strategies.enums import Addition, Direction, Frequency
from strategies.targets import contradicts

from .actions import Action, visible_action_q
from .strategy import Objective, Strategy
from .visibility import visible_plan_q

WRONG_SIDE = {
    Direction.UP: _("Higher is better, but the target is below the baseline. Correct the target or the direction."),
    Direction.DOWN: _("Lower is better, but the target is above the baseline. Correct the target or the direction."),
}
BOTH_PLACES = _("Choose either an objective or an action, not both. The action already belongs to an objective.")
PER_CENT = {"%", "per cent", "percent", "procent"}


class IndicatorQuerySet(models.QuerySet):
    def active(self):
        """Not withdrawn, nor its action."""
        return self.filter(withdrawn_at=None, action__withdrawn_at=None)  # also true without an action

    def visible_to(self, user):
        """Indicators whose strategy and action the user may see; withdrawn ones for officials of the city only."""
        kept = Q(withdrawn_at=None) | Q(strategy__city__in=official_city_ids(user))
        return self.in_visible_plans(user).filter(kept)

    def in_visible_plans(self, user):
        """Like ``visible_to``, but with withdrawn indicators, because their submitted values stay readable."""
        return self.filter(_in_visible_plan_q(user))


class Indicator(Recorded, Versioned):
    """A measured quantity of a strategy, or of one of its objectives or actions."""

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="indicators")
    objective = models.ForeignKey(
        Objective,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="indicators",
        verbose_name=_("objective"),
    )
    action = models.ForeignKey(
        Action, on_delete=models.PROTECT, null=True, blank=True, related_name="indicators", verbose_name=_("action")
    )
    name = models.CharField(_("name"), max_length=250)
    definition = LimitedTextField(_("definition"), blank=True, max_length=PARAGRAPH)
    unit = models.CharField(_("unit"), max_length=60)
    direction = models.CharField(_("direction"), max_length=4, choices=Direction, default=Direction.UP)
    baseline = models.DecimalField(_("baseline"), max_digits=16, decimal_places=4, null=True, blank=True)
    baseline_on = models.DateField(_("date of the baseline"), null=True, blank=True)
    no_baseline_reason = models.CharField(_("why there is no baseline"), max_length=250, blank=True)
    target = models.DecimalField(_("target"), max_digits=16, decimal_places=4, null=True, blank=True)
    target_on = models.DateField(_("date of the target"), null=True, blank=True)
    frequency = models.CharField(_("measured"), max_length=10, choices=Frequency, default=Frequency.PERIOD)
    source = models.CharField(_("source"), max_length=250, blank=True)
    across_periods = models.CharField(_("combine over time"), max_length=8, choices=Addition, default=Addition.LATEST)
    across_cities = models.CharField(_("combine across cities"), max_length=8, choices=Addition, default=Addition.SUM)
    counts_people = models.BooleanField(_("counts people"), default=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = IndicatorQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["strategy", "name"]
        verbose_name = _("indicator")
        verbose_name_plural = _("indicators")
        constraints = [
            models.CheckConstraint(
                condition=Q(objective=None) | Q(action=None),
                name="strategies_indicator_one_place",
                violation_error_message=BOTH_PLACES,
            ),
        ]

    def __str__(self):
        return self.name

    def clean(self):
        """Refuse figures that cannot be right. ``question_about`` is for those that may be."""
        errors = {name: self.number_error(getattr(self, name)) for name in ("baseline", "target")}
        if contradicts(self.direction, self.baseline, self.target):
            errors["target"] = errors["target"] or WRONG_SIDE[self.direction]
        if self.objective_id and self.action_id:
            errors["action"] = BOTH_PLACES
        if self.baseline is None and not self.no_baseline_reason:
            errors["no_baseline_reason"] = _("Enter the baseline, or explain why there is none.")
        if self.baseline_on and self.target_on and self.target_on < self.baseline_on:
            errors["target_on"] = _("The date of the target is before the date of the baseline. Correct one of them.")
        if errors := {name: sentence for name, sentence in errors.items() if sentence}:
            raise ValidationError(errors)

    def number_error(self, number) -> str:
        """Return why the number cannot be a figure of this indicator, or ``""``."""
        if number is not None and self.counts_people and (number < 0 or number != int(number)):
            return gettext("Enter 0 or a higher whole number.")
        return ""

    def question_about(self, number) -> str:
        """Return why the number may be wrong, or ``""``. The user corrects or confirms it."""
        if number is None:
            return ""
        if number > 100 and self.unit.strip().casefold() in PER_CENT:
            return gettext("This is more than 100 per cent. Is it correct?")
        if number < 0 and all(planned is None or planned >= 0 for planned in (self.baseline, self.target)):
            return gettext("This is less than zero. Is it correct?")
        return ""

    @property
    def owning_city_id(self) -> int:
        return self.strategy.city_id

    def get_absolute_url(self):
        return reverse("strategies:indicator_detail", args=[self.pk])


def visible_indicator_q(user, path: str = "indicator") -> Q:
    """Return a Q for rows whose indicator is in a plan that the user may see. ``path`` leads by foreign keys alone."""
    return Q(**{f"{path}__isnull": False}) & _in_visible_plan_q(user, f"{path}__")


def _in_visible_plan_q(user, indicator: str = "") -> Q:
    measures = Q(**{f"{indicator}action": None}) | visible_action_q(user, f"{indicator}action")
    return visible_plan_q(user, f"{indicator}strategy__") & measures
