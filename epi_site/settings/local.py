"""Settings of `make run` on one machine. The secret key is generated once and stored with the data."""

from django.core.management.utils import get_random_secret_key

from .base import *  # noqa: F403 - settings modules are made this way
from .base import DATA_DIR, LOGGING, env_secret, tighten

_kept = DATA_DIR / "secret-key"
tighten(_kept)
if not _kept.exists():
    _kept.touch(mode=0o600)
    _kept.write_text(get_random_secret_key(), encoding="utf-8")
SECRET_KEY = env_secret("SECRET_KEY", default=_kept.read_text(encoding="utf-8"))
LOGGING["loggers"] |= {
    "celery.app.trace": {"level": "WARNING"},  # a line for each email pushes the address out of sight
    "celery.apps.worker": {"level": "WARNING"},  # that it is ready
    "celery.worker.consumer.connection": {"level": "WARNING"},  # that it is connected
}
