from django import forms
from django.contrib import admin
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.admin import StaffAdmin
from core.forms import DateInput, DateTimeLocalInput

from .models import Session, Speaker, TrainingWeek

SINGLE_INPUTS = {  # one labelled input each: Django's split datetime has no labels for screen readers
    models.DateField: {"widget": DateInput},
    models.DateTimeField: {"form_class": forms.DateTimeField, "widget": DateTimeLocalInput},
    models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple},
}


@admin.register(TrainingWeek)
class TrainingWeekAdmin(StaffAdmin):
    list_display = ["title", "starts_on", "ends_on", "location", "is_published"]
    search_fields = ["title", "location"]
    prepopulated_fields = {"slug": ["title"]}
    formfield_overrides = SINGLE_INPUTS

    @admin.display(boolean=True, description=_("published"))
    def is_published(self, week):
        return week.published_at is not None


@admin.register(Session)
class SessionAdmin(StaffAdmin):
    list_display = ["title", "week", "kind", "starts_at", "room"]
    list_select_related = ["week"]
    list_filter = ["week", "kind"]
    search_fields = ["title"]
    formfield_overrides = SINGLE_INPUTS


@admin.register(Speaker)
class SpeakerAdmin(StaffAdmin):
    list_display = ["name", "kind", "organisation"]
    list_select_related = ["organisation"]
    search_fields = ["name"]
