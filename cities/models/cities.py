from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import clock
from core.bounds import country_error, currency_error
from core.history import HistoricalRecords
from core.models import Recorded, Versioned
from core.text_limits import LANGUAGE_CODE, MAX_LANGUAGES, PARAGRAPH, LimitedJSONField, LimitedTextField

from .organisations import Organisation

EUROSTAT_CODES = {"GR": "EL", "GB": "UK"}


def validate_timezone(name):
    if name not in available_timezones():
        raise ValidationError(
            _("%(name)s is not a time zone. Enter one, for example Europe/Stockholm."), params={"name": name}
        )


class CityQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Return all: profiles of cities are public."""
        return self

    def with_added_at(self):
        """Annotate ``added_at``: when the city was added to the site; None for a city without history."""
        rows = City.history.filter(id=models.OuterRef("pk")).order_by("history_date")
        return self.annotate(added_at=models.Subquery(rows.values("history_date")[:1]))


class City(Recorded, Versioned):
    """A municipality with one current strategy."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(
        unique=True, error_messages={"unique": _("Another city has this short name. Choose another.")}
    )
    municipality = models.OneToOneField(
        Organisation,
        on_delete=models.PROTECT,
        related_name="governs",
        error_messages={"unique": _("This organisation is the municipality of another city. Choose another.")},
    )
    country = models.CharField(_("country"), max_length=2, help_text=_("ISO 3166-1, two letters"))
    latitude = models.DecimalField(_("latitude"), max_digits=8, decimal_places=5)
    longitude = models.DecimalField(_("longitude"), max_digits=8, decimal_places=5)
    population = models.PositiveIntegerField(_("population"), null=True, blank=True)
    population_year = models.PositiveSmallIntegerField(_("year of the population figure"), null=True, blank=True)
    population_source = models.CharField(_("source of the population figure"), max_length=200, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR", help_text=_("ISO 4217, three letters"))
    language = models.CharField(_("primary language"), max_length=10)
    other_languages = LimitedJSONField(
        _("other languages"), default=list, blank=True, max_length=MAX_LANGUAGES * (LANGUAGE_CODE + 4)
    )
    timezone = models.CharField(_("time zone"), max_length=60, validators=[validate_timezone])
    profile = LimitedTextField(_("profile"), blank=True, max_length=PARAGRAPH)
    profile_source = models.CharField(_("source of the profile"), max_length=300, blank=True)

    objects = CityQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]
        verbose_name = _("city")
        verbose_name_plural = _("cities")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="cities_city_coordinates_on_earth",
                violation_error_message=_(
                    "Latitude must be between -90 and 90, longitude between -180 and 180. Check both."
                ),
            )
        ]

    def __str__(self):
        return self.name

    def clean(self):
        found = {"country": country_error(self.country), "currency": currency_error(self.currency)}
        if errors := {name: sentence for name, sentence in found.items() if sentence}:
            raise ValidationError(errors)

    def get_absolute_url(self):
        return reverse("cities:city_detail", args=[self.slug])

    @property
    def owning_city_id(self) -> int:
        return self.pk

    @property
    def eurostat_code(self) -> str:
        return EUROSTAT_CODES.get(self.country, self.country)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def today(self):
        """The current date in the city."""
        return clock.today(self.timezone)

    def day_of(self, moment):
        """Return the date of ``moment`` in the city."""
        return clock.day_of(moment, self.timezone)
