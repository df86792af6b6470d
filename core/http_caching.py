"""What browsers and shared caches may keep of an answer, and how it is compressed."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import get_conditional_response, patch_cache_control, set_response_etag

KEPT_BY_ALL = "public, no-cache"  # no-cache: kept, but asked for each time
COMPRESSED_TYPES = ("text/", "application/json", "image/svg+xml")


class CacheControlMiddleware:
    """Let shared caches keep pages that are the same for every visitor, and ask each time whether they still are.

    Such a page has an ETag, and is answered 304 while it is the same. All others are private. Not ``no-store``: going
    back would then lose what was typed and not yet sent.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.has_header("Cache-Control"):
            return response
        if not is_same_for_everybody(request, response):
            patch_cache_control(response, private=True, no_cache=True)
            return response
        response.headers["Cache-Control"] = KEPT_BY_ALL
        set_response_etag(response)
        return get_conditional_response(request, etag=response.headers["ETag"], response=response) or response


def is_same_for_everybody(request: HttpRequest, response: Any) -> bool:
    """Return whether every visitor without a session would get this answer, but for the language.

    A page with a form of its own has a token, and one for htmx is a part of a page.
    """
    return (
        request.method in ("GET", "HEAD")
        and response.status_code == HTTPStatus.OK
        and not response.streaming
        and not response.cookies
        and is_visitor(request)
        and "HX-Request" not in request.headers
        and not request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
    )


def is_visitor(request: HttpRequest) -> bool:
    """Return whether nobody is signed in and no session, which may have a message, was sent or begun."""
    return settings.SESSION_COOKIE_NAME not in request.COOKIES and not request.session.modified


def unchanged(request: HttpRequest, etag: str) -> HttpResponse | None:
    """Return 304 if the visitor has this version already, else None: what is public but costs much to make."""
    response = get_conditional_response(request, etag=etag)
    if response is not None:
        response.headers["Cache-Control"], response.headers["ETag"] = KEPT_BY_ALL, etag
    return response


class CompressionMiddleware(GZipMiddleware):
    """Compress texts, with Django's guard against BREACH: a random number of bytes hides how well a page compresses.

    Pictures, PDFs and spreadsheets are compressed already, and stored files are sent as they are.
    """

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        is_text = response.headers.get("Content-Type", "").startswith(COMPRESSED_TYPES)
        return super().process_response(request, response) if is_text and not response.streaming else response
