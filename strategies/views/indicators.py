"""Indicators with their values, and one page to enter all values of a period."""

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cities.rules import insider_city_ids
from core.available import available_actions
from core.chart_files import chart_file
from core.demonstration import is_demonstration
from core.forms import with_numbers
from core.views import DetailPage, ServiceFormView, may
from strategies.charts import values_chart
from strategies.exceptions import ValuesConflict
from strategies.forms import ValuesForm
from strategies.models import CityPeriod, Indicator, IndicatorValue
from strategies.selectors.values import baseline_and_target, indicators_of, target_progress, value_rows, values_of
from strategies.services import values

from . import breadcrumbs
from .actions import ReasonFormView
from .strategies import StrategyPage


class IndicatorList(StrategyPage):
    template_name = "strategies/indicator_list.html"

    def get_context_data(self, **kwargs):
        context = {
            "rows": indicators_of(self.row, self.user),
            "trail": breadcrumbs.here(breadcrumbs.strategy_breadcrumbs(self.row), _("Indicators")),
        }
        return super().get_context_data(**context | kwargs)


class IndicatorDetail(DetailPage):
    template_name = "strategies/indicator_detail.html"
    name = "indicator"
    rows = Indicator.objects.select_related("strategy__city", "action__objective__area", "objective__area")

    def get(self, request, *args, **kwargs):
        file = chart_file(request, {"values": self.chart}, f"indicator-{self.row.pk}")
        return file or super().get(request, *args, **kwargs)

    def chart(self, values=None):
        values = values_of(self.row, self.user) if values is None else values
        return values_chart(
            self.row, values, *baseline_and_target(self.row, self.user), illustrative=is_demonstration()
        )

    def get_context_data(self, **kwargs):
        indicator = self.row
        city = indicator.strategy.city
        values = values_of(indicator, self.user)
        self.add_available(values)
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
            "may": available_actions(indicator, self.user, is_found=True),
            "open_period": self.open_periods(city).first(),
            "may_history": self.may("strategies.read_history"),
        }
        return super().get_context_data(**context | kwargs)

    def add_available(self, values):
        """Set on the stored values what the user may do with them: officials with all, responsible people with own."""
        for row in (value.row for value in values if value.row is not None):
            row.indicator = self.row
            row.may = available_actions(row, self.user, is_found=True)

    def list_breadcrumb(self):
        return (_("Indicators"), reverse("strategies:indicator_list", args=[self.row.strategy.ref]))

    def open_periods(self, city):
        rows = CityPeriod.objects.filter(city=city, state__in=["open", "returned"]).select_related("period", "city")
        return rows.order_by("-period__starts_on")


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
        return ValuesForm(data, rows=self.offered(self.row), cancel=self.get_success_url())

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
            words = ngettext("One value has been saved.", "%(count)s values have been saved.", len(indicators))
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
    heading = gettext_lazy("Withdraw value")
    label = gettext_lazy("Reason for withdrawal")
    consequence = gettext_lazy(
        "It is removed from tables and charts. You can then enter another value for this period."
    )
    success_message = gettext_lazy("The value has been withdrawn.")

    def save(self, form):
        values.withdraw_value(self.row, by=self.user, reason=form.cleaned_data["text"])

    def get_success_url(self):
        return self.row.indicator.get_absolute_url()

    def trail(self):
        strategy = self.row.indicator.strategy
        parent = (self.row.indicator.name, self.get_success_url())
        return breadcrumbs.here([*breadcrumbs.strategy_breadcrumbs(strategy), parent], self.heading)
