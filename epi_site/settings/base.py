"""Settings of every environment. Each variable read here is documented in docs/settings.md."""

import os
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from core.private_files import make_private_folder, tighten

from .env import env_bool, env_int, env_list, env_secret

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(os.environ.get("EPI_DATA_DIR", BASE_DIR / "var")).resolve()
make_private_folder(DATA_DIR)
tighten(DATA_DIR)

DEBUG = False
ALLOWED_HOSTS = env_list("EPI_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
SITE_URL = os.environ.get("EPI_SITE_URL", "http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = env_list("EPI_CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "core",
    "accounts",
    "cities",
    "strategies",
    "pilot",
    "evaluation",
    "training",
    "reports",
    "dashboards",
    "epi_site.pages",
    "epi_site.demo",
    "epi_site.adminsite.EpiAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "rules",
    "simple_history",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_filters",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",  # here and not below: errors of the next ones get it too
    "csp.middleware.CSPMiddleware",
    "core.middleware.RequestIdMiddleware",
    "core.http_caching.CompressionMiddleware",
    "core.middleware.HealthCheckMiddleware",
    "core.middleware.RequestBodyMiddleware",
    "core.middleware.BadInputMiddleware",
    "core.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.http_caching.CacheControlMiddleware",
    "core.middleware.BackendUnavailableMiddleware",
    "accounts.middleware.PreferredLanguageMiddleware",
    "core.middleware.ErrorPageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.form_middleware.FormInputMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "epi_site.urls"
WSGI_APPLICATION = "epi_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "epi_site.pages.context_processors.site",
            ],
            "builtins": ["core.templatetags.epi"],
        },
    }
]

# ---- database: SQLite in the data folder unless DATABASE_URL names another. The options are measured: with WAL but
# without IMMEDIATE, concurrent writers get "database is locked".
DATABASE_URL = env_secret("DATABASE_URL", default="")
if DATABASE_URL:
    try:
        DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)}
    except (ValueError, dj_database_url.ParseError) as error:
        raise ImproperlyConfigured(
            "DATABASE_URL must look like postgres://user:password@host:5432/name or sqlite:////folder/db.sqlite3."
        ) from error
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "db.sqlite3"}}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if IS_SQLITE:
    DATABASES["default"]["CONN_MAX_AGE"] = 60  # opening the file and its pragmas take a third of a small page's time
    _file = Path(DATABASES["default"]["NAME"])
    if not _file.exists() and _file.parent.is_dir() and _file.name != ":memory:":
        _file.touch(mode=0o600)  # SQLite gives the files beside it the same mode
    for _path in (_file, Path(f"{_file}-wal"), Path(f"{_file}-shm")):
        tighten(_path)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA recursive_triggers=ON;",
    }
else:  # compiling the visibility queries takes longer than running them: My work 675 ms with JIT, 140 ms without
    _given = DATABASES["default"].setdefault("OPTIONS", {})
    _given["options"] = f"{_given.get('options', '')} -c jit=off".strip()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- cache: shared by all processes, since rate limits are counted in it
REDIS_URL = env_secret("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 5},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache",
            "OPTIONS": {"MAX_ENTRIES": 20_000},  # beyond it counters of rate limits are dropped
        }
    }

# ---- Celery: the database row is the queue, Celery only wakes a worker (docs/adr/0002)
CELERY_BROKER_URL = env_secret("CELERY_BROKER_URL", default="filesystem://")
if CELERY_BROKER_URL.startswith("filesystem://"):
    _broker = DATA_DIR / "broker"
    for _folder in ("messages", "control"):
        make_private_folder(_broker / _folder)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "messages"),
        "data_folder_out": str(_broker / "messages"),
        "control_folder": str(_broker / "control"),
        "polling_interval": 0.2,
    }
elif CELERY_BROKER_URL.startswith("redis"):  # without timeouts, a request waits minutes for a dead server
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 10}
# With a folder as broker, the idle children of a pool of processes share one pipe and its lock: a child that is killed
# keeps the lock, and nothing is done any more. Threads have no such lock. With Redis, each child has its own pipe.
CELERY_WORKER_POOL = "threads" if CELERY_BROKER_URL.startswith("filesystem://") else "prefork"
CELERY_WORKER_MAX_MEMORY_PER_CHILD = env_int("EPI_WORKER_MAX_MB", 1024, least=256) * 1024  # threads: epi_site/celery.py
CELERY_TASK_TIME_LIMIT = 600  # seconds; a child that hangs is replaced. Threads: epi_site/run restarts the worker
# Read in turns, so that a long queue does not delay periodic tasks.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("celery", "periodic")]
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # never give up: the other processes would be stopped too
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
PERIODIC_SECONDS = env_int("EPI_PERIODIC_SECONDS", 60, least=1, old_name="EPI_TICK_SECONDS")
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    name: {
        "task": name,
        "schedule": PERIODIC_SECONDS,
        "options": {"queue": "periodic", "expires": max(PERIODIC_SECONDS - 5, 1)},
    }
    for name in (
        "accounts.tasks.requeue_mails",
        "cities.tasks.delete_pending_files",
        "cities.tasks.quarantine_unknown_files",
        "strategies.tasks.open_due_periods",
        "strategies.tasks.send_due_reminders",
        "evaluation.tasks.move_due_stages",
        "evaluation.tasks.send_due_reminders",
        "evaluation.tasks.send_recommendation_reminders",
        "reports.tasks.issue_due_reports",
        "reports.tasks.requeue_reports",
    )
} | {
    name: {"task": name, "schedule": 3600, "options": {"queue": "periodic", "expires": 3000}}
    for name in (
        "core.tasks.verify_nightly",
        "accounts.tasks.clear_sessions",
        "accounts.tasks.delete_old_mails",
        "core.tasks.delete_old_form_inputs",
        "cities.tasks.delete_old_invitations",
        "strategies.tasks.delete_old_reminder_days",
    )
}
CELERY_BEAT_SCHEDULE["dashboards.tasks.store_city_sums"] = {
    "task": "dashboards.tasks.store_city_sums",
    "schedule": 600,
    "options": {"queue": "periodic", "expires": 500},
}

