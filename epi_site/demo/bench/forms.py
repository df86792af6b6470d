"""What a browser would submit of a page's form."""

from html.parser import HTMLParser


class _Fields(HTMLParser):
    """Collects what a browser would submit: hidden and filled inputs, ticked boxes, selected options."""

    def __init__(self):
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and "selected" in given and self._select:
            self.found[self._select] = given.get("value", "")
        elif tag == "input" and given.get("name") and self._is_sent(given):
            self.found[given["name"]] = given.get("value") or ""

    @staticmethod
    def _is_sent(given: dict) -> bool:
        kind = given.get("type")
        return kind not in ("submit", "file", "button") and (kind not in ("radio", "checkbox") or "checked" in given)


def fields_of(page: str) -> dict[str, str]:
    """Return the fields of a page's form as a browser would submit them."""
    parser = _Fields()
    parser.feed(page[page.index("<main") :])
    return parser.found
