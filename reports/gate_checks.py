"""Requirement of a pilot phase that reports know of; registered in ``apps.ready()``."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core import locales
from pilot.gates import CheckResult
from reports.models import Report


def report_is_issued(city: Any, reader: Any) -> CheckResult:
    """Check that the city has a numbered report, whether or not its files have been built yet."""
    issued = Report.objects.filter(city=city).order_by("-issued_at", "-pk").defer("snapshot")
    newest = issued.visible_to(reader).first()
    if newest is not None:
        words = {"number": newest.number, "day": locales.day(newest.issued_at)}
        return CheckResult(True, _("%(number)s was issued on %(day)s.") % words, newest.get_absolute_url())
    url = reverse("reports:report_list")
    if issued.exists():
        return CheckResult(True, _("A report on the city has been issued."), url)
    return CheckResult(False, _("No report on the city has been issued."), url)
