"""Faults of HTML that browsers repair without a word, found by the standard library's parser."""

from html.parser import HTMLParser

HEADINGS = {f"h{level}" for level in range(1, 7)}
NAMES = {"aria-label", "aria-labelledby"}
POINTERS = {"for", "aria-labelledby", "aria-describedby", "aria-controls", "list", "form", "headers"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: set[str] = set()
        self.pointers: dict[str, str] = {}
        self._sections: list[str] = []  # open sections without a heading so far, by their start tag; "" has one

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names, values, start = [name for name, _value in attrs], dict(attrs), self.get_starttag_text() or ""
        self.faults += [f"{name} twice: {start}" for name in sorted({name for name in names if names.count(name) > 1})]
        own = values.get("id")
        if own == "" or (own and any(map(str.isspace, own))):
            self.faults.append(f"id empty or with a space: {start}")
        if own in self.ids:
            self.faults.append(f"id twice: {start}")
        if own:
            self.ids.add(own)
        for name in POINTERS & values.keys():
            self.pointers |= dict.fromkeys((values[name] or "").split(), start)
        if values.get("type") == "hidden" and any(name.startswith("aria-") for name in names):
            self.faults.append(f"hidden, but described: {start}")
        if tag == "section":
            self._sections.append("" if NAMES & values.keys() else start)
        elif tag in HEADINGS and self._sections:
            self._sections[-1] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "section" and self._sections and (start := self._sections.pop()):
            self.faults.append(f"no heading: {start}")


def faults_in(html: str) -> list[str]:
    """Return attributes and ids that are there twice, sections without a heading, labels of nothing and the like."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    nowhere = reader.pointers.keys() - reader.ids
    return reader.faults + sorted(f"no such id, {target}: {reader.pointers[target]}" for target in nowhere)
