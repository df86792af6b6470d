"""Check that PostgreSQL and Redis answer before a Makefile target runs tests that need them."""

import os
import sys

import psycopg2
import redis


def main() -> int:
    unreachable = []
    try:
        psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3).close()
    except psycopg2.OperationalError:
        unreachable.append("PostgreSQL (DATABASE_URL)")
    for name in ("REDIS_URL", "CELERY_BROKER_URL"):
        try:
            redis.Redis.from_url(os.environ[name], socket_connect_timeout=3).ping()
        except redis.exceptions.RedisError:
            unreachable.append(f"Redis ({name})")
    if unreachable:
        print(f"No answer from {', '.join(unreachable)}.")  # noqa: T201 - output of the command
    return 1 if unreachable else 0


if __name__ == "__main__":
    sys.exit(main())
