"""This app's gate checks of a city's pilot; registered in ``apps.ready()``."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from core import locales
from evaluation.enums import Stage
from evaluation.models import Evaluation
from pilot.gates import CheckResult


def evaluation_is_published(city: Any, reader: Any) -> CheckResult:
    """Check that the scientific committee has approved an evaluation of the city."""
    newest = Evaluation.objects.kept().filter(strategy__city=city).select_related("round", "strategy__city")
    published = newest.filter(stage=Stage.PUBLISHED).order_by("-published_at").first()
    if published is not None:
        params = {"round": published.round, "day": locales.day(city.day_of(published.published_at))}
        return CheckResult(True, _("%(round)s was published on %(day)s.") % params, published.get_absolute_url())
    running = newest.visible_to(reader).order_by("-round__declare_on").first()
    if running is not None:
        params = {"round": running.round, "stage": running.get_stage_display()}
        return CheckResult(False, _("%(round)s is under way: %(stage)s.") % params, running.get_absolute_url())
    return CheckResult(False, _("No evaluation has been published yet."), reverse("evaluation:round_list"))
