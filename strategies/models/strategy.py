"""Plans: what a city wants to achieve and how. A plan has no period; it can change on any day and keeps its history."""

from datetime import date, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from cities.models import City, Organisation, Person, StoredFile, TargetGroup, Theme
from core import clock
from core.models import Recorded, Versioned
from strategies.enums import BudgetStatus, StrategyStatus, SwotKind

from .querysets import (
    ActionQuerySet,
    ActiveQuerySet,
    StrategyCommentQuerySet,
    StrategyPartQuerySet,
    StrategyQuerySet,
)


class Strategy(Recorded, Versioned):
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="strategies")
    title = models.CharField(_("title"), max_length=250)
    vision = models.TextField(_("vision"), blank=True)
    year_from = models.PositiveSmallIntegerField(_("from year"), validators=[MinValueValidator(1990)])
    year_to = models.PositiveSmallIntegerField(_("to year"), validators=[MaxValueValidator(2100)])
    document = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="strategies")
    language = models.CharField(_("language"), max_length=10)
    status = models.CharField(_("status"), max_length=10, choices=StrategyStatus, default=StrategyStatus.DRAFT)
    adopted_on = models.DateField(_("adopted on"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    replaces = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("follows on"),
    )  # the strategy that is superseded when this one is adopted

    objects = StrategyQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["city__name", "-year_from"]
        verbose_name = _("strategy")
        verbose_name_plural = _("strategies")
        constraints = [
            models.UniqueConstraint(
                fields=["city"],
                condition=Q(superseded_at=None) & (Q(replaces=None) | Q(status="adopted")),
                name="strategies_strategy_one_current",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at=None) | Q(status="adopted"), name="strategies_strategy_superseded_was_adopted"
            ),
            models.CheckConstraint(
                condition=Q(year_to__gte=F("year_from")), name="strategies_strategy_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(status="draft", adopted_on=None) | Q(status="adopted", adopted_on__isnull=False),
                name="strategies_strategy_adopted_has_date",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(status="adopted"), name="strategies_strategy_published_is_adopted"
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def of_city_id(self) -> int:
        return self.city_id

    @property
    def is_superseded(self) -> bool:
        return self.superseded_at is not None

    def get_ended_on(self) -> date | None:
        """Return its last day in force, the day before the next one was adopted; None unless superseded."""
        next_one = getattr(self, "replaced_by", None) if self.is_superseded else None
        return next_one.adopted_on - timedelta(days=1) if next_one else None

    @property
    def is_next(self) -> bool:
        """Return whether it is a draft that will supersede the current strategy."""
        return self.replaces_id is not None and self.status == StrategyStatus.DRAFT

    @property
    def standing(self) -> str:
        """Return its status, or ``superseded``."""
        return "superseded" if self.is_superseded else str(self.status)

    @property
    def ref(self) -> str:
        """Return its reference in URLs: the city's slug for the current strategy, ``slug/pk`` for any other."""
        return f"{self.city.slug}/{self.pk}" if self.is_superseded or self.is_next else self.city.slug

    def get_absolute_url(self):
        return reverse("strategies:strategy_detail", args=[self.ref])


class StrategyComment(models.Model):
    """A comment on a draft by people of the city. It is not part of the plan and never published."""

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="comments")
    text = models.TextField(_("text"))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="strategy_comments")
    at = models.DateTimeField(default=clock.now)

    objects = StrategyCommentQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("comment on a strategy")
        verbose_name_plural = _("comments on strategies")
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="strategies_strategycomment_has_text")]

    def __str__(self):
        return self.text[:80]

    @property
    def of_city_id(self) -> int:
        return self.strategy.city_id


