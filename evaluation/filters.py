"""Filters of the lists of this app."""

import django_filters
from django.utils.translation import gettext_lazy as _

from cities.models import City
from core.filters import RowFilter

from .enums import Priority, RecommendationState
from .models import Dimension, Framework, Recommendation


def dimension_choices() -> list[tuple[str, str]]:
    """Return code and name of the dimensions of the newest framework, in their order."""
    newest = Framework.objects.order_by("-pk").values("pk")[:1]
    return [(row.code, row.name) for row in Dimension.objects.filter(framework__in=newest).order_by("order")]


class RecommendationFilter(django_filters.FilterSet):
    city = RowFilter(
        queryset=City.objects.only("name", "slug"), label=_("City"), to_field_name="slug", empty_label=_("all")
    )
    state = django_filters.ChoiceFilter(choices=RecommendationState.choices, label=_("Status"), empty_label=_("all"))
    dimension = django_filters.ChoiceFilter(
        field_name="dimension__code", choices=dimension_choices, label=_("Dimension"), empty_label=_("all")
    )
    priority = django_filters.ChoiceFilter(choices=Priority.choices, label=_("Priority"), empty_label=_("all"))
    overdue = django_filters.ChoiceFilter(
        choices=[("yes", _("only overdue"))], method="filter_overdue", label=_("Due date"), empty_label=_("all")
    )

    class Meta:
        model = Recommendation
        fields: list[str] = []

    def filter_overdue(self, rows, _name, _value):
        return rows.overdue()
