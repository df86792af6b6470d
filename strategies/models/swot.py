"""The analysis behind a plan: strengths, weaknesses, opportunities and threats, and the risks of implementation."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import PARAGRAPH, LimitedTextField
from core.texts import shorten
from strategies.enums import SwotKind

from .actions import Action
from .strategy import PriorityArea, Strategy, StrategyPartQuerySet


class SwotItem(Recorded, Versioned):
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="swot_items")
    kind = models.CharField(_("type"), max_length=12, choices=SwotKind)
    text = LimitedTextField(_("text"), max_length=PARAGRAPH)
    areas = models.ManyToManyField(
        PriorityArea, blank=True, related_name="swot_items", verbose_name=_("priority areas")
    )
    actions = models.ManyToManyField(Action, blank=True, related_name="swot_items", verbose_name=_("related actions"))
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = StrategyPartQuerySet.for_path("strategy").as_manager()
    history = HistoricalRecords(m2m_fields=[areas, actions])

    class Meta:
        ordering = ["strategy", "pk"]
        verbose_name = _("SWOT item")
        verbose_name_plural = _("SWOT items")

    def __str__(self):
        return shorten(self.text, 80)

    @property
    def owning_city_id(self) -> int:
        return self.strategy.city_id


class Risk(Recorded, Versioned):
    """A risk: a problem that implementation may meet. Not the problem that a priority area addresses."""

    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="risks")
    text = LimitedTextField(_("risk"), max_length=PARAGRAPH)
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
        verbose_name=_("mitigating action"),
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = StrategyPartQuerySet.for_path("strategy").as_manager()
    history = HistoricalRecords(m2m_fields=[swot_items])

    class Meta:
        ordering = ["strategy", "pk"]
        verbose_name = _("risk")
        verbose_name_plural = _("risks")

    def __str__(self):
        return shorten(self.text, 80)

    @property
    def owning_city_id(self) -> int:
        return self.strategy.city_id
