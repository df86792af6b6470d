"""Settings of production, behind TLS. Refuses to start with a default secret or while a demo account exists."""

import os

from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403 - settings modules are made this way
from .base import ALLOWED_HOSTS, DATABASE_URL, env_bool, env_secret

SECRET_KEY = env_secret("SECRET_KEY")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or "change" in SECRET_KEY.lower():
    raise ImproperlyConfigured("SECRET_KEY is a default or too short. Set it to at least 50 random characters.")
if "EPI_ALLOWED_HOSTS" not in os.environ or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set EPI_ALLOWED_HOSTS to the host names of the site, separated by commas.")
if not os.environ.get("EPI_SITE_URL", "").startswith("https://"):
    raise ImproperlyConfigured("Set EPI_SITE_URL to the address of the site, beginning with https://.")
if not DATABASE_URL:  # without it, an empty database in the data folder would take the place of the real one
    raise ImproperlyConfigured(
        "Set DATABASE_URL to the database of the site: postgres://user:password@host:5432/name, "
        "or sqlite:////folder/db.sqlite3 for a small network on one machine."
    )

DEMO_ALLOWED = False
SECURE_SSL_REDIRECT = env_bool("EPI_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("EPI_BEHIND_PROXY") else None
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True
