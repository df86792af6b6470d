from math import cos, radians

from core import maps

CARTAGENA = maps.MapPlace("Cartagena", 37.602, -0.984, "ES", "/cities/cartagena/")
LINKOPING = maps.MapPlace("Linköping", 58.411, 15.622, "SE")
RIGA = maps.MapPlace("Riga", 56.946, 24.106, "LV")


def test_projection_centre_is_at_origin():
    assert maps.project(52, 10) == maps.ORIGIN


def test_projection_has_north_up_and_east_right():
    x, y = maps.project(52, 10)

    assert maps.project(60, 10)[1] < y
    assert maps.project(52, 20)[0] > x


def test_projection_preserves_areas():
    """Compare with the true area of a square degree, which is proportional to the cosine of its latitude."""

    def area(lat, lon):
        corners = [maps.project(lat + a, lon + b) for a, b in ((0, 0), (0, 1), (1, 1), (1, 0))]
        edges = zip(corners, corners[1:] + corners[:1], strict=True)
        return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in edges)) / 2

    ratio = area(60, 25) / area(38, -5)

    assert abs(ratio - cos(radians(60.5)) / cos(radians(38.5))) < 0.002


def test_marks_are_inside_map_with_label_anchors():
    drawn = maps.map_of([RIGA, CARTAGENA, LINKOPING])

    assert [mark.place.name for mark in drawn.marks] == ["Cartagena", "Linköping", "Riga"]
    assert all(0 < mark.x < drawn.width and 0 < mark.y < drawn.height for mark in drawn.marks)
    assert [mark.anchor for mark in drawn.marks] == ["start", "end", "start"]


def test_countries_with_a_city_are_drawn_as_regions():
    drawn = maps.map_of([RIGA])

    assert drawn.regions == maps.country_paths()["LV"]
    assert maps.country_paths()["SE"] in drawn.land


def test_map_paths_are_under_12_000_characters():
    drawn = maps.map_of([RIGA])

    assert len(drawn.land) + len(drawn.regions) < 12_000
