"""Panels of the pages of a city and of a decision: higher apps add theirs in ``ready()``."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Panel(NamedTuple):
    """A panel of the page. ``template`` renders one ``<section class="epi-card">``.

    The template gets ``context`` and ``city`` or ``decision``, ``user``, ``request``, ``site``.
    """

    template: str
    context: dict[str, Any]


Maker = Callable[[Any, Any], "Panel | None"]
_panel_makers: list[tuple[int, Maker]] = []
_decision_panel_makers: list[Maker] = []


def register_panel(maker: Maker, order: int = 50) -> None:
    """Register ``maker(city, user)``, which returns a Panel, or None to show nothing. Low orders come first.

    Registering the same maker again changes nothing.
    """
    if maker not in [known for _order, known in _panel_makers]:
        _panel_makers.append((order, maker))
        _panel_makers.sort(key=lambda entry: entry[0])


def panels_for(city: Any, user: Any) -> list[Panel]:
    made = (maker(city, user) for _order, maker in _panel_makers)
    return [card for card in made if card is not None]


def register_decision_panel(maker: Maker) -> None:
    """Register ``maker(decision, user)`` for the page of a decision. Registering it again changes nothing."""
    if maker not in _decision_panel_makers:
        _decision_panel_makers.append(maker)


def decision_panels_for(decision: Any, user: Any) -> list[Panel]:
    made = (maker(decision, user) for maker in _decision_panel_makers)
    return [panel for panel in made if panel is not None]
