"""Base views: object pages with visibility and permission checks, and actions and forms that call a service."""

from typing import Any

import rules
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.views.generic import TemplateView, View

from core.exceptions import EditConflict, UserFacingError
from core.forms import with_numbers
from core.views import LoginInsteadOf404Mixin
from strategies.exceptions import ConfirmationNeeded
from strategies.models import Strategy


def may(user: Any, permission: str, row: Any = None) -> bool:
    """Return whether the rule allows it, for an object that is known to be visible."""
    return user.is_active and rules.has_perm(permission, user, row)


class ObjectMixin(LoginInsteadOf404Mixin, View):
    """A page about one object: 404 if the user may not see it, 403 without ``permission``."""

    rows: Any = None  # a queryset with ``visible_to``
    permission = ""
    key = "pk"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.user = request.user

    def get_rows(self):
        return self.rows.all()

    def find(self):
        return get_object_or_404(
            self.get_rows().visible_to(self.user), **{self.key: self.kwargs[self.key.split("__")[-1]]}
        )

    @cached_property
    def row(self):
        """The object; raises Http404 or PermissionDenied. Each handler must access it first."""
        row = self.find()
        if not self.is_allowed(row):
            raise PermissionDenied
        return row

    def is_allowed(self, row) -> bool:
        return not self.permission or may(self.user, self.permission, row)

    def may(self, permission: str, row: Any = None) -> bool:
        return may(self.user, permission, row or self.row)


class StrategyMixin(ObjectMixin):
    """A page about one strategy: the city's current one or, with a number (``Strategy.ref``), another one."""

    rows = Strategy.objects.for_pages()

    def find(self):
        slug, _slash, number = self.kwargs["slug"].partition("/")
        rows = self.get_rows().visible_to(self.user).filter(city__slug=slug)
        return get_object_or_404(rows.filter(pk=number) if number else rows.current())


class DetailPage(ObjectMixin, TemplateView):
    """Detail page. ``name``: name of the object in the template context."""

    name = "row"

    def get(self, request, *args, **kwargs):
        return self.render_to_response(self.get_context_data(**{self.name: self.row}))


class ActionView(ObjectMixin):
    """POST only: ``perform`` calls a service; then it shows the ``success_message`` and redirects to
    ``get_success_url``.
    """

    http_method_names = ["post"]
    success_message = ""

    def perform(self) -> Any:
        raise NotImplementedError

    def get_success_url(self) -> str:
        return self.row.get_absolute_url()

    def post(self, request, *args, **kwargs):
        row = self.row
        try:
            self.perform()
        except UserFacingError as error:
            messages.error(request, str(error))
        else:
            if self.success_message:
                messages.success(request, self.success_message)
        return redirect(self.get_success_url() if row else "/")


class ServiceFormView(ObjectMixin, TemplateView):
    """A form about the object. ``save`` calls the service; its user-facing errors become errors of the form."""

    name = "row"
    success_message = ""

    def make_form(self, data=None, files=None):
        raise NotImplementedError

    def save(self, form) -> Any:
        raise NotImplementedError

    def get_success_url(self) -> str:
        return self.row.get_absolute_url()

    def get_saved_url(self) -> str:
        """Return the URL to redirect to after saving."""
        return self.get_success_url()

    def get(self, request, *args, **kwargs):
        self.row  # noqa: B018 - raises 404 or 403 first
        return self.show(self.make_form())

    def post(self, request, *args, **kwargs):
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
                if self.success_message:
                    messages.success(request, with_numbers(self.success_message, form))
                return redirect(self.get_saved_url())
        return self.show(form, status=409 if getattr(form, "differences", None) else 200)

    def show_error(self, form, error):
        add_form_errors(form, error)

    @staticmethod
    def get_current(form, error):
        found = getattr(error, "current", None)
        return found or type(form.instance)._default_manager.get(pk=form.instance.pk)

    def show(self, form, status=200):
        context = self.get_context_data(**{self.name: self.row, "form": form})
        return self.render_to_response(context, status=status)


def add_form_errors(form: Any, error: UserFacingError) -> None:
    """Add the service's error to the field that it is about, else to the form; where it asks, add a checkbox."""
    if isinstance(error, ConfirmationNeeded) and hasattr(form, "ask_confirmation"):
        form.ask_confirmation()
    for name, sentence in (getattr(error, "errors", None) or {None: str(error)}).items():
        form.add_error(name if name in form.fields else None, str(sentence))
