"""Filters that are read from the query string."""

import django_filters
from django.utils.translation import gettext_lazy as _

from cities.models import City, Organisation
from core.collation import matching
from core.filters import RowFilter
from core.text_limits import LINE
from strategies.enums import Health, ImplementationStage, PeriodState
from strategies.models import Action, CityPeriod, PriorityArea, ReportingPeriod

YES_NO = [("yes", _("in the pilot")), ("no", _("not in the pilot"))]


class PeriodFilter(django_filters.FilterSet):
    """Scheduled periods are shown only if a state or a period is chosen: there may be years of them."""

    city = RowFilter(queryset=City.objects.only("name"), label=_("City"), empty_label=_("all"))
    period = django_filters.ModelChoiceFilter(
        queryset=ReportingPeriod.objects.order_by("-starts_on"), label=_("Period"), empty_label=_("all")
    )
    state = django_filters.ChoiceFilter(choices=PeriodState.choices, label=_("Status"), empty_label=_("all"))

    class Meta:
        model = CityPeriod
        fields: list[str] = []

    def filter_queryset(self, queryset):
        chosen = self.form.cleaned_data
        rows = super().filter_queryset(queryset)
        return rows if chosen.get("state") or chosen.get("period") else rows.exclude(state=PeriodState.SCHEDULED)


class ActionFilter(django_filters.FilterSet):
    """Filters the actions that the user may see, annotated by ``selectors.actions.actions_of``.

    Choices come from these rows only, so that owners of hidden actions are not revealed. ``actions``: the same rows
    without their figures.
    """

    q = django_filters.CharFilter(method="words", label=_("Search"), max_length=LINE)
    area = django_filters.ModelChoiceFilter(
        field_name="objective__area",
        queryset=PriorityArea.objects.none(),
        label=_("Priority area"),
        empty_label=_("all"),
    )
    health = django_filters.ChoiceFilter(choices=Health.choices, label=_("Status"), empty_label=_("all"))
    status = django_filters.ChoiceFilter(
        field_name="current_stage",
        choices=ImplementationStage.choices,
        label=_("Implementation stage"),
        empty_label=_("all"),
    )
    owner = RowFilter(queryset=Organisation.objects.none(), label=_("Owner"), empty_label=_("all"))
    pilot = django_filters.ChoiceFilter(choices=YES_NO, method="filter_pilot", label=_("Pilot"), empty_label=_("all"))

    class Meta:
        model = Action
        fields: list[str] = []

    def __init__(self, *args, strategy, actions=None, **kwargs):
        super().__init__(*args, **kwargs)
        rows = self.queryset if actions is None else actions
        self.filters["area"].queryset = PriorityArea.objects.filter(strategy=strategy).active()
        self.filters["owner"].queryset = Organisation.objects.filter(pk__in=rows.order_by().values("owner"))

    def words(self, rows, _name, value):
        return matching(rows, value, ["title", "description"]) | rows.filter(code__iexact=value)

    def filter_pilot(self, rows, _name, value):
        return rows.filter(is_pilot=value == "yes")
