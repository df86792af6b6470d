"""Count what somebody does in a while, in the cache that all processes share."""

from django.core.cache import cache


def is_over(key: str, limit: int, seconds: int) -> bool:
    """Count one more under ``key``, and return whether that is more than ``limit`` since the first, ``seconds`` ago."""
    cache.add(key, 0, seconds)
    try:
        count = cache.incr(key)
    except ValueError:  # the key expired between the two calls
        cache.set(key, count := 1, seconds)
    return count > limit
