"""Places on a map of Europe, drawn by the server: no map service, no script. Made with Natural Earth (public domain).

Projection: Lambert azimuthal equal-area around 52° N, 10° E, as in European statistics (EPSG:3035), on a sphere.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, hypot, radians, sin, sqrt
from pathlib import Path
from typing import Any, NamedTuple

SOURCE = Path(__file__).parent / "data" / "europe.geojson"
CENTRE = radians(52), radians(10)
WIDTH, HEIGHT = 1000, 960
SCALE = 1500  # SVG units for one radius of the earth
ORIGIN = 480, 540  # position of the centre
SIMPLIFY_TOLERANCE = 2.5  # tolerance of the simplified outlines: a pixel of the map beside the list of cities
MIN_EXTENT = 7.0  # smaller islands are left out
LABEL = 15  # distance from a dot to its label
CHARACTER_WIDTH = 19  # assumed width of a character of a label
LINE = 34
DOT = 12

Point = tuple[float, float]


class MapPlace(NamedTuple):
    """A place to show. ``region`` is the Eurostat code of its country."""

    name: str
    latitude: float
    longitude: float
    region: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class MapLabel:
    """A place as drawn: its dot, and where its label begins or ends."""

    place: MapPlace
    x: float
    y: float
    label_x: float
    label_y: float
    is_left: bool

    @property
    def anchor(self) -> str:
        return "end" if self.is_left else "start"


@dataclass(frozen=True)
class Map:
    land: str  # SVG path of the countries without a place
    regions: str  # SVG path of the countries with one
    marks: Sequence[MapLabel]
    dots: str = ""  # SVG path of places without a label
    width: int = WIDTH
    height: int = HEIGHT


def map_of(places: Iterable[MapPlace], others: Iterable[MapPlace] = ()) -> Map:
    """Draw the places with their names; ``others`` as dots, for which a map of many places has room."""
    shown, unnamed = list(places), list(others)
    regions = {place.region for place in (*shown, *unnamed)}
    paths = country_paths()
    dots = [project(place.latitude, place.longitude) for place in unnamed]
    return Map(
        land="".join(path for code, path in paths.items() if code not in regions),
        regions="".join(path for code, path in paths.items() if code in regions),
        marks=_labelled(shown),
        dots="".join(f"M{round(x)},{round(y)}h0" for x, y in dots),
    )


@lru_cache(maxsize=4096)
def project(latitude: float, longitude: float) -> Point:
    """Convert degrees to SVG units, y downwards."""
    lat, lon = radians(latitude), radians(longitude) - CENTRE[1]
    lat0 = CENTRE[0]
    reach = sqrt(2 / (1 + sin(lat0) * sin(lat) + cos(lat0) * cos(lat) * cos(lon)))
    east = reach * cos(lat) * sin(lon)
    north = reach * (cos(lat0) * sin(lat) - sin(lat0) * cos(lat) * cos(lon))
    return ORIGIN[0] + SCALE * east, ORIGIN[1] - SCALE * north


# ---- labels


def _labelled(places: Sequence[MapPlace]) -> list[MapLabel]:
    """Put each label right of its dot where there is room, else left: never over another label or the edge."""
    dots = {place: project(place.latitude, place.longitude) for place in sorted(places, key=lambda one: one.name)}
    taken = [(x - DOT, x + DOT, y - DOT, y + DOT) for x, y in dots.values()]
    marks = []
    for place, (x, y) in dots.items():
        length = len(place.name) * CHARACTER_WIDTH
        right, left = (x + LABEL, x + LABEL + length), (x - LABEL - length, x - LABEL)
        is_left = right[1] > WIDTH or (_is_taken(right, y, taken) and not _is_taken(left, y, taken))
        span = left if is_left else right
        taken.append((*span, y - LINE / 2, y + LINE / 2))
        marks.append(
            MapLabel(
                place, round(x, 1), round(y, 1), round(x - LABEL if is_left else x + LABEL, 1), round(y + 9, 1), is_left
            )
        )
    return marks


def _is_taken(span: Point, y: float, taken: list[tuple[float, float, float, float]]) -> bool:
    return any(
        span[0] < end and span[1] > start and top - LINE / 2 < y < bottom + LINE / 2
        for start, end, top, bottom in taken
    )


# ---- land


@lru_cache(maxsize=1)
def country_paths() -> dict[str, str]:
    """Return the SVG path of each country by code; read and projected once for each process."""
    features = json.loads(SOURCE.read_text(encoding="utf-8"))["features"]
    return {feature["id"]: "".join(_outlines(feature["geometry"])) for feature in features}


def _outlines(geometry: dict[str, Any]) -> Iterator[str]:
    areas = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for area in areas:
        for ring in area:
            points = [project(latitude, longitude) for longitude, latitude in ring]
            if _is_seen(points):
                yield _path(_simplified(points))


def _is_seen(points: Sequence[Point]) -> bool:
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    in_frame = max(xs) > 0 and min(xs) < WIDTH and max(ys) > 0 and min(ys) < HEIGHT
    return in_frame and max(max(xs) - min(xs), max(ys) - min(ys)) >= MIN_EXTENT


def _simplified(points: Sequence[Point]) -> list[Point]:
    """Drop points that lie nearly on the line between their neighbours (Douglas-Peucker, without recursion)."""
    kept, waiting = {0, len(points) - 1}, [(0, len(points) - 1)]
    while waiting:
        first, last = waiting.pop()
        far, where = max(
            ((_distance(points[n], points[first], points[last]), n) for n in range(first + 1, last)), default=(0.0, 0)
        )
        if far > SIMPLIFY_TOLERANCE:
            kept.add(where)
            waiting += [(first, where), (where, last)]
    return [points[n] for n in sorted(kept)]


def _distance(point: Point, start: Point, end: Point) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = hypot(dx, dy)
    if not length:
        return hypot(point[0] - start[0], point[1] - start[1])
    return abs(dx * (point[1] - start[1]) - dy * (point[0] - start[0])) / length


def _path(points: Sequence[Point]) -> str:
    """Return an SVG path of whole, relative numbers: a third of the bytes."""
    rounded = [(round(x), round(y)) for x, y in points]
    (x, y), steps = rounded[0], []
    for here in rounded[1:-1]:
        if here != (x, y):
            steps.append(f"{here[0] - x},{here[1] - y}")
            x, y = here
    return f"M{rounded[0][0]},{rounded[0][1]}l{' '.join(steps).replace(',-', '-').replace(' -', '-')}z" if steps else ""
