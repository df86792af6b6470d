"""Filters of the lists of this app."""

import django_filters
from django.utils.translation import gettext_lazy as _

from core.collation import matching
from core.filters import NearbyFilter
from core.text_limits import LINE

from .models import Body, Membership


class MemberFilter(django_filters.FilterSet):
    """Filters the memberships of some bodies; by default those that are current."""

    body = NearbyFilter(queryset=Body.objects.none(), label=_("Body"), empty_label=_("All"))
    name = django_filters.CharFilter(method="words", label=_("Name, body or city"), max_length=LINE)
    state = django_filters.ChoiceFilter(
        choices=[("ended", _("Former")), ("all", _("All"))],
        method="ignore",
        label=_("Members"),
        empty_label=_("Current"),
    )

    class Meta:
        model = Membership
        fields: list[str] = []

    def __init__(self, *args, bodies, bodies_near, **kwargs):
        """``bodies_near``: those of ``bodies`` that the list offers; the others are found by their name."""
        super().__init__(*args, **kwargs)
        self.filters["body"].queryset = bodies
        self.filters["body"].offer(bodies_near)

    def words(self, rows, _name, value):
        return matching(rows, value, ["person__name", "body__name", "body__city__name"])

    def ignore(self, rows, _name, _value):
        return rows

    def filter_queryset(self, queryset):
        rows, state = super().filter_queryset(queryset), self.form.cleaned_data.get("state")
        current = Membership.objects.current().values("pk")
        if state == "ended":
            return rows.exclude(pk__in=current)
        return rows if state == "all" else rows.filter(pk__in=current)
