"""Checks that PostgreSQL and Redis answer before a recipe starts tests that need them."""

import os
import sys

import psycopg2
import redis


def main() -> int:
    silent = []
    try:
        psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=3).close()
    except psycopg2.OperationalError:
        silent.append("PostgreSQL (DATABASE_URL)")
    for name in ("REDIS_URL", "CELERY_BROKER_URL"):
        try:
            redis.Redis.from_url(os.environ[name], socket_connect_timeout=3).ping()
        except redis.exceptions.RedisError:
            silent.append(f"Redis ({name})")
    if silent:
        print(f"No answer from {', '.join(silent)}.")  # noqa: T201 - its task
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
