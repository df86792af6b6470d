"""Breadcrumbs: lists of (label, URL). The last one, the current page, has no URL."""

from django.urls import reverse
from django.utils.translation import gettext as _


def cities_breadcrumbs():
    return [(_("Cities"), reverse("cities:city_list"))]


def city_breadcrumbs(city):
    return [*cities_breadcrumbs(), (city.name, city.get_absolute_url())]


def strategy_breadcrumbs(strategy):
    return [*city_breadcrumbs(strategy.city), (_("Strategy"), strategy.get_absolute_url())]


def action_breadcrumbs(action):
    return [*strategy_breadcrumbs(action.strategy), (action.title, action.get_absolute_url())]


def my_work_trail(action):
    """Return a short trail for users who come from *My work* on a phone."""
    return [(_("My work"), reverse("strategies:my_work")), (action.title, action.get_absolute_url())]


def period_breadcrumbs(city_period):
    return [*city_breadcrumbs(city_period.city), (city_period.period.name, city_period.get_absolute_url())]


def here(trail, words):
    return [*trail, (words, None)]
