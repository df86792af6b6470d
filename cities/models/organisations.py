from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from cities.enums import OrganisationKind
from cities.seed_translations import translated
from core.bounds import country_error
from core.text_limits import LONG_TEXT, LimitedTextField


class Theme(models.Model):
    """One theme of the network's list, for priority areas, sessions and good practices."""

    code = models.SlugField(
        unique=True, error_messages={"unique": _("Another theme has this code. Choose another code.")}
    )
    name = models.CharField(
        _("name"), max_length=120, help_text=_("In English. The site’s translations are used for other languages.")
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("theme")
        verbose_name_plural = _("themes")

    def __str__(self):
        return translated(self.name)


class TargetGroup(models.Model):
    """One target group of actions, of the network's list."""

    code = models.SlugField(
        unique=True, error_messages={"unique": _("Another target group has this code. Choose another code.")}
    )
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        ordering = ["name"]
        verbose_name = _("target group")
        verbose_name_plural = _("target groups")

    def __str__(self):
        return translated(self.name)


class Organisation(models.Model):
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("type"), max_length=20, choices=OrganisationKind)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166-1, two letters"))
    location = models.CharField(_("city"), max_length=120, blank=True)
    website = models.URLField(_("website"), blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [
            models.UniqueConstraint(
                fields=["name", "country"],
                name="cities_organisation_name_once",
                violation_error_message=_(
                    "An organisation in this country already has this name. Use that one, or enter a different name."
                ),
            )
        ]

    def __str__(self):
        return self.name

    def clean(self):
        if sentence := country_error(self.country):
            raise ValidationError({"country": sentence})


class Installation(models.Model):
    """The texts and settings of this network, in one row. Empty statements are not shown."""

    network_name = models.CharField(_("name of the network"), max_length=200)
    working_language = models.CharField(_("working language"), max_length=10, default="en")
    contact_email = models.EmailField(_("contact email"), blank=True)
    about = LimitedTextField(_("about the network"), blank=True, max_length=LONG_TEXT)
    funding_statement = LimitedTextField(_("funding statement"), blank=True, max_length=LONG_TEXT)
    disclaimer = LimitedTextField(_("disclaimer"), blank=True, max_length=LONG_TEXT)
    accessibility_statement = LimitedTextField(_("accessibility statement"), blank=True, max_length=LONG_TEXT)
    privacy_notice = LimitedTextField(_("privacy notice"), blank=True, max_length=LONG_TEXT)
    is_demo = models.BooleanField(_("demonstration"), default=False, editable=False)
    demo_loaded_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("network settings")
        verbose_name_plural = _("network settings")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pk=1),
                name="cities_installation_single",
                violation_error_message=_("This network has already been set up. Edit its settings instead."),
            )
        ]

    def __str__(self):
        return self.network_name
