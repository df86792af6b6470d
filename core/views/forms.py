"""Pages that change something: each calls one service, whose user-facing errors are shown where they belong."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.generic import TemplateView

from core.exceptions import ConfirmationNeeded, EditConflict, UserFacingError
from core.forms import with_numbers

from .access import ObjectMixin


def attempt(request: HttpRequest, action: Callable[[], Any], done: Any = "") -> bool:
    """Call a service and return whether it succeeded. Shows its user-facing error, or else ``done``, as a message."""
    try:
        action()
    except UserFacingError as error:
        messages.error(request, str(error))
        return False
    if done:
        messages.success(request, done)
    return True


class ActionView(ObjectMixin):
    """POST only: ``perform`` calls a service; then it shows the ``success_message`` and redirects to
    ``get_success_url``.
    """

    http_method_names = ["post"]
    success_message: Any = ""

    def perform(self) -> Any:
        raise NotImplementedError

    def get_success_url(self) -> str:
        return self.row.get_absolute_url()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.row  # noqa: B018 - raises 404 or 403 first
        if attempt(request, self.perform) and self.success_message:
            messages.success(request, self.success_message)
        return redirect(self.get_success_url())


class ServiceFormView(ObjectMixin, TemplateView):
    """A form about the object. ``save`` calls the service; its user-facing errors become errors of the form."""

    name = "row"
    form_class: Any = None
    success_message: Any = ""

    def make_form(self, data: Any = None, files: Any = None) -> Any:
        return self.form_class(data, files, **self.get_form_kwargs())

    def get_form_kwargs(self) -> dict[str, Any]:
        return {}

    def save(self, form: Any) -> Any:
        raise NotImplementedError

    def get_success_url(self) -> str:
        return self.row.get_absolute_url()

    def get_saved_url(self) -> str:
        """Return the URL to redirect to after saving."""
        return self.get_success_url()

    def show_success(self, form: Any) -> None:
        if self.success_message:
            messages.success(self.request, with_numbers(self.success_message, form))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.row  # noqa: B018 - raises 404 or 403 first
        return self.show(self.make_form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.row  # noqa: B018 - raises 404 or 403 first
        form = self.make_form(request.POST, request.FILES)
        if form.is_valid():
            try:
                self.save(form)
            except EditConflict as error:
                form.show_conflict(self.get_current(form, error))
            except UserFacingError as error:
                self.show_error(form, error)
            else:
                self.show_success(form)
                return self.finish(form)
        return self.show(form, status=HTTPStatus.CONFLICT if getattr(form, "differences", None) else HTTPStatus.OK)

    def show_error(self, form: Any, error: UserFacingError) -> None:
        add_form_errors(form, error)

    def finish(self, form: Any) -> HttpResponse:
        """Answer after saving."""
        return redirect(self.get_saved_url())

    def get_current(self, form: Any, error: EditConflict) -> Any:
        return error.current or type(form.instance)._default_manager.get(pk=form.instance.pk)

    def show(self, form: Any, status: int = HTTPStatus.OK) -> HttpResponse:
        context = self.get_context_data(**{self.name: self.row, "form": form})
        return self.render_to_response(context, status=status)


def add_form_errors(form: Any, error: UserFacingError) -> None:
    """Add the service's error to the field that it is about, else to the form; where it asks, add a checkbox."""
    if isinstance(error, ConfirmationNeeded) and hasattr(form, "ask_confirmation"):
        form.ask_confirmation(error.errors)
    for name, sentence in (error.errors or {"": str(error)}).items():
        form.add_error(name if name in form.fields else None, str(sentence))
