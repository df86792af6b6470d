"""Indicators with their values, and one page to enter all values of a period."""

import rules
from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cities.models import Installation
from cities.rules import insider_city_ids
from core.charts import chart_csv
from core.forms import with_numbers
from strategies.charts import values_chart
from strategies.exceptions import ValuesConflict
from strategies.forms import ValuesForm
from strategies.models import CityPeriod, Indicator, IndicatorValue
from strategies.selectors.values import baseline_and_target, indicators_of, target_progress, value_rows, values_of
from strategies.services import values

from . import breadcrumbs
from .actions import ReasonFormView
from .base import DetailPage, ServiceFormView, StrategyMixin, may


class IndicatorList(StrategyMixin, DetailPage):
    template_name = "strategies/indicator_list.html"
    name = "strategy"

    def get_context_data(self, **kwargs):
        context = {
            "rows": indicators_of(self.row, self.user),
            "city": self.row.city,
            "trail": breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row), _("Indicators")),
            "may_change": self.may("strategies.change_strategy") and not self.row.is_superseded,
        }
        return super().get_context_data(**context | kwargs)


class IndicatorDetail(DetailPage):
    template_name = "strategies/indicator_detail.html"
    name = "indicator"
    rows = Indicator.objects.select_related("strategy__city", "action__objective__area", "objective__area")

    def get(self, request, *args, **kwargs):
        if request.GET.get("csv"):
            return chart_csv(self.chart(), f"indicator-{self.row.pk}")
        return super().get(request, *args, **kwargs)

    def chart(self, values=None):
        is_demo = Installation.objects.filter(is_demo=True).exists()
        values = values_of(self.row, self.user) if values is None else values
        return values_chart(self.row, values, *baseline_and_target(self.row, self.user), illustrative=is_demo)

    def get_context_data(self, **kwargs):
        indicator = self.row
        city = indicator.strategy.city
        values = values_of(indicator, self.user)
        baseline, target = baseline_and_target(indicator, self.user)
        context = {
            "city": city,
            "values": values,
            "baseline": baseline,
            "target": target,
            "way": target_progress(indicator, baseline, target, values),
            "objective": indicator.objective or (indicator.action and indicator.action.objective),
            "chart": self.chart(values),
            "trail": breadcrumbs.here(
                [*breadcrumbs.strategy_breadcrumbs(indicator.strategy), self.list_breadcrumb()], indicator.name
            ),
            "may_change": self.may("strategies.change_indicator") and not indicator.strategy.is_superseded,
            "may_value": self.may("strategies.add_indicatorvalue")
            and not (indicator.withdrawn_at or indicator.strategy.is_next),
            "changeable": self.changeable(values),
            "open_periods": self.open_periods(city),
            "may_history": self.may("strategies.read_history"),
        }
        return super().get_context_data(**context | kwargs)

    def changeable(self, values):
        """Return the ids of the values that the user may withdraw: officials all, responsible people their own."""
        rows = [value.row for value in values if value.row is not None]
        for row in rows:
            row.indicator = self.row
        return {row.pk for row in rows if rules.has_perm("strategies.change_indicatorvalue", self.user, row)}

    def list_breadcrumb(self):
        return (_("Indicators"), reverse("strategies:indicator_list", args=[self.row.strategy.ref]))

    def open_periods(self, city):
        if not self.may("strategies.add_indicatorvalue"):
            return []
        rows = CityPeriod.objects.filter(city=city, state__in=["open", "returned"]).select_related("period", "city")
        return list(rows.order_by("-period__starts_on"))


class ValuesEdit(ServiceFormView):
    """All values of a period on one page. Indicators for which the user may not enter values are left out."""

    template_name = "strategies/values_form.html"
    name = "city_period"
    rows = CityPeriod.objects.select_related("city", "period")

    def is_allowed(self, row):
        return row.city_id in insider_city_ids(self.user) and bool(self.offered(row))

    def offered(self, row):
        if not hasattr(self, "_offered"):
            found = value_rows(row)
            self._offered = [one for one in found if may(self.user, "strategies.add_indicatorvalue", one.indicator)]
        return self._offered

    def make_form(self, data=None, files=None):
        return ValuesForm(data, rows=self.offered(self.row))

    def save(self, form):
        given = list(form.given())
        entries = [values.ValueInput(row.indicator, *entry) for row, *entry in given]
        try:
            values.set_values(self.row, entries, by=self.user)
        except ValuesConflict as error:
            form.accept_current_versions(error)
            raise
        self.say(form, [row.indicator for row, *_entry in given])

    def say(self, form, indicators):
        if indicators:
            words = ngettext("One value is saved.", "%(count)s values are saved.", len(indicators))
            names = {f"value_{indicator.pk}" for indicator in indicators}
            messages.success(self.request, with_numbers(words % {"count": len(indicators)}, form, names))

    def get_context_data(self, **kwargs):
        context = {
            "city": self.row.city,
            "trail": breadcrumbs.here(breadcrumbs.period_breadcrumbs(self.row), _("Indicator values")),
        }
        return super().get_context_data(**context | kwargs)


class ValueWithdraw(ReasonFormView):
    rows = IndicatorValue.objects.select_related(
        "indicator__strategy__city", "city_period__city", "city_period__period"
    )
    permission = "strategies.change_indicatorvalue"
    heading = gettext_lazy("Withdraw a value")
    label = gettext_lazy("Why is it withdrawn?")
    button = gettext_lazy("Withdraw the value")
    consequence = gettext_lazy("It leaves the tables and charts. Another value can be entered for this period.")
    success_message = gettext_lazy("The value is withdrawn.")

    def save(self, form):
        values.withdraw_value(self.row, by=self.user, reason=form.cleaned_data["text"])

    def get_success_url(self):
        return self.row.indicator.get_absolute_url()

    def trail(self):
        strategy = self.row.indicator.strategy
        parent = (self.row.indicator.name, self.get_success_url())
        return breadcrumbs.here([*breadcrumbs.strategy_breadcrumbs(strategy), parent], self.heading)
