"""Filters of the lists of this app."""

import django_filters
from django.utils.translation import gettext_lazy as _

from core.collation import matching
from core.row_choices import RowSelect
from core.text_limits import LINE

from .models import Body, Membership


class MemberFilter(django_filters.FilterSet):
    """Filters the memberships of some bodies; by default those that are current."""

    body = django_filters.ModelChoiceFilter(
        queryset=Body.objects.none(), label=_("Body"), empty_label=_("All"), widget=RowSelect
    )
    name = django_filters.CharFilter(method="words", label=_("Name"), max_length=LINE)
    state = django_filters.ChoiceFilter(
        choices=[("ended", _("Former")), ("all", _("All"))],
        method="ignore",
        label=_("Members"),
        empty_label=_("Current"),
    )

    class Meta:
        model = Membership
        fields: list[str] = []

    def __init__(self, *args, bodies, **kwargs):
        super().__init__(*args, **kwargs)
        self.filters["body"].queryset = bodies

    def words(self, rows, _name, value):
        return matching(rows, value, ["person__name"])

    def ignore(self, rows, _name, _value):
        return rows

    def filter_queryset(self, queryset):
        rows, state = super().filter_queryset(queryset), self.form.cleaned_data.get("state")
        current = Membership.objects.current().values("pk")
        if state == "ended":
            return rows.exclude(pk__in=current)
        return rows if state == "all" else rows.filter(pk__in=current)
