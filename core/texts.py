"""Texts that people typed: shortened for one line, and for files of XML."""

NOT_IN_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])


def one_line(text: str) -> str:
    """Return the text without line breaks and repeated spaces, such as a name that an email repeats."""
    return " ".join(text.split())


def shorten(text: str, limit: int) -> str:
    """Return the text in one line of at most ``limit`` characters, cut after a word and ended with "…".

    Only a single word that is longer than the limit is cut inside.
    """
    line = one_line(text)
    if len(line) <= limit:
        return line
    words = line[:limit].rpartition(" ")[0] or line[: limit - 1]
    return words.rstrip(" ,;:.–-") + "…"


def for_xml(text: str) -> str:
    """Return the text without control characters, such as a line break pasted from Word, which XML does not allow."""
    return text.translate(NOT_IN_XML)
