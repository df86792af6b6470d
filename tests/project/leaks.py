"""Which markers of the world an answer holds that its reader may not see."""

import html
import re

from .shared_data import SEEN_BY

MARKER = re.compile(r"MARKER-([a-z-]+[a-z])", re.IGNORECASE)


def markers_in(text: str) -> set[str]:
    return {_known(found.lower()) for found in MARKER.findall(html.unescape(text).replace("%2D", "-"))}


def _known(found: str) -> str:
    """``MARKER-lublin-plan-strategy`` and the like hold the marker ``lublin-plan``."""
    return next((name for name in SEEN_BY if found.startswith(name)), found)


def leaks(text: str, role: str) -> set[str]:
    return {name for name in markers_in(text) if role not in SEEN_BY.get(name, "").split()}


# ---- what differs between two answers that say the same

TOKENS = re.compile(
    r'csrfmiddlewaretoken" value="[^"]+"|CSRFToken(&quot;|")?: ?(&quot;|")\w+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
    r'|value="[\w-]+:[\w-]+:[\w-]+"'
)


def still(body: str) -> str:
    """The body without one-time tokens, random numbers of forms and signed notes."""
    return TOKENS.sub("", body)
