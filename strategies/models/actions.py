"""Actions of a plan, with their milestones and budget lines."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import (
    BooleanField,
    Case,
    Count,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cities.enums import Role
from cities.models import City, Membership, Organisation, Person, TargetGroup
from cities.rules import has_network_role, insider_city_ids, official_city_ids, person_of, reads_network
from core.bounds import FIRST_YEAR, LAST_YEAR
from core.collation import NaturalKeyField
from core.models import Recorded, Versioned
from core.text_limits import LONG_TEXT, PARAGRAPH, LimitedTextField
from strategies.enums import BudgetStatus, StrategyStatus

from . import health
from .strategy import CODE_TAKEN, Objective, Strategy
from .visibility import current_plan_q, started_plan_q

MAX_WEIGHT = 100  # of a milestone


class ActionQuerySet(models.QuerySet):
    """The expressions of ``with_progress``, ``with_health`` and so on are defined in ``health.py``."""

    def active(self):
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)

    def of_city(self, city):
        return self.filter(current_plan_q("objective__area__strategy__"), objective__area__strategy__city=city)

    def with_related(self):
        return self.select_related("objective__area__strategy__city", "objective__area__theme", "owner", "responsible")

    def visible_to(self, user):
        """Actions of visible strategies. Users who see a strategy only because it is published see published ones."""
        if has_network_role(user, Role.COORDINATOR):
            return self
        city, strategy = "objective__area__strategy__city__in", "objective__area__strategy__"
        seen = Q(published_at__isnull=False, withdrawn_at=None) & Q(**{f"{strategy}published_at__isnull": False})
        if reads_network(user):
            seen |= Q(**{f"{strategy}status": StrategyStatus.ADOPTED}, withdrawn_at=None)
        if cities := insider_city_ids(user):
            seen |= Q(**{city: cities})
        return self.filter(seen)

    def with_stage(self, upto=None):
        """Add ``current_stage`` and ``last_update_on`` of the newest active update; None where there is none.

        ``upto``: a ReportingPeriod; facts of later periods are left out. The methods below use it in the same way.
        """
        updates = updates_of_action(upto)
        return self.annotate(
            current_stage=Subquery(updates.values("stage")[:1]), last_update_on=Subquery(updates.values("date")[:1])
        )

    def with_progress(self, today=None, upto=None):
        """Add ``progress`` and ``expected`` (per cent), ``next_milestone_on``, ``next_due_on``, ``local_today``,
        ``milestone_count`` and ``reached_count``. Dropped milestones have no weight and are not due.

        ``local_today`` is the date in the city's time zone, or ``today`` if given.
        """
        milestones, day = milestones_of_action(), health.today_expression(today)
        reached, is_open = milestones.filter(is_reached(upto)), ~is_reached(upto) & ~is_dropped(upto)
        kept = milestones.filter(is_reached(upto) | ~is_dropped(upto))
        stated = updates_of_action(upto).filter(progress__isnull=False)
        rows = self.with_stage(upto).annotate(
            weight_total=Coalesce(health.total(kept, "action", Sum("weight")), 0),
            weight_done=Coalesce(health.total(reached, "action", Sum("weight")), 0),
            milestone_count=Coalesce(health.total(milestones, "action", Count("pk")), 0),
            reached_count=Coalesce(health.total(reached, "action", Count("pk")), 0),
            next_milestone_on=health.total(milestones.filter(is_open), "action", Min("due_on")),
            stated_progress=Subquery(stated.values("progress")[:1]),
            local_today=day,
        )
        return rows.annotate(
            progress=health.progress_expression(),
            expected=health.expected_expression(day),
            next_due_on=Coalesce("next_milestone_on", "ends_on"),
        )

    def with_money(self, upto=None):
        """Add ``budget_total`` and ``spent_total`` in the city's currency; 0 where nothing is known."""
        lines = BudgetLine.objects.filter(action=OuterRef("pk"), withdrawn_at=None)
        money, nothing = DecimalField(max_digits=16, decimal_places=2), Value(Decimal(0))
        return self.annotate(
            budget_total=Coalesce(health.total(lines, "action", Sum("amount")), nothing, output_field=money),
            spent_total=Coalesce(
                health.total(updates_of_action(upto), "action", Sum("spent")), nothing, output_field=money
            ),
        )

    def with_responsible(self, today):
        """Add ``has_responsible``: there is a responsible person, whose memberships in the city have not all ended."""
        city = "objective__area__strategy__city"
        held = Membership.objects.filter(person=OuterRef("responsible"), body__city=OuterRef(city))
        stays = Exists(held.current(today)) | ~Exists(held)
        has_responsible = Q(responsible__isnull=False) & stays
        return self.annotate(has_responsible=ExpressionWrapper(has_responsible, output_field=BooleanField()))

    def with_health(self, today=None, upto=None):
        """Add ``health`` and everything it is derived from. ``today`` replaces the date in the city."""
        rows = self.with_progress(today, upto).with_responsible(OuterRef("local_today"))
        return rows.annotate(health=health.health_expression(health.today_expression(today)))

    def for_list_page(self, today=None):
        """Add everything that a list of actions shows, in one query."""
        return self.with_related().with_health(today).with_money()

    def loggable_by(self, user):
        """Active actions that the user may log on: all of the city for officials, own ones for responsible people."""
        person, insider = person_of(user), insider_city_ids(user)
        if person is None or not insider:
            return self.none()
        deputy = self.model.deputies.through.objects.filter(action=OuterRef("pk"), person=person.pk)
        mine = (Q(responsible=person.pk) | Exists(deputy)) & Q(objective__area__strategy__city__in=insider)
        official = Q(objective__area__strategy__city__in=official_city_ids(user))
        return self.active().filter(official | mine, started_plan_q("objective__area__strategy__"))


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
        verbose_name=_("accountable person"),
    )
    deputies = models.ManyToManyField(Person, blank=True, related_name="deputy_for", verbose_name=_("deputies"))
    partners = models.ManyToManyField(Organisation, blank=True, related_name="partner_in", verbose_name=_("partners"))
    target_groups = models.ManyToManyField(
        TargetGroup, blank=True, related_name="actions", verbose_name=_("target groups")
    )
    starts_on = models.DateField(_("start"))
    ends_on = models.DateField(_("end"))
    is_pilot = models.BooleanField(_("part of the pilot"), default=True)
    budget_status = models.CharField(_("budget"), max_length=12, choices=BudgetStatus, default=BudgetStatus.UNKNOWN)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_reason = LimitedTextField(_("reason for withdrawing"), blank=True, max_length=PARAGRAPH)

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
                violation_error_message=_("The action ends before it starts. Choose a later end."),
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="strategies_action_withdrawn_has_reason",
                violation_error_message=_("Say why the action is withdrawn."),
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def owning_city_id(self) -> int:
        return self.objective.area.strategy.city_id

    def get_absolute_url(self):
        return reverse("strategies:action_detail", args=[self.pk])

    @property
    def strategy(self) -> Strategy:
        return self.objective.area.strategy

    @property
    def city(self) -> City:
        return self.strategy.city


