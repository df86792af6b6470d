"""What tells that something changed which dashboards show, and what is stored until then."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Change(models.Model):
    """A change of a row that dashboards rest on, in one city or, without a city, in all of them.

    Triggers write it in the transaction of the change (``changes``), whatever changes the row. A row is only added: one
    row that counts would be locked by everybody who saves. ``token`` is random, since SQLite gives the id of a row
    that was rolled back again.
    """

    city_id = models.BigIntegerField(_("city"), null=True)
    token = models.CharField(max_length=36)

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")

    def __str__(self):
        return self.token


class CitySums(models.Model):
    """Sums over the live actions of a city, for readers with the same rights there (``city_sums``).

    They count as long as ``version`` is the present one, and are otherwise computed again.
    """

    city_id = models.BigIntegerField(_("city"))
    rights = models.CharField(max_length=64)
    version = models.CharField(max_length=200)
    sums = models.TextField()  # JSON; no query reads into it

    class Meta:
        verbose_name = _("sums of a city")
        verbose_name_plural = _("sums of cities")
        constraints = [models.UniqueConstraint(fields=["rights", "city_id"], name="dashboards_citysums_once")]

    def __str__(self):
        return f"{self.city_id}: {self.version}"
