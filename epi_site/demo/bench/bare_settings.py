"""Settings of the bare Django view that ``bench_http`` compares with: the site's without its middleware."""

from epi_site.settings.local import *  # noqa: F403 - settings modules are made this way
from epi_site.settings.local import TEMPLATES

MIDDLEWARE = ["allauth.account.middleware.AccountMiddleware"]  # without it, allauth refuses to start
ROOT_URLCONF = "epi_site.demo.bench.bare"
_options = TEMPLATES[0]["OPTIONS"] | {"context_processors": ["django.template.context_processors.request"]}
TEMPLATES = [TEMPLATES[0] | {"OPTIONS": _options}]
