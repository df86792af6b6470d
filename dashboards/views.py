from functools import cached_property

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView

from cities.models import City
from core import clock
from core.charts import chart_csv
from core.maps import MapPlace, map_of
from dashboards import charts
from dashboards.forms import ScopeForm
from dashboards.selectors.actions import ActionRows, healths_of
from dashboards.selectors.dimensions import dimension_rows, rounds_of
from dashboards.selectors.installation import installation_of
from dashboards.selectors.network import Dashboard
from dashboards.selectors.scope import scope_for
from evaluation.selectors.round_results import round_agreement
from strategies.enums import Health

CHOICES = ("period", "country", "theme", "group", "phase")  # filters, kept in the query string
GROUP_WORDS = {"under_way": gettext_lazy("under way"), "attention": gettext_lazy("needing attention")}


class DashboardPage(LoginRequiredMixin, TemplateView):
    """Base class. The query string sets the scope; ``?csv=<key>`` returns the table of one chart."""

    city = None
    filters = CHOICES
    rounds = ()  # evaluation rounds to choose from

    @cached_property
    def view(self):
        asked = self.request.GET
        return scope_for(
            self.request.user,
            starts_on=asked.get("period", ""),
            country=asked.get("country", ""),
            theme=asked.get("theme", ""),
            group=asked.get("group", ""),
            phase=asked.get("phase", ""),
            city=self.city,
        )

    @cached_property
    def dashboard(self):
        return Dashboard(self.view)

    @cached_property
    def is_illustrative(self):
        return installation_of(self.request).is_demo

    @cached_property
    def about(self):
        """Source, date and demo mark of each chart."""
        view = self.view
        if view.period is None:
            return {"illustrative": self.is_illustrative}
        source = _("Reports of the cities, %(period)s") % {"period": view.period}
        if self.dashboard.has_open_figures:
            source = _("%(source)s; open ones as logged so far, not yet submitted") % {"source": source}
        as_of = clock.today() if view.is_current else view.period.ends_on
        return {"source": source, "as_of": as_of, "illustrative": self.is_illustrative}

    @property
    def results_meta(self):
        rounds = ", ".join(self.dashboard.results.rounds)
        return {
            "source": _("Published evaluations: %(rounds)s") % {"rounds": rounds},
            "illustrative": self.is_illustrative,
        }

    def get(self, request, *args, **kwargs):
        wanted = request.GET.get("csv")
        return self.csv_response(wanted) if wanted else super().get(request, *args, **kwargs)

    def csv_response(self, key):
        maker = self.downloads().get(key)
        if maker is None:
            raise Http404
        return chart_csv(maker())

    def downloads(self):
        """Return functions by key, so that only the requested chart or table is made."""
        shown = self.dashboard
        return {
            "health": lambda: charts.health_chart(shown.cities, **self.about),
            "progress": lambda: charts.progress_chart(shown.progress, **self.about),
            "timeline": lambda: charts.timeline_chart(shown.phases, **self.phases_meta),
            "money": lambda: charts.money_table(shown.cities, **self.about),
            "dimensions": lambda: charts.levels_table(shown.results, **self.results_meta),
        }

    @property
    def phases_meta(self):
        source = _("Dates kept by the cities")
        return {"source": source, "as_of": clock.today(), "illustrative": self.is_illustrative}

    @property
    def level_rows(self):
        """Rows of the table of levels: a city with, for every dimension, its name, cell and link to the reasons."""
        shown = self.dashboard.results
        return [
            (city, [(name, result and result.cell(code), result.url if result else "") for code, name in shown.columns])
            for city, result in shown.rows
        ]

    def chart(self, key):
        return self.downloads()[key]()

    @cached_property
    def kept(self):
        """The filters as a query string, for links to other pages."""
        chosen = {name: self.request.GET[name] for name in self.filters if self.request.GET.get(name)}
        return urlencode(chosen)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            scope_form=ScopeForm(self._current_filters(), view=self.view, rounds=self.rounds),
            scope=self.view,
            dashboard=self.dashboard,
            level_rows=self.level_rows,
            kept=self.kept,
            filter_query_prefix=f"{self.kept}&" if self.kept else "",
            **kwargs,
        )

    def _current_filters(self):
        """Return the filters in use, also if the query string was empty or had unknown values."""
        view = self.view
        period = view.period.starts_on.isoformat() if view.period else ""
        return {
            "period": period,
            "country": view.country,
            "theme": view.theme.code if view.theme else "",
            "group": view.group.code if view.group else "",
            "phase": view.phase,
        }


