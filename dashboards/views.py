"""The pages of the dashboards.

The query string sets the scope; ``?csv=``, ``?svg=`` and ``?html=`` return one chart as a file.
"""

import re
from functools import cached_property

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView

from cities.models import City
from core import clock
from core.chart_files import FILES, chart_file
from core.maps import MapPlace, map_of
from dashboards import charts
from dashboards.forms import ScopeForm
from dashboards.kept import kept
from dashboards.selectors.actions import ActionRows, healths_of
from dashboards.selectors.dimensions import dimension_rows, rounds_of
from dashboards.selectors.installation import installation_of
from dashboards.selectors.network import CITIES_PER_PAGE, Dashboard
from dashboards.selectors.scope import scope_for
from evaluation.selectors.round_results import round_agreement
from pilot.enums import PhaseKind
from strategies.enums import Health

CHOICES = ("period", "country", "theme", "group", "phase")  # filters, kept in the query string
GROUP_WORDS = {"under_way": gettext_lazy("under way"), "attention": gettext_lazy("needing attention")}
MOST_SPLIT = 20  # results on which raters differ, of which a page tells


class DashboardPage(LoginRequiredMixin, TemplateView):
    """Base class: a frame, and in it a body that is kept for all readers who may see the same."""

    template_name = "dashboards/layouts/page.html"
    body_template = ""
    city = None
    page_obj = None
    filters = CHOICES
    rounds = ()  # evaluation rounds to choose from

    # ---- what the page covers

    @cached_property
    def scope(self):
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
        return Dashboard(self.scope)

    @cached_property
    def filter_query(self):
        """The filters as a query string, for links to other pages."""
        chosen = {name: self.request.GET[name] for name in self.filters if self.request.GET.get(name)}
        return urlencode(chosen)

    # ---- charts

    @cached_property
    def is_illustrative(self):
        return installation_of(self.request).is_demo

    @cached_property
    def about(self):
        """Source, date and demo mark of each chart."""
        scope = self.scope
        if scope.period is None:
            return {"illustrative": self.is_illustrative}
        source = _("City reports, %(period)s") % {"period": scope.period}
        if self.dashboard.has_open_figures:
            source = _("%(source)s; open periods as logged so far, not yet submitted") % {"source": source}
        as_of = clock.today() if scope.is_current else scope.period.ends_on
        return {"source": source, "as_of": as_of, "illustrative": self.is_illustrative}

    @property
    def about_results(self):
        rounds = ", ".join(self.dashboard.results.rounds)
        source = _("Published evaluations: %(rounds)s") % {"rounds": rounds}
        return {"source": source, "illustrative": self.is_illustrative}

    @property
    def about_phases(self):
        source = _("Dates entered by the cities")
        return {"source": source, "as_of": clock.today(), "illustrative": self.is_illustrative}

    def charts_of(self, rows):
        """Return functions by key, so that only the requested chart or table is made; ``rows`` gives the cities."""
        shown = self.dashboard
        return {
            "health": lambda: charts.health_chart(rows(), **self.about),
            "progress": lambda: charts.progress_chart(shown.progress(rows()), **self.about),
            "timeline": lambda: charts.timeline_chart(shown.phases(rows()), **self.about_phases),
            "money": lambda: charts.money_table(rows(), **self.about),
            "dimensions": lambda: charts.levels_table(shown.results, **self.about_results),
        }

    def files(self):
        """Charts and tables with all cities, also where a page shows some."""
        return self.charts_of(lambda: self.dashboard.cities)

    # ---- the page

    def get(self, request, *args, **kwargs):
        if FILES.keys() & request.GET.keys():
            return chart_file(request, self.files())
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(page=self.page(), **kwargs)

    def page(self):
        """Return the page from the cache, unless its address has what no link of the site has."""
        asked = self.request.GET
        if not set(asked) <= self.parameters() or any(len(values) > 1 for _name, values in asked.lists()):
            return self.make_page()
        name = [type(self).__name__, self.kwargs, sorted(asked.items())]
        return kept(name, self.request.user, self.make_page, city_id=self.city.pk if self.city else None)

    def parameters(self):
        return {*self.filters, "page"}

    def make_page(self):
        """Return the title, the breadcrumbs and the body, as text, and whether they may be kept."""
        body = self._body()
        return {"title": self.title(), "trail": self.trail(), "body": body, "is_kept": self.is_known()}

    def is_known(self):
        """Whether all that is asked for exists: pages of other addresses would fill the cache."""
        form = ScopeForm(self.request.GET, view=self.scope, rounds=self.rounds)
        number = self.request.GET.get("page")
        if number and (self.page_obj is None or str(self.page_obj.number) != number):
            return False
        return form.is_valid() and all(map(self._is_carried, set(self.filters) - form.fields.keys()))

    def _is_carried(self, name):
        """Whether a filter that this page does not show has a value with which a link of the site may lead here."""
        city = self.scope.only_city
        values = {"country": [city.country], "phase": PhaseKind.values} if city else {}
        return self.request.GET.get(name, "") in ["", *values.get(name, ())]

    def _body(self):
        """Render without context processors: they add what differs by person, and the body is kept for many."""
        context = Context(self.body_context() | {"request": self.request})
        context.request = self.request  # for links that keep the query string
        body = get_template(self.body_template).template.render(context)
        return re.sub(r"\n\s+", "\n", body)  # the indentation of templates is a sixth of the page

    def title(self):
        raise NotImplementedError

    def trail(self):
        return [(_("Dashboards"), reverse("dashboards:network")), (self.title(), "")]

    def body_context(self):
        return {
            "scope_form": ScopeForm(self._current_filters(), view=self.scope, rounds=self.rounds),
            "scope": self.scope,
            "dashboard": self.dashboard,
            "kept": self.filter_query,
            "filter_query_prefix": f"{self.filter_query}&" if self.filter_query else "",
        }

    def _current_filters(self):
        """Return the filters in use, also if the query string was empty or had unknown values."""
        scope = self.scope
        period = scope.period.starts_on.isoformat() if scope.period else ""
        return {
            "period": period,
            "country": scope.country,
            "theme": scope.theme.code if scope.theme else "",
            "group": scope.group.code if scope.group else "",
            "phase": scope.phase,
        }

    def page_of(self, rows, per_page):
        self.page_obj = Paginator(rows, per_page).get_page(self.request.GET.get("page"))
        return self.page_obj

    def level_rows(self, cities):
        """Rows of the table of levels: a city with, for every dimension, its name, cell and link to the reasons."""
        results = self.dashboard.results
        wanted = {city.pk for city in cities}
        return [
            (
                city,
                [(name, result and result.cell(code), result.url if result else "") for code, name in results.columns],
            )
            for city, result in results.rows
            if city.pk in wanted
        ]


