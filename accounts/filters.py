"""Filters of the lists of this app."""

import django_filters
from django.utils.translation import gettext_lazy as _

from core.collation import matching_folded
from core.text_limits import LINE

from .enums import MailState
from .models import Mail


class MailFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=MailState.choices, label=_("Status"), empty_label=_("All"))
    recipient = django_filters.CharFilter(method="words", label=_("Recipient or subject"), max_length=LINE)

    class Meta:
        model = Mail
        fields: list[str] = []

    def words(self, rows, _name, value):
        return matching_folded(rows, value, "searched")
