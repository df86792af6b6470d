"""Actions of a plan, with their milestones and budget lines."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cities.enums import Role
from cities.models import City, Organisation, Person, TargetGroup
from cities.rules import has_network_role, insider_city_ids, official_city_ids, person_of, reads_network
from core.bounds import FIRST_YEAR, LAST_YEAR
from core.collation import NaturalKeyField
from core.history import HistoricalRecords
from core.links import url_of
from core.models import Recorded, Versioned
from core.sql import day_in
from core.text_limits import LONG_TEXT, PARAGRAPH, LimitedTextField
from strategies.enums import BudgetStatus, StrategyStatus

from . import computation, health
from .computation import is_reached, outcomes_of_milestone
from .outcomes import day_dropped_only, day_of_outcome
from .responsible import has_responsible_expression
from .strategy import CODE_TAKEN, Objective, Strategy
from .visibility import current_plan_q, started_plan_q

ZONE = f"{computation.CITY}__timezone"
MAX_WEIGHT = 100  # of a milestone
ENDS_BEFORE_START = _("The end date is before the start date. Choose a later end date.")
NOT_POSITIVE = _("Enter an amount above 0.")


class ActionQuerySet(models.QuerySet):
    """The figures are explained in ``health.py`` and ``figures.py``."""

    def active(self):
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)

    def of_city(self, city):
        return self.filter(current_plan_q("objective__area__strategy__"), objective__area__strategy__city=city)

    def with_related(self):
        return self.select_related("objective__area__strategy__city", "objective__area__theme", "owner", "responsible")

    def visible_to(self, user):
        """Actions of visible strategies. Users who see a strategy only because it is published see published ones."""
        return self if has_network_role(user, Role.COORDINATOR) else self.filter(_visible_q(user))

    def with_stage(self, upto=None):
        """Add ``current_stage`` and ``last_update_on`` of the newest active update; None where there is none.

        ``upto``: a ReportingPeriod; facts of later periods are left out, by the full computation in
        ``computation.py``. Without it, this method and those below read the stored ``ActionFigures``.
        """
        if upto is not None:
            return computation.with_stage(self, upto)
        return self.annotate(current_stage=F("figures__stage"), last_update_on=F("figures__last_update_on"))

    def with_progress(self, today=None, upto=None):
        """Add ``progress`` and ``expected`` (per cent), ``next_milestone_on``, ``next_due_on``, ``local_today``,
        ``milestone_count`` and ``reached_count``. Dropped milestones have no weight and are not due.

        ``local_today`` is the date in the city's time zone, or ``today`` if given, which makes cheaper SQL.
        """
        if upto is not None:
            rows = computation.with_milestones(self, upto)
        else:
            names = ("progress", "milestone_count", "reached_count", "next_milestone_on")
            rows = self.with_stage().annotate(**{name: F(f"figures__{name}") for name in names})
        day = day_in(ZONE, today)
        return rows.annotate(
            local_today=day,
            expected=health.expected_expression(day),
            next_due_on=Coalesce("next_milestone_on", "ends_on"),
        )

    def with_money(self, upto=None):
        """Add ``budget_total`` and ``spent_total`` in the city's currency; 0 where nothing is known."""
        if upto is not None:
            return computation.with_money(self, upto)
        return self.annotate(budget_total=F("figures__budget_total"), spent_total=F("figures__spent_total"))

    def with_responsible(self, today=None):
        """Add ``has_responsible``: there is a responsible person, whose memberships in the city have not all ended."""
        return self.annotate(has_responsible=has_responsible_expression(day_in(ZONE, today)))

    def with_health(self, today=None):
        """Add ``health`` and everything it is derived from. ``today`` replaces the date in the city."""
        long_ago = day_in(ZONE, today, days=-settings.STALE_AFTER_DAYS)
        rows = self.with_progress(today).with_responsible(today)
        return rows.annotate(health=health.health_expression(day_in(ZONE, today), long_ago))

    def with_health_inputs(self, today, upto):
        """Add what ``health_inputs`` reads, by the full computation up to the ReportingPeriod ``upto``."""
        return computation.with_responsible(self.with_progress(today, upto), OuterRef("local_today"))

    def for_list_page(self, today=None):
        """Add everything that a list of actions shows, in one query."""
        return self.with_related().with_health(today).with_money()

    def loggable_by(self, user):
        """Active actions that the user may log on: all of the city for officials, own ones for responsible people."""
        person, insider = person_of(user), insider_city_ids(user)
        if person is None or not insider:
            return self.none()
        officials = official_city_ids(user)
        city, started = "objective__area__strategy__city__in", started_plan_q("objective__area__strategy__")
        if officials == insider:
            return self.active().filter(started, **{city: officials})
        deputy = self.model.deputies.through.objects.filter(action=OuterRef("pk"), person=person.pk)
        mine = (Q(responsible=person.pk) | Exists(deputy)) & Q(**{city: insider})
        return self.active().filter(Q(**{city: officials}) | mine, started)


