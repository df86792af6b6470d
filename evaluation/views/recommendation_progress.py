"""The report of progress on a recommendation in one period."""

from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.views import ServiceFormView
from evaluation.forms.recommendations import ProgressForm
from evaluation.models import RecommendationProgress
from evaluation.services import recommendation_progress
from strategies.models import CityPeriod, ReportingPeriod

from .recommendations import RecommendationMixin


class ProgressReport(RecommendationMixin, ServiceFormView):
    """``period``: of the addressed city, or a reporting period where the network is addressed."""

    template_name = "evaluation/recommendation_progress.html"
    permission = "evaluation.report_progress"
    success_message = gettext_lazy("Your progress report has been saved.")

    @cached_property
    def period(self):
        if self.row.city_id is None:
            return get_object_or_404(ReportingPeriod, pk=self.kwargs["period"])
        rows = CityPeriod.objects.select_related("period", "city")
        return get_object_or_404(rows, pk=self.kwargs["period"], city=self.row.city_id)

    @property
    def where(self):
        return {"city_period" if isinstance(self.period, CityPeriod) else "period": self.period}

    def make_form(self, data=None, files=None):
        found = RecommendationProgress.objects.filter(recommendation=self.row, **self.where).first()
        instance = found or RecommendationProgress(recommendation=self.row, **self.where)
        return ProgressForm(data, instance=instance, cancel=self.row.get_absolute_url())

    def get_context_data(self, **kwargs):
        name = getattr(self.period, "period", self.period).name
        trail = self.trail((_("Progress"), ""))
        return super().get_context_data(**kwargs) | {"period_name": name, "trail": trail}

    def save(self, form):
        recommendation_progress.report_progress(self.row, self.period, by=self.user, **form.cleaned_data)

    def get_current(self, form, error):
        return error.current
