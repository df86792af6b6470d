"""Settings of the tests: fast hashes, no manifest of static files, a data folder of its own for each process."""

import atexit
import os
import re
import shutil
import tempfile

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
if "EPI_DATA_DIR" not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["EPI_DATA_DIR"] = tempfile.mkdtemp(prefix="epi-test-")
    atexit.register(shutil.rmtree, os.environ["EPI_DATA_DIR"], ignore_errors=True)
for _name in ("REDIS_URL", "CELERY_BROKER_URL"):  # two Redis databases each: a test may flush one
    if os.environ.get(_name, "").startswith("redis"):
        os.environ[_name] = re.sub(r"(?<!\d)\d+$", lambda last: str(int(last[0]) + 2 * _worker), os.environ[_name])

from .base import *  # noqa: E402, F403 - the folder must be known first
from .base import DATA_DIR, DATABASES, IS_SQLITE, STORAGES  # noqa: E402

SECRET_KEY = "for tests only, never anywhere else, and long enough to be quiet"  # noqa: S105
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True
FONTS_DIR = DATA_DIR / "no-fonts"  # a test that needs fonts takes the fixture built_fonts
if IS_SQLITE:  # a file, as in production: in memory, a second connection is refused at once instead of waiting
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;"
