"""What the pages here share: rows that one sees, acts that a rule allows, sentences where it is not possible now."""

import csv
from typing import Any

import rules
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from cities.models import Installation
from core.charts import csv_rows
from core.exceptions import EditedMeanwhile, TellableError
from core.views import StrangersSignIn
from strategies.models import Strategy


def may(user: Any, permission: str, row: Any = None) -> bool:
    """Whether the rule allows it, for a row that is known to be visible."""
    return user.is_active and rules.has_perm(permission, user, row)


class OfRow(StrangersSignIn, View):
    """A page about one row: 404 where it is not seen, 403 where ``permission`` does not allow it."""

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
        """The row, seen and allowed. Each handler touches it first."""
        row = self.find()
        if not self.is_allowed(row):
            raise PermissionDenied
        return row

    def is_allowed(self, row) -> bool:
        return not self.permission or may(self.user, self.permission, row)

    def may(self, permission: str, row: Any = None) -> bool:
        return may(self.user, permission, row or self.row)


class OfPlan(OfRow):
    """About one strategy: of a city the current one, or with its number (``Strategy.ref``) one before or after it."""

    rows = Strategy.objects.for_pages()

    def find(self):
        slug, _slash, number = self.kwargs["slug"].partition("/")
        rows = self.get_rows().visible_to(self.user).filter(city__slug=slug)
        return get_object_or_404(rows.filter(pk=number) if number else rows.current())


class RowPage(OfRow, TemplateView):
    """Shows the row under ``name``."""

    name = "row"

    def get(self, request, *args, **kwargs):
        return self.render_to_response(self.get_context_data(**{self.name: self.row}))


class RowAct(OfRow):
    """A post that does one thing by a service, says so, and goes back."""

    http_method_names = ["post"]
    done = ""

    def act(self) -> Any:
        raise NotImplementedError

    def back(self) -> str:
        return self.row.get_absolute_url()

    def post(self, request, *args, **kwargs):
        row = self.row
        try:
            self.act()
        except TellableError as error:
            messages.error(request, str(error))
        else:
            if self.done:
                messages.success(request, self.done)
        return redirect(self.back() if row else "/")


class RowForm(OfRow, TemplateView):
    """A form about the row. ``save`` calls the service; what a person can be told becomes an error of the form."""

    name = "row"
    done = ""

    def make_form(self, data=None, files=None):
        raise NotImplementedError

    def save(self, form) -> Any:
        raise NotImplementedError

    def back(self) -> str:
        return self.row.get_absolute_url()

    def done_url(self) -> str:
        """Where it goes on when all is saved."""
        return self.back()

    def get(self, request, *args, **kwargs):
        self.row  # noqa: B018 - refuses before anything is made
        return self.show(self.make_form())

    def post(self, request, *args, **kwargs):
        self.row  # noqa: B018 - refuses before anything is made
        form = self.make_form(request.POST, request.FILES)
        if form.is_valid():
            try:
                self.save(form)
            except EditedMeanwhile as error:
                form.catch_up(self.current_of(form, error))
            except TellableError as error:
                tell(form, error)
            else:
                if self.done:
                    messages.success(request, self.done)
                return redirect(self.done_url())
        return self.show(form, status=409 if getattr(form, "differences", None) else 200)

    @staticmethod
    def current_of(form, error):
        found = getattr(error, "current", None)
        return found or type(form.instance)._default_manager.get(pk=form.instance.pk)

    def show(self, form, status=200):
        context = self.get_context_data(**{self.name: self.row, "form": form})
        return self.render_to_response(context, status=status)


def tell(form: Any, error: TellableError) -> None:
    """The service's sentence beside the field that it is about, else on top."""
    for name, sentence in (getattr(error, "errors", None) or {None: str(error)}).items():
        form.add_error(name if name in form.fields else None, str(sentence))


def csv_answer(name: str, rows: Any) -> HttpResponse:
    """A table to take away; a demonstration says in its first line that it is one."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.write("\ufeff")
    writer = csv.writer(response)
    if Installation.objects.filter(is_demo=True).exists():
        writer.writerow([_("# Illustrative content (demonstration)")])
    writer.writerows(csv_rows(rows))
    return response
