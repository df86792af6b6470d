"""Texts that people typed, shortened for one line."""


def shorten(text: str, limit: int) -> str:
    """Return the text in one line of at most ``limit`` characters, cut after a word and ended with "…".

    Only a single word that is longer than the limit is cut inside.
    """
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    words = line[:limit].rpartition(" ")[0] or line[: limit - 1]
    return words.rstrip(" ,;:.–-") + "…"
