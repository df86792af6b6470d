"""The WSGI application of the browser tests: the site, which also records the templates that it renders.

``/__page__/500.html`` shows an error page that no URL leads to.
"""

import os
from pathlib import Path

from django.template import loader
from django.template.base import Template

from epi_site.wsgi import application as site

SEEN = Path(os.environ["EPI_DATA_DIR"]) / "templates.txt"
PAGE = "/__page__/"
_noted: set[str] = set()
_render = Template._render


def _render_and_note(self, context):
    if self.name and self.name not in _noted:
        _noted.add(self.name)
        with SEEN.open("a", encoding="utf-8") as file:
            file.write(f"{self.name}\n")
    return _render(self, context)


Template._render = _render_and_note


def application(environ, start_response):
    path = environ.get("PATH_INFO", "")
    if not path.startswith(PAGE):
        return site(environ, start_response)
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [loader.get_template(path.removeprefix(PAGE)).render({}).encode()]
