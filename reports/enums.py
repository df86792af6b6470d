"""Choices of reports and their schedules. Imports nothing of ours."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ReportKind(TextChoices):
    CITY_PERIOD = "city_period", _("city period report")
    NETWORK_PERIOD = "network_period", _("network period report")


class ReportState(TextChoices):
    QUEUED = "queued", _("queued")
    BUILDING = "building", _("being created")
    READY = "ready", _("ready")
    FAILED = "failed", _("failed")
    WITHDRAWN = "withdrawn", _("withdrawn")  # by a redaction: the files are deleted


class Trigger(TextChoices):
    """When a schedule issues a report."""

    ACCEPTED = "accepted", _("days after the city’s report was accepted")
    PERIOD_DUE = "period_due", _("days after the period’s due date")


class Recipients(TextChoices):
    CITY = "city", _("officials and expert group of the city")
    PARTNERS = "partners", _("partners")
    COMMITTEE = "committee", _("scientific committee")
    COORDINATORS = "coordinators", _("coordinators")
