"""Progress on recommendations, in each period until they are closed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cities.rules import insider_city_ids, reads_network
from core import clock
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import PARAGRAPH, LimitedTextField
from core.texts import shorten
from strategies.enums import LOCKED, PeriodState
from strategies.models import CityPeriod, ReportingPeriod

from .recommendations import Recommendation


class ProgressQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return the progress on visible recommendations as facts are seen.

        In the city at once; by readers of the network from the submission of its period on; by everyone once it is
        published. Progress of the network is seen with the recommendation.
        """
        seen = Q(city_period=None) | Q(city_period__state=PeriodState.PUBLISHED)
        if cities := insider_city_ids(user):
            seen |= Q(city_period__city__in=cities)
        if reads_network(user):
            seen |= Q(city_period__state__in=LOCKED)
        return self.filter(seen, recommendation__in=Recommendation.objects.visible_to(user).values("pk"))


class RecommendationProgress(Recorded, Versioned):
    """What was done about a recommendation in a period: a fact of the city's period, locked with it.

    Progress of the network names the reporting period and is locked only when the recommendation is closed.
    """

    recommendation = models.ForeignKey(Recommendation, on_delete=models.PROTECT, related_name="progress")
    city_period = models.ForeignKey(
        CityPeriod, on_delete=models.PROTECT, null=True, blank=True, related_name="recommendation_progress"
    )
    period = models.ForeignKey(
        ReportingPeriod, on_delete=models.PROTECT, null=True, blank=True, related_name="recommendation_progress"
    )
    text = LimitedTextField(_("progress"), max_length=PARAGRAPH)
    is_done = models.BooleanField(_("everything that was recommended is done"), default=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recommendation_progress"
    )
    created_at = models.DateTimeField(default=clock.now)

    objects = ProgressQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["recommendation", "pk"]
        verbose_name = _("progress on a recommendation")
        verbose_name_plural = _("progress on recommendations")
        constraints = [
            models.UniqueConstraint(
                fields=["recommendation", "city_period"], name="evaluation_recommendationprogress_once_city"
            ),
            models.UniqueConstraint(
                fields=["recommendation", "period"], name="evaluation_recommendationprogress_once_network"
            ),
            models.CheckConstraint(
                condition=Q(city_period=None, period__isnull=False) | Q(city_period__isnull=False, period=None),
                name="evaluation_recommendationprogress_one_period",
            ),
            models.CheckConstraint(
                condition=~Q(text=""),
                name="evaluation_recommendationprogress_has_text",
                violation_error_message=_("Write what has been done."),
            ),
        ]

    def __str__(self):
        return shorten(self.text, 80)

    @property
    def owning_city_id(self) -> int | None:
        return self.recommendation.city_id
