"""Dates of the pilot phases of each city."""

from django.contrib import admin

from core.admin import StaffAdmin, StaffForm
from core.forms import DateInput
from pilot.models import PilotPhase
from pilot.services import phases


class PilotPhaseForm(StaffForm):
    class Meta:
        model = PilotPhase
        fields = ["city", "kind", *phases.DATES]
        widgets = {name: DateInput() for name in phases.DATES}


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
