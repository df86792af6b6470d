"""The WSGI application of the browser tests: the site, which also records the templates that it renders.

``/__page__/500.html`` shows an error page that no URL leads to.
"""

import os
from pathlib import Path

from django.template import loader
from django.template.base import Template

from epi_site.wsgi import application as site

RENDERED_TEMPLATES = Path(os.environ["EPI_DATA_DIR"]) / "templates.txt"
PAGE_PREFIX = "/__page__/"
_recorded: set[str] = set()
_render = Template._render


def _render_and_record(self, context):
    if self.name and self.name not in _recorded:
        _recorded.add(self.name)
        with RENDERED_TEMPLATES.open("a", encoding="utf-8") as file:
            file.write(f"{self.name}\n")
    return _render(self, context)


Template._render = _render_and_record


def application(environ, start_response):
    path = environ.get("PATH_INFO", "")
    if not path.startswith(PAGE_PREFIX):
        return site(environ, start_response)
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [loader.get_template(path.removeprefix(PAGE_PREFIX)).render({}).encode()]
