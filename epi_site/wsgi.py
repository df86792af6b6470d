"""The WSGI application. Refuses to serve real people while one of the checks at startup fails."""

import os

from django.core.wsgi import get_wsgi_application
from django.db import connections

from core import private_files
from core.request_body import LimitedBody

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.local")
application = LimitedBody(get_wsgi_application())

from .checks import (  # noqa: E402 - models are loaded by the line above
    refuse_demo_accounts,
    refuse_missing_triggers,
    refuse_other_data_folder,
)

os.umask(private_files.OTHERS)  # messages to the worker
refuse_demo_accounts()
refuse_missing_triggers()
refuse_other_data_folder()
connections.close_all()  # each thread that answers opens its own
