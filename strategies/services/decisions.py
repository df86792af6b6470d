"""Tie a meeting's decision to an action, or add the action that carries it out."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cities.enums import DecisionState
from cities.models import Decision
from core.available import register, require
from core.exceptions import InputRefused
from core.services import lock, save_with_history
from strategies.exceptions import StrategyError
from strategies.models import Action, DecisionLink

from . import plans


def _check_is_not_dropped(decision: Decision, _user: Any) -> None:
    if decision.state == DecisionState.DROPPED:
        raise StrategyError(_("This decision has been dropped, so no action carries it out."))


def _check_needs_action(decision: Decision, user: Any) -> None:
    _check_is_not_dropped(decision, user)
    if DecisionLink.objects.filter(decision=decision).exists():
        raise StrategyError(_("This decision is already linked to an action."))


register(Decision, "link", "strategies.link_decision", check=_check_is_not_dropped)
register(Decision, "make_action", "strategies.make_action_of_decision", check=_check_needs_action)


@transaction.atomic
def link_decision(decision: Decision, *, by: Any, action: Action | None) -> DecisionLink | None:
    """Tie the decision to an action of the same city, to another one, or to none.

    Raises PermissionRefused, StrategyError for a dropped decision, or InputRefused for an action that ``by`` does not
    see or that belongs to another city.
    """
    decision = _lock_for(decision, "link", by)
    if action is None:
        for link in DecisionLink.objects.filter(decision=decision):
            link._history_user = by
            link.delete()
        return None
    if not Action.objects.of_city(decision.city).active().visible_to(by).filter(pk=action.pk).exists():
        raise InputRefused({"action": _("Choose an action of the city’s plan.")})
    return _set_action(decision, action, by)


@transaction.atomic
def add_action(
    decision: Decision,
    *,
    by: Any,
    fields: Mapping[str, Any],
    m2m: Mapping[str, Iterable[Any]] | None = None,
    confirmed: bool = False,
) -> Action:
    """Add an action to the city's plan and tie the decision to it. Raises what ``plans.save_part`` raises, too."""
    decision = _lock_for(decision, "make_action", by)
    action = plans.save_part(Action(), by=by, fields=fields, m2m=m2m, confirmed=confirmed)
    if action.owning_city_id != decision.owning_city_id:
        raise InputRefused({"objective": _("Choose an objective of the same city’s plan.")})
    _set_action(decision, action, by)
    return action


def _set_action(decision: Decision, action: Action, by: Any) -> DecisionLink:
    link = DecisionLink.objects.filter(decision=decision).first() or DecisionLink(decision=decision)
    if link.action_id != action.pk:
        link.action = action
        save_with_history(link, by)
    return link


def _lock_for(decision: Decision, name: str, by: Any) -> Decision:
    """Return the decision, locked until the commit. Raises why ``by`` may not do it now."""
    decision = lock(decision, "event__city", "event__body__city")
    require(decision, name, by)
    return decision
