"""Ids as posts and addresses carry them."""

import re

ID = re.compile(r"[0-9]{1,18}")  # what every database can hold; str.isdigit() takes "²", too


def pk_of(text: str | None) -> int | None:
    """The id that is written there; None where it is none, so that nobody's typing ends in an error of the server."""
    return int(text) if text and ID.fullmatch(text) else None
