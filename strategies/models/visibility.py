"""Which plans and facts a user may see, as Q expressions that several models share (docs/access.md)."""

from collections.abc import Callable

from django.db.models import Q

from cities.enums import Role, Visibility
from cities.rules import has_network_role, insider_city_ids, official_city_ids, reads_network
from strategies.enums import LOCKED, PeriodState, StrategyStatus

SHARED_VISIBILITIES = [Visibility.NETWORK, Visibility.PUBLIC]


def visible_plan_q(user, strategy: str = "") -> Q:
    """Return a Q for strategies whose plan the user may see. ``strategy``: lookup path to it, with trailing ``__``."""
    seen = Q(**{f"{strategy}published_at__isnull": False})
    if cities := insider_city_ids(user):
        seen |= Q(**{f"{strategy}city__in": cities})
    if has_network_role(user, Role.COORDINATOR):
        return Q()
    if reads_network(user):
        seen |= Q(**{f"{strategy}status": StrategyStatus.ADOPTED})
    return seen


def current_plan_q(strategy: str = "") -> Q:
    """Return a Q for the current strategy, at most one a city. A draft that follows an adopted one is not current."""
    return Q(**{f"{strategy}superseded_at": None}) & started_plan_q(strategy)


def started_plan_q(strategy: str = "") -> Q:
    """Return a Q for all strategies except drafts that follow an adopted one."""
    return Q(**{f"{strategy}replaces": None}) | Q(**{f"{strategy}status": StrategyStatus.ADOPTED})


def visible_facts_q(user, plan: Callable[[], Q], prefix: str = "") -> Q:
    """Return a Q for live facts: all of the user's cities, submitted ones of other cities by their visibility.

    A reopened period is read from its revision instead. ``plan`` returns a Q for facts whose action or indicator the
    user may see, which readers of the network do not need. ``prefix``: lookup path to the fact, with trailing ``__``.
    """
    period = f"{prefix}city_period__"
    if reads_network(user):  # what is public is among what is shared
        seen = Q(**{f"{prefix}visibility__in": SHARED_VISIBILITIES, f"{period}state__in": LOCKED})
    else:
        seen = Q(**{f"{prefix}visibility": Visibility.PUBLIC, f"{period}state": PeriodState.PUBLISHED}) & plan()
    return seen & Q(**{f"{prefix}withdrawn_at": None}) | own_facts_q(user, prefix)


def own_facts_q(user, prefix: str = "") -> Q:
    """Return a Q for live facts of the user's cities; withdrawn ones for officials only."""
    city, insider, official = f"{prefix}city_period__city__in", insider_city_ids(user), official_city_ids(user)
    own = Q(**{city: official}) if official else Q(pk__in=[])
    return own if insider == official else own | Q(**{city: insider, f"{prefix}withdrawn_at": None})
