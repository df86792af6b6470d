from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from epi_site.shared.admin import StaffAdmin

from .models import Session, Speaker, TrainingWeek


@admin.register(TrainingWeek)
class TrainingWeekAdmin(StaffAdmin):
    list_display = ["title", "starts_on", "ends_on", "place", "is_published"]
    search_fields = ["title", "place"]
    prepopulated_fields = {"slug": ["title"]}

    @admin.display(boolean=True, description=_("published"))
    def is_published(self, week):
        return week.published_at is not None


@admin.register(Session)
class SessionAdmin(StaffAdmin):
    list_display = ["title", "week", "kind", "starts_at", "room"]
    list_select_related = ["week"]
    list_filter = ["week", "kind"]
    search_fields = ["title"]
    autocomplete_fields = ["week", "theme", "speakers"]


@admin.register(Speaker)
class SpeakerAdmin(StaffAdmin):
    list_display = ["name", "kind", "organisation"]
    list_select_related = ["organisation"]
    search_fields = ["name"]
    autocomplete_fields = ["organisation"]
