"""Finds markers of the shared data in a response that its reader may not see."""

import html
import re

from .shared_data import SEEN_BY

MARKER = re.compile(r"MARKER-([a-z-]+[a-z])", re.IGNORECASE)


NOT_OURS = {"covered", "draggable"}  # names in the script of a chart that is saved as a page


def markers_in(text: str) -> set[str]:
    found = {_known(name.lower()) for name in MARKER.findall(html.unescape(text).replace("%2D", "-"))}
    return found - NOT_OURS


def _known(found: str) -> str:
    """Return the marker that the text begins with: ``lublin-plan`` for ``lublin-plan-strategy``."""
    return next((name for name in SEEN_BY if found.startswith(name)), found)


def leaks(text: str, role: str) -> set[str]:
    return {name for name in markers_in(text) if role not in SEEN_BY.get(name, "").split()}


# ---- differences between two responses with the same content

TOKENS = re.compile(
    r'(csrfmiddlewaretoken|form_token)" value="[^"]+"|CSRFToken(&quot;|")?: ?(&quot;|")\w+'
    r'|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|value="[\w-]+:[\w-]+:[\w-]+"'
)


def still(body: str) -> str:
    """The body without one-time tokens, random numbers of forms and signed notes."""
    return TOKENS.sub("", body)