def updates_of_action(upto=None) -> models.QuerySet:
    """Return the active updates of the outer action, newest first; only of the period ``upto`` and earlier ones."""
    model = Action.updates.rel.related_model  # facts.py imports this module, so its models are found by the relation
    updates = model.objects.filter(action=OuterRef("pk"), withdrawn_at=None)
    if upto is not None:
        updates = updates.filter(city_period__period__starts_on__lte=upto.starts_on)
    return updates.order_by("-date", "-pk")


def milestones_of_action() -> models.QuerySet:
    return Milestone.objects.filter(action=OuterRef("pk"), withdrawn_at=None).order_by()


def is_reached(upto=None) -> Exists:
    """Return whether an active update has reached the outer milestone."""
    return Exists(outcomes_of_milestone(Milestone.reached, upto))


def is_dropped(upto=None) -> Exists:
    """Return whether an active update has dropped the outer milestone. One that is reached too counts as reached."""
    return Exists(outcomes_of_milestone(Milestone.dropped, upto))


def outcomes_of_milestone(outcome, upto=None) -> models.QuerySet:
    """Return the rows of ``Milestone.reached`` or ``Milestone.dropped`` of the outer milestone that count."""
    rows = outcome.rel.related_model.objects.filter(milestone=OuterRef("pk"), update__withdrawn_at=None)
    return rows if upto is None else rows.filter(update__city_period__period__starts_on__lte=upto.starts_on)


def visible_action_q(user, path: str = "action") -> Q:
    return Q(**{f"{path}__in": Action.objects.visible_to(user)})


class ActiveQuerySet(models.QuerySet):
    def active(self):
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)


class MilestoneQuerySet(ActiveQuerySet):
    def with_outcomes(self, upto=None):
        """Add ``reached_on`` and ``dropped_on``, the day of the update; a milestone that is reached is not dropped."""
        reached, dropped = (
            outcomes_of_milestone(outcome, upto).values("update__date")[:1]
            for outcome in (Milestone.reached, Milestone.dropped)
        )
        not_reached = When(~is_reached(upto), then=Subquery(dropped))
        return self.annotate(reached_on=Subquery(reached), dropped_on=Case(not_reached, default=None))


class Milestone(Recorded, Versioned):
    """A dated result of an action. An update reaches it, or drops it when it completes the action."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="milestones")
    title = models.CharField(_("title"), max_length=250)
    due_on = models.DateField(_("due"))
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
                violation_error_message=_("A weight is 1 or more."),
            )
        ]

    def __str__(self):
        return self.title

    def clean(self):
        if self.weight is not None and self.weight > MAX_WEIGHT:
            raise ValidationError({"weight": _("A weight is a number from 1 to %(most)s.") % {"most": MAX_WEIGHT}})

    @property
    def owning_city_id(self) -> int:
        return self.action.owning_city_id


class BudgetLine(Recorded, Versioned):
    """A positive amount in the city's currency."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="budget_lines")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    source = models.CharField(_("source"), max_length=200)
    year = models.PositiveSmallIntegerField(_("year"))
    form_uuid = models.UUIDField(
        null=True, unique=True, editable=False
    )  # from the form, so that a second POST finds the first line
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
                violation_error_message=_("A budget is more than nothing."),
            )
        ]

    def __str__(self):
        return f"{self.source} {self.year}"

    def clean(self):
        if self.year is not None and not FIRST_YEAR <= self.year <= LAST_YEAR:
            raise ValidationError({"year": _("Write the year with four digits, such as 2026.")})

    @property
    def owning_city_id(self) -> int:
        return self.action.owning_city_id
