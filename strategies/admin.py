"""Admin: reporting periods can be added and edited, periods of cities are read-only."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin, StaffAdmin, StaffForm
from core.forms import DateInput

from .models import CityPeriod, ReportingPeriod
from .services import periods

DATES = ["starts_on", "ends_on", "opens_on", "due_on"]


class ReportingPeriodForm(StaffForm):
    class Meta:
        model = ReportingPeriod
        fields = ["name", *DATES]
        widgets = {name: DateInput() for name in DATES}

    def clean(self):
        data = super().clean()
        if data is not None and not self.errors:
            period = ReportingPeriod(pk=self.instance.pk, **{name: data[name] for name in self.Meta.fields})
            for name, sentence in periods.period_errors(period).items():
                self.add_error(name, sentence)
        return data


@admin.register(ReportingPeriod)
class ReportingPeriodAdmin(StaffAdmin):
    """A new period is scheduled in every city and opens there on its opening day."""

    form = ReportingPeriodForm
    list_display = ["name", *DATES]
    search_fields = ["name"]

    def save_model(self, request, obj, form, change):
        periods.save_period(obj, by=request.user)


@admin.register(CityPeriod)
class CityPeriodAdmin(ReadOnlyAdmin):
    list_display = ["city", "period", "state", "revision"]
    list_filter = ["state", "period"]
    list_select_related = ["city", "period"]
    search_fields = ["city__name", "period__name"]
    fields = ["city", "period", "state", "revision"]

    def view_on_site(self, city_period):
        return city_period.get_absolute_url()
