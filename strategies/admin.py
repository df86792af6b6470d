"""Admin: reporting periods and pilot phases can be added and edited, periods of cities are read-only."""

from django.contrib import admin

from epi_site.shared.admin import ReadOnlyAdmin, StaffAdmin, StaffForm
from epi_site.shared.forms import DayInput

from .models import CityPeriod, PilotPhase, ReportingPeriod
from .services import periods, phases

DATES = ["starts_on", "ends_on", "opens_on", "due_on"]


class ReportingPeriodForm(StaffForm):
    class Meta:
        model = ReportingPeriod
        fields = ["name", *DATES]
        widgets = {name: DayInput() for name in DATES}

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


class PilotPhaseForm(StaffForm):
    class Meta:
        model = PilotPhase
        fields = ["city", "kind", *phases.DATES]
        widgets = {name: DayInput() for name in phases.DATES}

    def clean(self):
        data = super().clean()
        if data is not None and not self.errors:
            phase = PilotPhase(**{name: data.get(name) for name in self._meta.fields if name in data})
            phase.city = data.get("city") or self.instance.city
            for name, sentence in phases.date_errors(phase).items():
                self.add_error(name, sentence)
        return data


@admin.register(PilotPhase)
class PilotPhaseAdmin(StaffAdmin):
    """The three phases of each city's pilot. City and kind cannot be changed afterwards."""

    form = PilotPhaseForm
    list_display = ["city", "kind", *phases.DATES]
    list_filter = ["kind"]
    list_select_related = ["city"]
    search_fields = ["city__name"]

    def get_readonly_fields(self, request, obj=None):
        return ["city", "kind"] if obj else []