class PriorityArea(Recorded, Versioned):
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="areas")
    theme = models.ForeignKey(Theme, on_delete=models.PROTECT, null=True, blank=True, related_name="areas")
    code = models.CharField(_("code"), max_length=20)
    title = models.CharField(_("title"), max_length=250)
    description = models.TextField(_("description"), blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_reason = models.TextField(_("reason for withdrawing"), blank=True)

    objects = StrategyPartQuerySet.for_path("strategy").as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["strategy", "code"]
        verbose_name = _("priority area")
        verbose_name_plural = _("priority areas")
        constraints = [
            models.UniqueConstraint(fields=["strategy", "code"], name="strategies_priorityarea_code_once"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="strategies_priorityarea_withdrawn_has_reason",
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.title}"

    @property
    def of_city_id(self) -> int:
        return self.strategy.city_id


class Objective(Recorded, Versioned):
    area = models.ForeignKey(PriorityArea, on_delete=models.PROTECT, related_name="objectives")
    code = models.CharField(_("code"), max_length=20)
    title = models.CharField(_("title"), max_length=250)
    description = models.TextField(_("description"), blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_reason = models.TextField(_("reason for withdrawing"), blank=True)

    objects = StrategyPartQuerySet.for_path("area__strategy").as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["area", "code"]
        verbose_name = _("objective")
        verbose_name_plural = _("objectives")
        constraints = [
            models.UniqueConstraint(fields=["area", "code"], name="strategies_objective_code_once"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="strategies_objective_withdrawn_has_reason",
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.title}"

    @property
    def of_city_id(self) -> int:
        return self.area.strategy.city_id


class Action(Recorded, Versioned):
    """What the city does. It has at most one responsible person; without one it cannot be on track."""

    objective = models.ForeignKey(Objective, on_delete=models.PROTECT, related_name="actions")
    code = models.CharField(_("code"), max_length=20)
    title = models.CharField(_("title"), max_length=250)
    description = models.TextField(_("description"), blank=True)
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
    withdrawn_reason = models.TextField(_("reason for withdrawing"), blank=True)

    objects = ActionQuerySet.as_manager()
    history = HistoricalRecords(m2m_fields=[deputies, partners, target_groups])

    class Meta:
        ordering = ["objective", "code"]
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        constraints = [
            models.UniqueConstraint(fields=["objective", "code"], name="strategies_action_code_once"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="strategies_action_ends_after_start"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""), name="strategies_action_withdrawn_has_reason"
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def of_city_id(self) -> int:
        return self.objective.area.strategy.city_id

    def get_absolute_url(self):
        return reverse("strategies:action_detail", args=[self.pk])

    @property
    def strategy(self) -> Strategy:
        return self.objective.area.strategy

    @property
    def city(self) -> City:
        return self.strategy.city


class Milestone(Recorded, Versioned):
    """A dated result of an action. It is reached by an update (``MilestoneReached``)."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="milestones")
    title = models.CharField(_("title"), max_length=250)
    due_on = models.DateField(_("due"))
    weight = models.PositiveSmallIntegerField(_("weight"), default=1, validators=[MinValueValidator(1)])
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    objects = ActiveQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["due_on", "pk"]
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        constraints = [models.CheckConstraint(condition=Q(weight__gte=1), name="strategies_milestone_weight_positive")]

    def __str__(self):
        return self.title

    @property
    def of_city_id(self) -> int:
        return self.action.of_city_id


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
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="strategies_budgetline_amount_positive")]

    def __str__(self):
        return f"{self.source} {self.year}"

    @property
    def of_city_id(self) -> int:
        return self.action.of_city_id


class SwotItem(Recorded, Versioned):
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="swot_items")
    kind = models.CharField(_("kind"), max_length=12, choices=SwotKind)
    text = models.TextField(_("text"))
    areas = models.ManyToManyField(
        PriorityArea, blank=True, related_name="swot_items", verbose_name=_("priority areas")
    )
    actions = models.ManyToManyField(Action, blank=True, related_name="swot_items", verbose_name=_("follow-up actions"))
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = StrategyPartQuerySet.for_path("strategy").as_manager()
    history = HistoricalRecords(m2m_fields=[areas, actions])

    class Meta:
        ordering = ["strategy", "pk"]
        verbose_name = _("SWOT item")
        verbose_name_plural = _("SWOT items")

    def __str__(self):
        return Truncator(self.text).chars(80)

    @property
    def of_city_id(self) -> int:
        return self.strategy.city_id


class Risk(Recorded, Versioned):
    """A risk: a problem that implementation may meet. Not the problem that a priority area addresses."""

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="risks")
    text = models.TextField(_("problem"))
    area = models.ForeignKey(
        PriorityArea,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="risks",
        verbose_name=_("priority area"),
    )
    swot_items = models.ManyToManyField(SwotItem, blank=True, related_name="risks", verbose_name=_("SWOT items"))
    mitigating_action = models.ForeignKey(
        Action,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="mitigated_risks",
        verbose_name=_("action against it"),
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = StrategyPartQuerySet.for_path("strategy").as_manager()
    history = HistoricalRecords(m2m_fields=[swot_items])

    class Meta:
        ordering = ["strategy", "pk"]
        verbose_name = _("implementation problem")
        verbose_name_plural = _("implementation problems")

    def __str__(self):
        return Truncator(self.text).chars(80)

    @property
    def of_city_id(self) -> int:
        return self.strategy.city_id
