"""Pages that show something and change nothing."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.generic import TemplateView

from .access import ObjectMixin


class DetailPage(ObjectMixin, TemplateView):
    """A page about one object. ``name``: name of the object in the template's context."""

    name = "row"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(**{self.name: self.row}))
