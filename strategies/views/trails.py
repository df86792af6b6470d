"""Breadcrumbs: lists of (label, URL). The last one, the current page, has no URL."""

from django.urls import reverse
from django.utils.translation import gettext as _


def cities_trail():
    return [(_("Cities"), reverse("cities:city_list"))]


def city_trail(city):
    return [*cities_trail(), (city.name, city.get_absolute_url())]


def strategy_trail(strategy):
    return [*city_trail(strategy.city), (_("Strategy"), strategy.get_absolute_url())]


def action_trail(action):
    return [*strategy_trail(action.strategy), (action.title, action.get_absolute_url())]


def work_trail(action):
    """Return a short trail for users who come from *My work* on a phone."""
    return [(_("My work"), reverse("strategies:my_work")), (action.title, action.get_absolute_url())]


def period_trail(city_period):
    return [*city_trail(city_period.city), (city_period.period.name, city_period.get_absolute_url())]


def here(trail, words):
    return [*trail, (words, None)]