class NetworkDashboard(DashboardPage):
    """Cities fill several pages if there are many; key figures and files are of all of them."""

    body_template = "dashboards/network.html"

    def title(self):
        return _("The network")

    def trail(self):
        return [(_("Dashboards"), "")]

    def body_context(self):
        page = self.page_of(self.dashboard.ordered, CITIES_PER_PAGE)
        rows = list(page)
        on_page = {row.city.pk for row in rows}
        others = [row for row in self.dashboard.cities if row.city.pk not in on_page]
        shown = self.charts_of(lambda: rows)
        return super().body_context() | {
            "page_obj": page,
            "rows": rows,
            "level_rows": self.level_rows([row.city for row in rows]),
            "charts": {key: shown[key]() for key in ("health", "progress", "timeline")},
            "map": map_of(self._places(rows), self._places(others, linked=False)),
            "may_add_city": self.request.user.has_perm("cities.add_city"),
        }

    def _places(self, rows, *, linked=True):
        for row in rows:
            city = row.city
            url = reverse("dashboards:city", args=[city.slug]) if linked else ""
            yield MapPlace(city.name, float(city.latitude), float(city.longitude), city.eurostat_code, url)


class CityDashboard(DashboardPage):
    body_template = "dashboards/city.html"

    @cached_property
    def city(self):
        return get_object_or_404(City, slug=self.kwargs["slug"])

    @property
    def figures(self):
        return self.dashboard.cities[0]

    @property
    def result(self):
        return next(iter(self.dashboard.results.found), None)

    def title(self):
        return _("Dashboard of %(city)s") % {"city": self.city}

    def trail(self):
        return [(_("Dashboards"), reverse("dashboards:network")), (self.city.name, "")]

    def charts_of(self, rows):
        own = {"health": lambda: charts.city_health_chart(self.figures, **self.about)}
        if self.result:
            own["spread"] = lambda: charts.spread_chart(self.result, **self.about_results)
        return super().charts_of(rows) | own

    def body_context(self):
        shown = self.files()
        return super().body_context() | {
            "city": self.city,
            "figures": self.figures,
            "result": self.result,
            "charts": {key: shown[key]() for key in ("health", "progress", "timeline", "spread") if key in shown},
        }


class DimensionsDashboard(DashboardPage):
    """One evaluation round at a time; its agreement is shown once the round is closed."""

    body_template = "dashboards/dimensions.html"
    filters = (*CHOICES, "round")

    @cached_property
    def rounds(self):
        return rounds_of(self.scope)

    @cached_property
    def round(self):
        """Return the chosen round, else the newest one; None without a published evaluation."""
        asked = self.request.GET.get("round", "")
        return next((row for row in self.rounds if str(row.pk) == asked), next(iter(self.rounds), None))

    @cached_property
    def dashboard(self):
        return Dashboard(self.scope, self.round)

    @cached_property
    def agreement(self):
        return round_agreement(self.round) if self.round else None

    def title(self):
        return _("Six dimensions")

    def files(self):
        agreed = {"agreement": lambda: charts.agreement_table(self.agreement, **self.about_results)}
        return super().files() | (agreed if self.agreement else {})

    def _current_filters(self):
        return super()._current_filters() | {"round": str(self.round.pk) if self.round else ""}

    def body_context(self):
        page = self.page_of(self.scope.cities, CITIES_PER_PAGE)
        split = self.dashboard.results.split
        return super().body_context() | {
            "page_obj": page,
            "level_rows": self.level_rows(list(page)),
            "dimension_rows": dimension_rows(self.dashboard.results, list(page)),
            "split": split[:MOST_SPLIT],
            "more_split": max(0, len(split) - MOST_SPLIT),
            "round": self.round,
            "agreement": self.agreement,
        }


class DashboardActions(DashboardPage):
    """The list of actions behind every figure, from the same records."""

    body_template = "dashboards/actions.html"
    per_page = 50

    @cached_property
    def city(self):
        slug = self.request.GET.get("city")
        return get_object_or_404(City, slug=slug) if slug else None

    def title(self):
        return _("Actions")

    def parameters(self):
        return super().parameters() | {"city", "health"}

    def is_known(self):
        word = self.request.GET.get("health", "")
        return super().is_known() and (not word or bool(healths_of(word)))

    def body_context(self):
        word = self.request.GET.get("health", "")
        page = self.page_of(ActionRows(self.scope, healths_of(word)), self.per_page)
        count = page.paginator.count
        return super().body_context() | {
            "page_obj": page,
            "city": self.city,
            "health": word,
            "group": GROUP_WORDS.get(word) or (Health(word).label if word in Health.values else ""),
            "count": ngettext("%(count)s action", "%(count)s actions", count) % {"count": count},
        }
