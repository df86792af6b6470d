"""What a city's page shows beside its profile: apps above add cards in their ``ready()``."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Card(NamedTuple):
    """A part of the page. ``template`` renders one ``<section class="epi-card">``.

    The template gets ``context`` and ``city``, ``user``, ``request``, ``site``.
    """

    template: str
    context: dict[str, Any]


Maker = Callable[[Any, Any], "Card | None"]
_makers: list[tuple[int, Maker]] = []


def add_card(maker: Maker, order: int = 50) -> None:
    """``maker(city, user)`` gives a Card, or None where this user has nothing to see. Low orders come first.

    A second call with the same maker changes nothing.
    """
    if maker not in [known for _order, known in _makers]:
        _makers.append((order, maker))
        _makers.sort(key=lambda entry: entry[0])


def cards_of(city: Any, user: Any) -> list[Card]:
    made = (maker(city, user) for _order, maker in _makers)
    return [card for card in made if card is not None]
