"""Change history of records, for users whom ``docs/access.md`` allows to read it."""

from django.utils import timezone
from django.utils.translation import gettext as _

from cities.rules import is_insider
from core.views import DetailPage
from strategies.models import Action, ActionUpdate, Indicator
from strategies.selectors.history import history_of, history_of_action, history_of_strategy, history_of_update

from . import breadcrumbs
from .base import StrategyMixin


class History(DetailPage):
    template_name = "strategies/history.html"
    permission = "strategies.read_history"

    def get_context_data(self, **kwargs):
        row, city = self.row, self.city_of(self.row)
        trail = breadcrumbs.here(self.trail(row), _("History"))
        with timezone.override(city.zone):  # entries are text, with times of the city
            entries = self.entries(row)
        return super().get_context_data(**kwargs, entries=entries, trail=trail, city=city, title=str(row))

    def entries(self, row):
        return history_of(row, of_city=is_insider(self.user, row))


class ActionHistory(History):
    rows = Action.objects.with_related()

    def entries(self, row):
        return history_of_action(row, self.user)

    def trail(self, row):
        return breadcrumbs.action_breadcrumbs(row)

    def city_of(self, row):
        return row.city


class UpdateHistory(History):
    rows = ActionUpdate.objects.select_related(
        "action__objective__area__strategy__city", "city_period__city", "city_period__period"
    )

    def entries(self, row):
        return history_of_update(row, of_city=is_insider(self.user, row))

    def trail(self, row):
        return breadcrumbs.action_breadcrumbs(row.action)

    def city_of(self, row):
        return row.city_period.city


class IndicatorHistory(History):
    rows = Indicator.objects.select_related("strategy__city")

    def trail(self, row):
        return [*breadcrumbs.strategy_breadcrumbs(row.strategy), (row.name, row.get_absolute_url())]

    def city_of(self, row):
        return row.strategy.city


class StrategyHistory(StrategyMixin, History):
    def entries(self, row):
        return history_of_strategy(row)

    def trail(self, row):
        return breadcrumbs.strategy_breadcrumbs(row)

    def city_of(self, row):
        return row.city
