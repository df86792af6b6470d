"""Filters of the lists of this app."""

import django_filters
from django.utils.translation import gettext_lazy as _

from cities.models import City
from core.filters import RowFilter
from strategies.models import ReportingPeriod

from .enums import ReportKind
from .models import Report


class ReportFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=ReportKind.choices, label=_("Type"), empty_label=_("All types"))
    city = RowFilter(
        queryset=City.objects.only("name", "slug"), label=_("City"), to_field_name="slug", empty_label=_("All cities")
    )
    period = django_filters.ModelChoiceFilter(
        queryset=ReportingPeriod.objects.order_by("-starts_on"), label=_("Period"), empty_label=_("All periods")
    )

    class Meta:
        model = Report
        fields: list[str] = []
