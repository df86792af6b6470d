"""Filters that are read from the query string."""

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _
from django_filters import fields

from cities.models import Organisation
from core.collation import matching
from core.forms import InReaderOrder
from core.text_limits import LINE
from strategies.enums import Health, ImplementationStage
from strategies.models import Action, PriorityArea

YES_NO = [("yes", _("in the pilot")), ("no", _("not in the pilot"))]


class OwnerChoices(InReaderOrder, fields.ModelChoiceIterator):
    pass


class OwnerField(fields.ModelChoiceField):
    iterator = OwnerChoices


class OwnerFilter(django_filters.ModelChoiceFilter):
    field_class = OwnerField


class ActionFilter(django_filters.FilterSet):
    """Filters the actions that the user may see, annotated by ``selectors.actions.actions_of``.

    Choices come from these rows only, so that owners of hidden actions are not revealed.
    """

    q = django_filters.CharFilter(method="words", label=_("Search"), max_length=LINE)
    area = django_filters.ModelChoiceFilter(
        field_name="objective__area",
        queryset=PriorityArea.objects.none(),
        label=_("Priority area"),
        empty_label=_("all"),
    )
    health = django_filters.ChoiceFilter(choices=Health.choices, label=_("Health"), empty_label=_("all"))
    status = django_filters.ChoiceFilter(
        field_name="current_stage", choices=ImplementationStage.choices, label=_("Status"), empty_label=_("all")
    )
    owner = OwnerFilter(queryset=Organisation.objects.none(), label=_("Owner"), empty_label=_("all"))
    pilot = django_filters.ChoiceFilter(choices=YES_NO, method="filter_pilot", label=_("Pilot"), empty_label=_("all"))
    sort = django_filters.CharFilter(method="ignore", widget=forms.HiddenInput, max_length=LINE)

    class Meta:
        model = Action
        fields: list[str] = []

    def __init__(self, *args, strategy, **kwargs):
        super().__init__(*args, **kwargs)
        self.filters["area"].queryset = PriorityArea.objects.filter(strategy=strategy).active()
        self.filters["owner"].queryset = Organisation.objects.filter(pk__in=self.queryset.values("owner"))

    def words(self, rows, _name, value):
        return matching(rows, value, ["title", "description"]) | rows.filter(code__iexact=value)

    def filter_pilot(self, rows, _name, value):
        return rows.filter(is_pilot=value == "yes")

    def ignore(self, rows, _name, _value):
        return rows