class Action(Recorded, Versioned):
    """What the city does. It has at most one responsible person; without one it cannot be on track."""

    objective = models.ForeignKey(Objective, on_delete=models.PROTECT, related_name="actions")
    code = models.CharField(_("code"), max_length=20)
    code_sort = NaturalKeyField()
    title = models.CharField(_("title"), max_length=250)
    description = LimitedTextField(_("description"), blank=True, max_length=LONG_TEXT)
    owner = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="actions", verbose_name=_("owner")
    )
    responsible = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="responsible_for",
        verbose_name=_("responsible person"),
    )
    deputies = models.ManyToManyField(Person, blank=True, related_name="deputy_for", verbose_name=_("deputies"))
    partners = models.ManyToManyField(
        Organisation, blank=True, related_name="partner_in", verbose_name=pgettext_lazy("action", "partners")
    )
    target_groups = models.ManyToManyField(
        TargetGroup, blank=True, related_name="actions", verbose_name=_("target groups")
    )
    starts_on = models.DateField(_("start"))
    ends_on = models.DateField(_("end"))
    is_pilot = models.BooleanField(_("part of the pilot"), default=True)
    budget_status = models.CharField(_("budget"), max_length=12, choices=BudgetStatus, default=BudgetStatus.UNKNOWN)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_reason = LimitedTextField(_("reason for withdrawal"), blank=True, max_length=PARAGRAPH)

    objects = ActionQuerySet.as_manager()
    history = HistoricalRecords(m2m_fields=[deputies, partners, target_groups])

    class Meta:
        ordering = ["objective", "code_sort"]
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        constraints = [
            models.UniqueConstraint(
                fields=["objective", "code"],
                condition=Q(withdrawn_at=None),
                name="strategies_action_code_once",
                violation_error_message=CODE_TAKEN,
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")),
                name="strategies_action_ends_after_start",
                violation_error_message=ENDS_BEFORE_START,
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="strategies_action_withdrawn_has_reason",
                violation_error_message=_("Explain why the action is withdrawn."),
            ),
        ]

    def __str__(self):
        return self.title

    def clean(self):
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValidationError({"ends_on": ENDS_BEFORE_START})

    @property
    def owning_city_id(self) -> int:
        return self.objective.area.strategy.city_id

    def get_absolute_url(self):
        return url_of("strategies:action_detail", self.pk)

    @property
    def strategy(self) -> Strategy:
        return self.objective.area.strategy

    @property
    def city(self) -> City:
        return self.strategy.city


def visible_action_q(user, path: str = "action") -> Q:
    """Return a Q for rows whose action the user may see. ``path``: lookup path to the action, by foreign keys alone."""
    return ~Q(pk__in=[]) if has_network_role(user, Role.COORDINATOR) else _visible_q(user, f"{path}__")


def _visible_q(user, action: str = "") -> Q:
    strategy, active = f"{action}objective__area__strategy__", Q(**{f"{action}withdrawn_at": None})
    seen = active & Q(**{f"{action}published_at__isnull": False, f"{strategy}published_at__isnull": False})
    if reads_network(user):
        seen |= active & Q(**{f"{strategy}status": StrategyStatus.ADOPTED})
    if cities := insider_city_ids(user):
        seen |= Q(**{f"{strategy}city__in": cities})
    return seen


class ActiveQuerySet(models.QuerySet):
    def active(self):
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)


class MilestoneQuerySet(ActiveQuerySet):
    def with_outcomes(self, upto=None):
        """Add ``reached_on`` and ``dropped_on``, the day of the update; a milestone that is reached is not dropped."""
        if upto is None:
            return self.annotate(reached_on=day_of_outcome("MilestoneReached"), dropped_on=day_dropped_only())
        reached, dropped = (
            outcomes_of_milestone(outcome, upto).values("update__date")[:1]
            for outcome in ("MilestoneReached", "MilestoneDropped")
        )
        not_reached = When(~is_reached(upto), then=Subquery(dropped))
        return self.annotate(reached_on=Subquery(reached), dropped_on=Case(not_reached, default=None))


class Milestone(Recorded, Versioned):
    """A dated result of an action. An update reaches it, or drops it when it completes the action."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="milestones")
    title = models.CharField(_("title"), max_length=250)
    due_on = models.DateField(_("due date"))
    weight = models.PositiveSmallIntegerField(_("weight"), default=1, validators=[MinValueValidator(1)])
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = MilestoneQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        constraints = [
            models.CheckConstraint(
                condition=Q(weight__gte=1),
                name="strategies_milestone_weight_positive",
                violation_error_message=_("Enter a weight of 1 or more."),
            )
        ]

    def __str__(self):
        return self.title

    def clean(self):
        if self.weight is not None and self.weight > MAX_WEIGHT:
            raise ValidationError({"weight": _("Enter a weight from 1 to %(most)s.") % {"most": MAX_WEIGHT}})

    @property
    def owning_city_id(self) -> int:
        return self.action.owning_city_id


class BudgetLine(Recorded, Versioned):
    """A positive amount in the city's currency."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="budget_lines")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    source = models.CharField(_("source"), max_length=200)
    year = models.PositiveSmallIntegerField(_("year"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = ActiveQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["year", "pk"]
        verbose_name = _("budget line")
        verbose_name_plural = _("budget lines")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="strategies_budgetline_amount_positive",
                violation_error_message=NOT_POSITIVE,
            )
        ]

    def __str__(self):
        return f"{self.source} {self.year}"

    def clean(self):
        if self.amount is not None and self.amount <= 0:
            raise ValidationError({"amount": NOT_POSITIVE})
        if self.year is not None and not FIRST_YEAR <= self.year <= LAST_YEAR:
            raise ValidationError({"year": _("Enter the year with four digits, such as 2026.")})

    @property
    def owning_city_id(self) -> int:
        return self.action.owning_city_id
