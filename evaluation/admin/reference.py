"""Admin of frameworks, dimensions and rounds. A framework used by a round is read-only: make a new version."""

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _

from core.admin import StaffAdmin
from core.exceptions import UserFacingError
from evaluation.models import Dimension, EvaluationRound, Framework
from evaluation.services import frameworks


@admin.register(Framework)
class FrameworkAdmin(StaffAdmin):
    list_display = ["name", "version", "adopted_on", "round_count"]
    fields = ["name", "version", "note", "adopted_on"]
    readonly_fields = ["adopted_on"]
    actions = ["adopt", "create_next_version"]
    search_fields = ["name"]

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("rounds")

    @admin.display(description=_("rounds"))
    def round_count(self, framework):
        return len(framework.rounds.all())

    def has_add_permission(self, request):
        return False  # a framework is loaded from a file or made as the next version of another

    def get_readonly_fields(self, request, obj=None):
        is_used = obj is not None and obj.is_in_use()
        return ["name", "version", "note", "adopted_on"] if is_used else super().get_readonly_fields(request, obj)

    def has_adopt_permission(self, request):
        return request.user.has_perm("evaluation.adopt_framework")

    def has_create_next_version_permission(self, request):
        return request.user.has_perm("evaluation.add_framework")

    @admin.action(description=_("Adopt for the scientific committee"), permissions=["adopt"])
    def adopt(self, request, queryset):
        if self._call_for_each(request, queryset, frameworks.adopt_framework):
            self.message_user(request, _("The framework has been adopted."), messages.SUCCESS)

    @admin.action(description=_("Create next version"), permissions=["create_next_version"])
    def create_next_version(self, request, queryset):
        if self._call_for_each(request, queryset, frameworks.create_next_version):
            message = _("The next version has been created. You can edit its dimensions until a round uses it.")
            self.message_user(request, message, messages.SUCCESS)

    def _call_for_each(self, request, queryset, service):
        """Call the service for each framework and show its errors. Returns whether it succeeded for any."""
        count = 0
        for framework in queryset:
            try:
                service(framework, by=request.user)
                count += 1
            except UserFacingError as error:
                self.message_user(request, f"{framework}: {error}", messages.ERROR)
        return count > 0


@admin.register(Dimension)
class DimensionAdmin(StaffAdmin):
    list_display = ["title", "code", "framework", "order"]
    list_filter = ["framework"]
    list_select_related = ["framework"]
    search_fields = ["code"]
    fields = ["framework", "code", "order", "names", "questions", "rubric", "source_label"]
    readonly_fields = ["framework", "code", "order", "source_label"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        is_used = obj is not None and obj.framework.is_in_use()
        return not is_used and super().has_change_permission(request, obj)

    @admin.display(description=_("name"))
    def title(self, row):
        return row.name


@admin.register(EvaluationRound)
class EvaluationRoundAdmin(StaffAdmin):
    list_display = ["name", "period", "framework", "declare_on", "rate_on", "discuss_on", "review_on", "decide_by"]
    list_select_related = ["period", "framework"]
    search_fields = ["name"]

    def get_readonly_fields(self, request, obj=None):
        return ["framework_text", "period_text"] if obj else []

    def get_fields(self, request, obj=None):
        """Show framework and period as text: Django would link to their pages, which not every reader may open."""
        names = super().get_fields(request, obj)
        return [name for name in names if name not in {"framework", "period"}] if obj else names

    @admin.display(description=_("framework"))
    def framework_text(self, row):
        return str(row.framework)

    @admin.display(description=_("reporting period"))
    def period_text(self, row):
        return str(row.period)