# ---- accounts
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["rules.permissions.ObjectPermissionBackend", "accounts.backends.EmailBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "pages:home"
ACCOUNT_ADAPTER = "accounts.adapter.InvitationOnlyAdapter"
ACCOUNT_FORMS = {
    "change_password": "accounts.forms.PasswordChangeForm",
    "reset_password_from_key": "accounts.forms.PasswordResetForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.split(":", 1)[0]
# against floods from one address; failures by account are in accounts/login_limits.py
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": "20/m/ip", "reset_password": "10/h/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = env_int("EPI_TRUSTED_PROXIES", 0)
SESSION_COOKIE_AGE = env_int("EPI_SESSION_SECONDS", 60 * 60 * 12, least=60)
SESSION_ENGINE = "accounts.sessions"
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.views.errors.csrf_failure"

# ---- Content Security Policy: pages load only files of our own
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# ---- language and time
LANGUAGE_CODE = os.environ.get("EPI_LANGUAGE", "en")
LANGUAGES = [("en", _("English")), ("sv", _("Swedish"))]
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise ImproperlyConfigured(f"EPI_LANGUAGE is {LANGUAGE_CODE!r}. Set it to one of: {', '.join(dict(LANGUAGES))}.")
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = os.environ.get("EPI_TIME_ZONE", "Europe/Brussels")
USE_TZ = True
USE_I18N = True

# ---- files
FONTS_DIR = BASE_DIR / "fonts" / "built"  # of PDFs; outside the static files
STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("EPI_STATIC_ROOT", DATA_DIR / "staticfiles"))
STATICFILES_DIRS = [(name, BASE_DIR / "static" / name) for name in ("dist", "img")]  # built files, not their sources
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # half the files to compress
MEDIA_ROOT = DATA_DIR / "files"  # outside the web root; cities.views checks permissions before it serves a file
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": str(MEDIA_ROOT),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
REDACTION_LIST = os.environ.get("EPI_REDACTION_LIST", "")  # by default in the data folder (core.redaction_list)
UPLOAD_MAX_BYTES = env_int("EPI_UPLOAD_MAX_MB", 20, least=1) * 1024 * 1024
ANONYMOUS_MAX_BYTES = 1024 * 1024  # of a request without an account
REQUEST_MAX_BYTES = 5 * UPLOAD_MAX_BYTES + ANONYMOUS_MAX_BYTES  # of one with an account: several files
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# ---- email: without SMTP, emails are written to a folder
EMAIL_HOST = os.environ.get("SMTP_HOST", "")
EMAIL_PORT = env_int("SMTP_PORT", 587, least=1, most=65_535)
EMAIL_HOST_USER = os.environ.get("SMTP_USER", "")
EMAIL_HOST_PASSWORD = env_secret("SMTP_PASSWORD", default="")
EMAIL_USE_TLS = env_bool("SMTP_TLS", default=True)
EMAIL_TIMEOUT = 20
EMAIL_FILE_PATH = DATA_DIR / "mails"
tighten(EMAIL_FILE_PATH)  # where it exists; a worker creates it (epi_site.celery)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
DEFAULT_FROM_EMAIL = os.environ.get("EPI_MAIL_FROM", "epi@localhost")

# ---- limits that each network chooses
STALE_AFTER_DAYS = env_int("EPI_STALE_AFTER_DAYS", 90, least=1)
AT_RISK_POINTS = env_int("EPI_AT_RISK_POINTS", 15, least=1)
REPORT_LEASE_SECONDS = env_int("EPI_REPORT_LEASE_SECONDS", 60, least=2, old_name="EPI_REPORT_SILENCE_SECONDS")
MAIL_KEEP_DAYS = env_int("EPI_MAIL_KEEP_DAYS", 365, least=30)
QUARANTINE_DAYS = env_int("EPI_QUARANTINE_DAYS", 90, least=1)
INVITATION_DAYS = env_int("EPI_INVITATION_DAYS", 14, least=1)

# ---- third-party apps
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
SIMPLE_HISTORY_REVERT_DISABLED = True
FORM_RENDERER = "core.form_rendering.FormRenderer"
DEMO_ALLOWED = True  # production settings turn it off
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "core.logging.formatter"}},
    "filters": {"routes": {"()": "core.logging.RouteFilter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines", "filters": ["routes"]}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("EPI_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "django.db.backends": {"level": "INFO"},  # below it are values of queries
        "django.template": {"level": "INFO"},  # below it are whole contexts of pages, with what people typed
        "celery.beat": {"level": "WARNING"},  # a line per periodic task, several times a minute
        "celery.worker.strategy": {"level": "WARNING"},  # a line per task received; another one says when it is done
        "kombu.connection": {"level": "ERROR"},  # a broker in a folder has no host name
    },
}
