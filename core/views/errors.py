"""The pages of errors."""

import sys
import uuid
from http import HTTPStatus

from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.middleware import csrf
from django.views import defaults

from core import form_inputs, form_pages, form_tokens
from core.error_pages import error_page, outage_page
from core.form_middleware import held
from core.form_views import DraftSave, signed_out

TOO_MUCH = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
FROM_ELSEWHERE = ("Origin checking failed", "Referer checking failed")


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
    """Keep what was posted, and show it in its form again. A form of another site is refused."""
    if reason.startswith(FROM_ELSEWHERE):
        return error_page(request, HTTPStatus.FORBIDDEN, "403_csrf.html", cause="elsewhere")
    if request.resolver_match and getattr(request.resolver_match.func, "view_class", None) is DraftSave:
        return signed_out()
    token = form_tokens.of_post(request)
    if token is not None and "HX-Request" not in request.headers and not form_inputs.has_secret(request):
        return held(request, token)
    if reason == csrf.REASON_NO_CSRF_COOKIE:
        return error_page(request, HTTPStatus.FORBIDDEN, "403_csrf.html", cause="cookie")
    if form_tokens.is_from_this_site(request) and "HX-Request" not in request.headers:
        return form_pages.shown_again(request)
    return error_page(request, HTTPStatus.FORBIDDEN, "403_csrf.html", cause="old")


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
