"""Every field that offers rows is searched, or its rows do not grow with the number of cities, or are the cities."""

from importlib import import_module
from pathlib import Path

import django_filters
from django import forms
from django.conf import settings

from core.filters import NearbyFilter
from core.row_search import SearchedField

OF_CITY = "people, bodies and events of one city"
OF_STRATEGY = "rows of one strategy"
REFERENCE = "reference data of the network, whose number does not depend on the cities"
CITIES = "the cities themselves, 50 bytes each, of which only the name is read: 20 KB for 400 cities"
BOUNDED = {
    "cities.forms.AttendanceForm.persons": OF_CITY,
    "cities.forms.DecisionForm.responsible": OF_CITY,
    "cities.forms.EventForm.body": OF_CITY,
    "cities.forms.MembershipHandOverForm.to": OF_CITY,
    "evaluation.filters.RecommendationFilter.city": CITIES,
    "evaluation.forms.recommendations.RecommendationForm.dimension": REFERENCE,
    "evaluation.forms.recommendations.RecommendationForm.to_city": CITIES,
    "evaluation.forms.recommendations.ResponseForm.actions": OF_STRATEGY,
    "evaluation.forms.recommendations.ResponseForm.responsible": OF_CITY,
    "evaluation.forms.rounds.RoundForm.framework": REFERENCE,
    "evaluation.forms.rounds.RoundForm.period": REFERENCE,
    "evaluation.forms.rounds.StrategyForm.strategy": CITIES,
    "reports.filters.ReportFilter.city": CITIES,
    "reports.filters.ReportFilter.period": REFERENCE,
    "reports.forms.IssueForm.city": CITIES,
    "reports.forms.IssueForm.period": REFERENCE,
    "strategies.filters.ActionFilter.area": OF_STRATEGY,
    "strategies.filters.ActionFilter.owner": OF_STRATEGY,
    "strategies.filters.PeriodFilter.city": CITIES,
    "strategies.filters.PeriodFilter.period": REFERENCE,
    "strategies.forms.decisions.DecisionLinkForm.action": OF_STRATEGY,
    "strategies.forms.log.LogForm.on_behalf_of": OF_CITY,
    "strategies.forms.periods.SubmitForm.on_behalf_of": OF_CITY,
    "strategies.forms.plans.ActionForm.deputies": OF_CITY,
    "strategies.forms.plans.ActionForm.objective": OF_STRATEGY,
    "strategies.forms.plans.ActionForm.responsible": OF_CITY,
    "strategies.forms.plans.ActionForm.target_groups": REFERENCE,
    "strategies.forms.plans.AreaForm.theme": REFERENCE,
    "strategies.forms.plans.BudgetLineForm.shown": "hidden: one row of an action",
    "strategies.forms.plans.IndicatorForm.action": OF_STRATEGY,
    "strategies.forms.plans.IndicatorForm.objective": OF_STRATEGY,
    "strategies.forms.plans.RiskForm.area": OF_STRATEGY,
    "strategies.forms.plans.RiskForm.mitigating_action": OF_STRATEGY,
    "strategies.forms.plans.RiskForm.swot_items": OF_STRATEGY,
    "strategies.forms.plans.SwotForm.actions": OF_STRATEGY,
    "strategies.forms.plans.SwotForm.areas": OF_STRATEGY,
}


def offering() -> set[str]:
    """Return the names of fields and filters of pages that offer rows and are not searched."""
    root = Path(settings.BASE_DIR)
    paths = [*root.glob("*/forms.py"), *root.glob("*/forms/*.py"), *root.glob("*/filters.py")]
    found = set()
    for path in paths:
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for name, kind in vars(import_module(module)).items():
            if isinstance(kind, type) and kind.__module__ == module:
                found |= {f"{module}.{name}.{field}" for field in _rows_in(kind)}
    return found


def _rows_in(kind: type) -> list[str]:
    fields = getattr(kind, "base_fields", {}) | getattr(kind, "base_filters", {})
    rows, searched = (forms.ModelChoiceField, django_filters.ModelChoiceFilter), (SearchedField, NearbyFilter)
    return [name for name, field in fields.items() if isinstance(field, rows) and not isinstance(field, searched)]


def test_every_field_that_offers_rows_is_searched_or_bounded():
    assert offering() == BOUNDED.keys()
