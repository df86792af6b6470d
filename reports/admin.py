"""Admin of report schedules: which reports are issued automatically, when, and who is notified."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.admin import StaffAdmin, StaffForm
from reports.enums import Recipients
from reports.models import ReportSchedule


class ScheduleForm(StaffForm):
    recipients = forms.MultipleChoiceField(
        label=_("Email recipients"),
        choices=Recipients,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only people who can read the report get the email."),
    )


@admin.register(ReportSchedule)
class ReportScheduleAdmin(StaffAdmin):
    form = ScheduleForm
    list_display = ["kind", "trigger", "offset_days", "recipient_names", "language", "is_active", "active_from"]
    fields = ["kind", "trigger", "offset_days", "recipients", "language", "is_active", "active_from"]

    @admin.display(description=_("recipients"))
    def recipient_names(self, schedule):
        return ", ".join(str(Recipients(name).label) for name in schedule.recipients)
