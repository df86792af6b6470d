"""The login page instead of a 404 for anonymous visitors, lists with pages, and the views of errors."""

import sys
import uuid
from http import HTTPStatus
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware import csrf
from django.views import defaults
from django.views.generic import ListView

from .error_pages import error_page, outage_page

TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
FROM_ELSEWHERE = ("Origin checking failed", "Referer checking failed")


class LoginInsteadOf404Mixin:
    """First base of a view: anonymous visitors get the login page where others get the view's 404 or 403."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # a mixin: View comes after it
        except (Http404, PermissionDenied):
            if request.user.is_authenticated:
                raise
            return redirect_to_login(request.get_full_path())


class PagedListView(ListView):
    """A list that shows its first page for a number that is none, and its last page for one that is too high."""

    def paginate_queryset(self, queryset: Any, page_size: int) -> Any:
        paginator = self.get_paginator(queryset, page_size)
        page = paginator.get_page(self.request.GET.get(self.page_kwarg))
        return paginator, page, page.object_list, page.has_other_pages()


# ---- errors


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 413 to a POST beyond the limits of the settings; Django would answer 400."""
    is_too_much = isinstance(exception, TOO_MUCH)
    return error_page(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_too_much else HTTPStatus.BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if "HX-Request" in request.headers:
        return error_page(request, HTTPStatus.FORBIDDEN, "403_part.html")
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if "HX-Request" in request.headers:
        return error_page(request, HTTPStatus.NOT_FOUND, "404_part.html")
    return defaults.page_not_found(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say why the form was refused: no cookie, sent from another site, or open for too long."""
    cause = "old"
    if reason == csrf.REASON_NO_CSRF_COOKIE:
        cause = "cookie"
    elif reason.startswith(FROM_ELSEWHERE):
        cause = "elsewhere"
    return error_page(request, HTTPStatus.FORBIDDEN, "403_csrf.html", cause=cause)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Answer a rate limit of allauth, which also refuses if the cache takes nothing because the disk is full."""
    key = f"429-{uuid.uuid4().hex}"
    if not cache.add(key, 1, timeout=10):
        return error_page(request, HTTPStatus.INSUFFICIENT_STORAGE)
    cache.delete(key)
    return error_page(request, HTTPStatus.TOO_MANY_REQUESTS)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page for an outage where middleware raised the error, else that for an error of our own."""
    error = sys.exc_info()[1]
    return (error and outage_page(request, error)) or error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR)
