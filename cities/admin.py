"""Reference data of the network. Memberships and invitations are read-only here; the site's own pages change them."""

import rules
from django import forms
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from core.admin import ReadOnlyAdmin, StaffAdmin, StaffForm
from core.forms import DateInput, YearField
from core.text_limits import LANGUAGE_CODE, MAX_LANGUAGES

from .enums import BodyKind
from .forms import clean_language, language_codes
from .models import (
    Body,
    City,
    Event,
    Installation,
    Invitation,
    Membership,
    Organisation,
    Person,
    TargetGroup,
    Theme,
)


@admin.register(Installation)
class InstallationAdmin(StaffAdmin):
    list_display = ["network_name", "working_language", "contact_email"]

    def has_add_permission(self, request):
        return super().has_add_permission(request) and not Installation.objects.exists()


@admin.register(Organisation)
class OrganisationAdmin(StaffAdmin):
    list_display = ["name", "kind", "country", "location"]
    list_filter = ["kind"]
    search_fields = ["name", "location"]


@admin.register(Theme, TargetGroup)
class CodeNameAdmin(StaffAdmin):
    list_display = ["name", "code"]
    search_fields = ["name", "code"]

    def get_readonly_fields(self, request, obj=None):
        return ["code"] if obj else []


class CityStaffForm(StaffForm):
    """The city form with languages as comma-separated codes."""

    other_languages = forms.CharField(
        label=_("Other languages"),
        required=False,
        max_length=MAX_LANGUAGES * LANGUAGE_CODE,
        help_text=_("Two-letter codes, separated by commas. For example: en, ro"),
    )

    class Meta:
        field_classes = {"population_year": YearField}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["other_languages"] = ", ".join(self.instance.other_languages or [])

    def clean_language(self):
        return clean_language(self.cleaned_data["language"])

    def clean_other_languages(self):
        return language_codes(self.cleaned_data["other_languages"])


@admin.register(City)
class CityAdmin(StaffAdmin):
    form = CityStaffForm
    list_display = ["name", "country", "municipality", "currency", "timezone"]
    list_select_related = ["municipality"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "municipality", "country", "latitude", "longitude"]}),
        (_("People and language"), {"fields": ["population", "population_year", "population_source"]}),
        (_("Languages, currency and time zone"), {"fields": ["language", "other_languages", "currency", "timezone"]}),
        (_("Profile"), {"fields": ["profile", "profile_source"]}),
    ]

    def get_readonly_fields(self, request, obj=None):
        """Make the municipality read-only for its own people, since it determines who may decide about the city."""
        if obj is None or rules.has_perm("cities.change_municipality", request.user, obj):
            return []
        return ["municipality"]


@admin.register(Person)
class PersonAdmin(StaffAdmin):
    list_display = ["name", "email", "organisation", "has_account"]
    list_select_related = ["organisation", "user"]
    search_fields = ["name", "email"]
    fields = ["name", "email", "organisation"]

    def get_readonly_fields(self, request, obj=None):
        """Make the address read-only for people with an account and of the committee: it determines the account."""
        if obj is None:
            return []
        seats = obj.memberships.filter(body__kind=BodyKind.SCIENTIFIC_COMMITTEE)
        return ["email"] if obj.user_id or seats.exists() else []

    def has_change_permission(self, request, obj=None):
        """Refuse one's own row: conflicts of interest follow from the organisation."""
        return super().has_change_permission(request, obj) and (obj is None or obj.user_id != request.user.pk)

    @admin.display(description=_("has an account"), boolean=True)
    def has_account(self, person):
        return person.user_id is not None


@admin.register(Body)
class BodyAdmin(StaffAdmin):
    list_display = ["name", "kind", "city", "established_on"]
    list_select_related = ["city"]
    list_filter = ["kind"]
    search_fields = ["name", "city__name"]
    fields = ["kind", "city", "name", "mandate", "established_on", "terms_of_reference"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "established_on":
            kwargs["widget"] = DateInput()
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request, obj=None):
        return ["kind", "city"] if obj else []


def _link(url, words):
    return format_html('<a href="{}">{}</a>', url, words)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ["person", "role", "body", "seat", "valid_from", "valid_to"]
    list_select_related = ["person", "body"]
    list_filter = ["role"]
    search_fields = ["person__name", "body__name"]
    fields = ["person", "body", "role", "seat", "valid_from", "valid_to", "on_the_site"]
    readonly_fields = ["on_the_site"]

    @admin.display(description=_("page on the site"))
    def on_the_site(self, membership):
        return _link(reverse("cities:member_list"), _("Manage memberships on the members page"))


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "role", "body", "created_at", "accepted_at"]
    list_select_related = ["body"]
    search_fields = ["name", "email"]
    fields = [
        "name",
        "email",
        "body",
        "role",
        "seat",
        "invited_by",
        "created_at",
        "expires_at",
        "accepted_at",
        "withdrawn_at",
        "on_the_site",
    ]
    readonly_fields = ["on_the_site"]

    @admin.display(description=_("page on the site"))
    def on_the_site(self, invitation):
        return _link(reverse("cities:member_list"), _("Withdraw the invitation on the members page"))


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["title", "kind", "city", "body", "starts_at", "published_at", "cancelled_at"]
    list_select_related = ["city", "body"]
    list_filter = ["kind"]
    search_fields = ["title"]
    fields = ["title", "kind", "city", "body", "starts_at", "location", "published_at", "cancelled_at", "on_the_site"]
    readonly_fields = ["on_the_site"]

    @admin.display(description=_("page on the site"))
    def on_the_site(self, event):
        return _link(reverse("cities:event_detail", args=[event.pk]), _("Open event"))
