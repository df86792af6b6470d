"""Admin of report schedules: which reports are issued automatically, when, and who is notified."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.admin import StaffAdmin, StaffForm
from reports.enums import Recipients
from reports.models import ReportSchedule

MAX_OFFSET_DAYS = 366


class ScheduleForm(StaffForm):
    recipients = forms.MultipleChoiceField(
        label=_("Who gets a letter with a link"),
        choices=Recipients,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only those who may read the report get the letter."),
    )

    def clean_offset_days(self):
        days = self.cleaned_data["offset_days"]
        if days > MAX_OFFSET_DAYS:
            raise forms.ValidationError(_("Write a number from 0 to %(most)s."), params={"most": MAX_OFFSET_DAYS})
        return days


@admin.register(ReportSchedule)
class ReportScheduleAdmin(StaffAdmin):
    form = ScheduleForm
    list_display = ["kind", "trigger", "offset_days", "recipient_names", "language", "is_active", "active_from"]
    fields = ["kind", "trigger", "offset_days", "recipients", "language", "is_active", "active_from"]

    @admin.display(description=_("recipients"))
    def recipient_names(self, schedule):
        return ", ".join(str(Recipients(name).label) for name in schedule.recipients)
