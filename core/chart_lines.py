"""Charts of lines over periods. The numbers of the y axis stand at the left, above their lines."""

from functools import cached_property

from django.utils.html import format_html
from django.utils.safestring import SafeString

from . import chart_drawing as drawing
from .chart_drawing import Drawing, joined
from .chart_scales import Scale, number_ticks, thinned, tick_words

START, END = 9, 97  # per cent: left of the first point is room for the numbers
PLOT, TITLE = 230, 26  # heights
NUMBERS = '<text x="0" y="{}">{}</text>'


class Lines(Drawing):
    @cached_property
    def names(self) -> list[str]:
        """Names along x."""
        named = self.layout["xaxis"].get("categoryarray")
        return named or list(dict.fromkeys(x for trace in self.data for x in trace["x"]))

    @property
    def top(self) -> int:
        return drawing.TOP + 8 + (TITLE if self.title_of_y else 0)

    @property
    def bottom(self) -> float:  # type: ignore[override]  # the base class only declares it
        return self.top + PLOT

    @property
    def title_of_y(self) -> str:
        return self.layout["yaxis"].get("title", {}).get("text", "")

    @cached_property
    def x(self) -> Scale:  # type: ignore[override]  # likewise
        last = len(self.names) - 1
        return Scale(0, last, START, END) if last else Scale(-1, 1, START, END)

    @cached_property
    def ticks(self) -> list[float]:
        axis = self.layout["yaxis"]
        if "range" in axis:
            lowest, highest = axis["range"]
            return list(range(lowest, int(highest) + 1, axis["dtick"]))
        values = [y for trace in self.data for y in trace["y"] if y is not None] or [1]
        return number_ticks(min(0, *values), max(0, *values))

    @cached_property
    def y(self) -> Scale:
        lowest, highest = self.layout["yaxis"].get("range", (self.ticks[0], self.ticks[-1]))
        return Scale(lowest, highest, self.bottom, self.top)

    def axes(self) -> SafeString:
        title = [(0, drawing.TOP + 10, "start", self.title_of_y)] if self.title_of_y else []
        heights = [self.y.at(value) for value in self.ticks]
        numbers = [(height - 4, tick_words(value)) for height, value in zip(heights, self.ticks, strict=True)]
        return format_html(
            "{}{}{}<g {}>{}</g>",
            joined(drawing.TEXT, title),
            joined(drawing.RULE, [(0, height, 100, height, drawing.LINE) for height in heights]),
            self.below([(self.x.at(n), self.names[n]) for n in thinned(self.names)]),
            drawing.HALO,
            joined(NUMBERS, numbers),
        )

    def traces(self) -> SafeString:
        order = {name: n for n, name in enumerate(self.names)}
        drawn = []
        for trace in self.data:
            pairs = zip(trace["x"], trace["y"], strict=True)
            places = [None if y is None else (self.x.at(order[x]), self.y.at(y)) for x, y in pairs]
            drawn.append((self.points(trace, places),))
        return joined("<g>{}</g>", drawn)
