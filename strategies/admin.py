"""Admin: reporting periods can be added and edited; periods can be added to a city, and are read-only then."""

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


@admin.register(ReportingPeriod)
class ReportingPeriodAdmin(StaffAdmin):
    """A new period is scheduled in every city and opens there on its opening day."""

    form = ReportingPeriodForm
    list_display = ["name", *DATES]
    search_fields = ["name"]

    def save_model(self, request, obj, form, change):
        periods.save_period(obj, by=request.user)


class CityPeriodForm(StaffForm):
    class Meta:
        model = CityPeriod
        fields = ["city", "period"]


@admin.register(CityPeriod)
class CityPeriodAdmin(ReadOnlyAdmin):
    """A city gets the periods that had not ended when it was added; an older one can be added here."""

    form = CityPeriodForm
    list_display = ["city", "period", "state", "revision"]
    list_filter = ["state", "period"]
    list_select_related = ["city", "period"]
    search_fields = ["city__name", "period__name"]
    fields = ["city", "period", "state", "revision"]

    def has_add_permission(self, request):
        return StaffAdmin.has_add_permission(self, request)

    def get_fields(self, request, obj=None):
        return self.fields if obj else self.form.Meta.fields

    def save_model(self, request, obj, form, change):
        obj.pk = periods.add_city_period(obj.city, obj.period, by=request.user).pk

    def view_on_site(self, city_period):
        return city_period.get_absolute_url()
