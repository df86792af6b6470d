"""Panels of a city's page: higher apps add theirs in ``ready()``."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Card(NamedTuple):
    """A panel of the page. ``template`` renders one ``<section class="epi-card">``.

    The template gets ``context`` and ``city``, ``user``, ``request``, ``site``.
    """

    template: str
    context: dict[str, Any]


Maker = Callable[[Any, Any], "Card | None"]
_makers: list[tuple[int, Maker]] = []


def add_card(maker: Maker, order: int = 50) -> None:
    """Register ``maker(city, user)``, which returns a Card, or None to show nothing. Low orders come first.

    Registering the same maker again changes nothing.
    """
    if maker not in [known for _order, known in _makers]:
        _makers.append((order, maker))
        _makers.sort(key=lambda entry: entry[0])


def cards_of(city: Any, user: Any) -> list[Card]:
    made = (maker(city, user) for _order, maker in _makers)
    return [card for card in made if card is not None]
