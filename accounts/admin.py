from django.contrib import admin

from core.admin import ReadOnlyAdmin
from core.collation import matching_folded

from .models import Mail


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """Sent emails. Their text is shown on the site's own page, one-time links nowhere."""

    list_display = ["subject", "recipient", "state", "created_at", "sent_at"]
    list_filter = ["state"]
    search_fields = ["searched"]
    sortable_by = ["recipient", "created_at", "sent_at"]
    reads_all_rows = False
    fields = ["recipient", "subject", "state", "attempts", "reason", "created_at", "sent_at"]

    def get_search_results(self, request, queryset, search_term):
        return matching_folded(queryset, search_term, "searched"), False
