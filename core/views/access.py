"""Who gets a page: what may not be seen is 404, what may be seen but not done is 403, and visitors get to sign in."""

from typing import Any

import rules
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.views.generic import View


def may(user: Any, permission: str, row: Any = None) -> bool:
    """Return whether the rule allows it, for an object that is known to be visible."""
    return user.is_active and rules.has_perm(permission, user, row)


class LoginInsteadOf404Mixin:
    """First base of a view: anonymous visitors get the login page where others get the view's 404 or 403."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # a mixin: View comes after it
        except (Http404, PermissionDenied):
            if request.user.is_authenticated:
                raise
            return redirect_to_login(request.get_full_path())


class ObjectMixin(LoginInsteadOf404Mixin, View):
    """A page about one object: 404 if the user may not see it, 403 without ``permission``.

    Without ``rows`` the page is about no object: ``row`` is None, and ``permission`` is asked without one.
    """

    rows: Any = None  # a queryset with ``visible_to``
    permission = ""
    key = "pk"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.user: Any = request.user

    def get_rows(self) -> Any:
        return None if self.rows is None else self.rows.all()

    def find(self) -> Any:
        """Return the object; raises Http404. Override it where one key and ``visible_to`` do not find it."""
        rows = self.get_rows()
        if rows is None:
            return None
        return get_object_or_404(rows.visible_to(self.user), **{self.key: self.kwargs[self.key.split("__")[-1]]})

    @cached_property
    def row(self) -> Any:
        """The object; raises Http404 or PermissionDenied. Each handler must access it first."""
        row = self.find()
        if not self.is_allowed(row):
            raise PermissionDenied
        return row

    def is_allowed(self, row: Any) -> bool:
        return not self.permission or may(self.user, self.permission, row)

    def may(self, permission: str, row: Any = None) -> bool:
        return may(self.user, permission, row or self.row)
