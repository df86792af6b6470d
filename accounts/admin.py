from django.contrib import admin

from core.admin import ReadOnlyAdmin

from .models import Mail


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """Sent emails. Their text is shown on the site's own page, one-time links nowhere."""

    list_display = ["subject", "recipient", "state", "created_at", "sent_at"]
    list_filter = ["state"]
    search_fields = ["subject", "recipient"]
    folds_search = False  # there may be very many
    fields = ["recipient", "subject", "state", "attempts", "reason", "created_at", "sent_at"]
