"""Forms with fields whose rows are searched: the button of the form, and the answer to the script of the page."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from core import rate_limits, row_search
from core.forms import keep_typed
from core.row_search import Found

from .forms import ServiceFormView

SEARCHES, SECONDS = 60, 60  # of one person


class RowSearchMixin:
    """A page with forms that have ``SearchedField``s. Who may open it may search the rows that they accept."""

    request: HttpRequest
    user: Any

    def offer_typed(self, form: Any) -> Any:
        """Offer what is filled in after the page is rendered, too: what was typed before and could not be saved."""
        for name, field in row_search.searched_fields(form).items():
            field.typed = [value for fields in self._kept_inputs() for value in fields.get(name, [])]
        return form

    def _kept_inputs(self) -> list[Any]:
        row = getattr(self.request, "opened_form_input", None)
        rows = [] if row is None else [row, row.repeats]
        return [*(row.fields for row in rows if row), getattr(self.request, "typed_fields", {})]

    def search(self, forms: Iterable[Any], data: Any) -> tuple[Any, Found]:
        """Search the rows of the field that the button names, which offers them. Returns it with what was found."""
        name = data[row_search.BUTTON]
        field = next((found for form in forms if (found := row_search.searched_fields(form).get(name))), None)
        if field is None:
            raise Http404
        field.searched = data.get(row_search.TEXT + name, "")
        if rate_limits.is_over(f"row-search-{self.user.pk}", SEARCHES, SECONDS):
            field.found = Found([], _("Too many searches. Wait a minute, then search again."))
        else:
            field.found = field.search(field.searched)
        return field, field.found

    def answer_script(self, forms: Iterable[Any]) -> JsonResponse:
        field, found = self.search(forms, self.request.GET)
        return JsonResponse({"text": found.text, "rows": field.options(found.rows)})


class RowSearchView(RowSearchMixin, ServiceFormView):
    def make_form(self, data: Any = None, files: Any = None) -> Any:
        return self.offer_typed(super().make_form(data, files))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if row_search.BUTTON not in request.GET:
            return super().get(request, *args, **kwargs)
        self.row  # noqa: B018 - raises 404 or 403 first
        return self.answer_script([self.make_form()])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if row_search.BUTTON not in request.POST:
            return super().post(request, *args, **kwargs)
        self.row  # noqa: B018 - raises 404 or 403 first
        form = self.make_form()
        keep_typed(form, request.POST)
        self.search([form], request.POST)
        return self.show(form)