class NetworkDashboard(DashboardPage):
    template_name = "dashboards/network.html"

    def get_context_data(self, **kwargs):
        shown = self.dashboard
        return super().get_context_data(
            trail=[(_("Dashboards"), "")],
            charts={key: self.chart(key) for key in ("health", "progress", "timeline")},
            map=map_of(_map_places(shown)),
            may_add_city=self.request.user.has_perm("cities.add_city"),
            **kwargs,
        )


def _map_places(shown):
    for row in shown.cities:
        city = row.city
        url = reverse("dashboards:city", args=[city.slug])
        yield MapPlace(city.name, float(city.latitude), float(city.longitude), city.eurostat_code, url)


class CityDashboard(DashboardPage):
    template_name = "dashboards/city.html"

    @cached_property
    def city(self):
        return get_object_or_404(City, slug=self.kwargs["slug"])

    @property
    def result(self):
        return next(iter(self.dashboard.results.found), None)

    def downloads(self):
        spread = {"spread": lambda: charts.spread_chart(self.result, **self.results_meta)} if self.result else {}
        return super().downloads() | spread

    def get_context_data(self, **kwargs):
        keys = ["health", "progress", "timeline", *(["spread"] if self.result else [])]
        return super().get_context_data(
            trail=[(_("Dashboards"), reverse("dashboards:network")), (self.city.name, "")],
            city=self.city,
            figures=self.dashboard.cities[0],
            result=self.result,
            charts={key: self.chart(key) for key in keys},
            **kwargs,
        )


class DimensionsDashboard(DashboardPage):
    """One evaluation round at a time; its agreement is shown once the round is closed."""

    template_name = "dashboards/dimensions.html"
    filters = (*CHOICES, "round")

    @cached_property
    def rounds(self):
        return rounds_of(self.view)

    @cached_property
    def round(self):
        """Return the chosen round, else the newest one; None without a published evaluation."""
        asked = self.request.GET.get("round", "")
        return next((row for row in self.rounds if str(row.pk) == asked), next(iter(self.rounds), None))

    @cached_property
    def dashboard(self):
        return Dashboard(self.view, self.round)

    @cached_property
    def agreement(self):
        return round_agreement(self.round) if self.round else None

    def downloads(self):
        agreed = {"agreement": lambda: charts.agreement_table(self.agreement, **self.results_meta)}
        return super().downloads() | (agreed if self.agreement else {})

    def _current_filters(self):
        return super()._current_filters() | {"round": str(self.round.pk) if self.round else ""}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            trail=[(_("Dashboards"), reverse("dashboards:network")), (_("The six dimensions"), "")],
            dimension_rows=dimension_rows(self.dashboard.results),
            round=self.round,
            agreement=self.agreement,
            **kwargs,
        )


class DashboardActions(DashboardPage):
    """The list of actions behind every figure, from the same records."""

    template_name = "dashboards/actions.html"
    per_page = 50

    @cached_property
    def city(self):
        slug = self.request.GET.get("city")
        return get_object_or_404(City, slug=slug) if slug else None

    def get_context_data(self, **kwargs):
        word = self.request.GET.get("health", "")
        lines = ActionRows(self.view, healths_of(word))
        page = Paginator(lines, self.per_page).get_page(self.request.GET.get("page"))
        count = page.paginator.count
        return super().get_context_data(
            trail=[(_("Dashboards"), reverse("dashboards:network")), (_("Actions"), "")],
            page_obj=page,
            city=self.city,
            health=word,
            group=GROUP_WORDS.get(word) or (Health(word).label if word in Health.values else ""),
            count=ngettext("%(count)s action", "%(count)s actions", count) % {"count": count},
            **kwargs,
        )
