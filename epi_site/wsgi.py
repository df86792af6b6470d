"""The WSGI application. Refuses to serve real people while one of the checks at startup fails."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "epi_site.settings.local")
application = get_wsgi_application()

from .checks import (  # noqa: E402 - models are loaded by the line above
    refuse_demo_accounts,
    refuse_missing_triggers,
    refuse_other_data_folder,
)

refuse_demo_accounts()
refuse_missing_triggers()
refuse_other_data_folder()
