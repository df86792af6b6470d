"""Plans: what a city wants to achieve and how. A plan has no period; it can change on any day and keeps its history."""

from datetime import date, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cities.enums import Role
from cities.models import City, StoredFile, Theme
from cities.rules import has_network_role, insider_city_ids, official_city_ids
from core import clock
from core.collation import NaturalKeyField
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import LONG_TEXT, PARAGRAPH, LimitedTextField
from core.texts import shorten
from strategies.enums import StrategyStatus

from .visibility import current_plan_q, visible_plan_q

ENDS_BEFORE_START = _("The end year is before the start year. Choose a later end year.")
CODE_TAKEN = _("Another part in the same place already has this code. Choose another code.")


class StrategyQuerySet(models.QuerySet):
    def current(self):
        return self.filter(current_plan_q())

    def for_pages(self):
        return self.select_related("city", "replaces", "replaced_by")

    def visible_to(self, user):
        return self.filter(visible_plan_q(user))


class Strategy(Recorded, Versioned):
    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="strategies")
    title = models.CharField(_("title"), max_length=250)
    vision = LimitedTextField(_("vision"), blank=True, max_length=LONG_TEXT)
    year_from = models.PositiveSmallIntegerField(_("start year"), validators=[MinValueValidator(1990)])
    year_to = models.PositiveSmallIntegerField(_("end year"), validators=[MaxValueValidator(2100)])
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
        verbose_name=_("follows"),
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
                violation_error_message=_("This city already has a strategy. Edit it, or create the next one."),
            ),
            models.CheckConstraint(
                condition=Q(superseded_at=None) | Q(status="adopted"),
                name="strategies_strategy_superseded_was_adopted",
                violation_error_message=_("Only an adopted strategy can be followed by another one."),
            ),
            models.CheckConstraint(
                condition=Q(year_to__gte=F("year_from")),
                name="strategies_strategy_ends_after_start",
                violation_error_message=ENDS_BEFORE_START,
            ),
            models.CheckConstraint(
                condition=Q(status="draft", adopted_on=None) | Q(status="adopted", adopted_on__isnull=False),
                name="strategies_strategy_adopted_has_date",
                violation_error_message=_("An adopted strategy must have a date of adoption, and a draft must not."),
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(status="adopted"),
                name="strategies_strategy_published_is_adopted",
                violation_error_message=_("Only an adopted strategy can be published."),
            ),
        ]

    def __str__(self):
        return self.title

    def clean(self):
        if self.year_from and self.year_to and self.year_to < self.year_from:
            raise ValidationError({"year_to": ENDS_BEFORE_START})

    @property
    def owning_city_id(self) -> int:
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
    def status_key(self) -> str:
        """Return its status, or ``superseded``."""
        return "superseded" if self.is_superseded else str(self.status)

    @property
    def ref(self) -> str:
        """Return its reference in URLs: the city's slug for the current strategy, ``slug/pk`` for any other."""
        return f"{self.city.slug}/{self.pk}" if self.is_superseded or self.is_next else self.city.slug

    def get_absolute_url(self):
        return reverse("strategies:strategy_detail", args=[self.ref])


class StrategyCommentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Comments are visible to people of the city and to coordinators, also after adoption."""
        if has_network_role(user, Role.COORDINATOR):
            return self
        return self.filter(strategy__city__in=insider_city_ids(user))


class StrategyComment(models.Model):
    """A comment on a draft by people of the city. It is not part of the plan and never published."""

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="comments")
    text = LimitedTextField(_("text"), max_length=PARAGRAPH)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="strategy_comments")
    at = models.DateTimeField(default=clock.now)

    objects = StrategyCommentQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("comment on a strategy")
        verbose_name_plural = _("comments on strategies")
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="strategies_strategycomment_has_text")]

    def __str__(self):
        return shorten(self.text, 80)

    @property
    def owning_city_id(self) -> int:
        return self.strategy.city_id


class StrategyPartQuerySet(models.QuerySet):
    """Parts of a strategy, visible where the strategy is. Withdrawn parts are visible to officials of the city only."""

    path = "strategy"

    @classmethod
    def for_path(cls, path):
        """Return a subclass whose lookup path to the strategy is ``path``."""
        return type(cls.__name__, (cls,), {"path": path})

    def active(self):
        """Not withdrawn."""
        return self.filter(withdrawn_at=None)

    def visible_to(self, user):
        rows = self.filter(visible_plan_q(user, f"{self.path}__"))
        if "withdrawn_at" in {field.name for field in self.model._meta.fields}:
            mine = Q(**{f"{self.path}__city__in": official_city_ids(user)})
            rows = rows.filter(Q(withdrawn_at=None) | mine)
        return rows


class PriorityArea(Recorded, Versioned):
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="areas")
    theme = models.ForeignKey(Theme, on_delete=models.PROTECT, null=True, blank=True, related_name="areas")
    code = models.CharField(_("code"), max_length=20)
    code_sort = NaturalKeyField()
    title = models.CharField(_("title"), max_length=250)
    description = LimitedTextField(_("description"), blank=True, max_length=LONG_TEXT)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_reason = LimitedTextField(_("reason for withdrawal"), blank=True, max_length=PARAGRAPH)

    objects = StrategyPartQuerySet.for_path("strategy").as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["strategy", "code_sort"]
        verbose_name = _("priority area")
        verbose_name_plural = _("priority areas")
        constraints = [
            models.UniqueConstraint(
                fields=["strategy", "code"],
                condition=Q(withdrawn_at=None),
                name="strategies_priorityarea_code_once",
                violation_error_message=CODE_TAKEN,
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="strategies_priorityarea_withdrawn_has_reason",
                violation_error_message=_("Explain why the priority area is withdrawn."),
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.title}"

    @property
    def owning_city_id(self) -> int:
        return self.strategy.city_id


class Objective(Recorded, Versioned):
    area = models.ForeignKey(PriorityArea, on_delete=models.PROTECT, related_name="objectives")
    code = models.CharField(_("code"), max_length=20)
    code_sort = NaturalKeyField()
    title = models.CharField(_("title"), max_length=250)
    description = LimitedTextField(_("description"), blank=True, max_length=LONG_TEXT)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_reason = LimitedTextField(_("reason for withdrawal"), blank=True, max_length=PARAGRAPH)

    objects = StrategyPartQuerySet.for_path("area__strategy").as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["area", "code_sort"]
        verbose_name = _("objective")
        verbose_name_plural = _("objectives")
        constraints = [
            models.UniqueConstraint(
                fields=["area", "code"],
                condition=Q(withdrawn_at=None),
                name="strategies_objective_code_once",
                violation_error_message=CODE_TAKEN,
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                name="strategies_objective_withdrawn_has_reason",
                violation_error_message=_("Explain why the objective is withdrawn."),
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.title}"

    @property
    def owning_city_id(self) -> int:
        return self.area.strategy.city_id
