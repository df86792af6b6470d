"""Activate the chosen language: the account's, else the cookie's, else the browser's."""

from django.conf import settings
from django.utils import translation
from django.utils.cache import patch_vary_headers


class PreferredLanguageMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        preferred = request.user.language if request.user.is_authenticated else ""
        language = preferred or request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if language not in dict(settings.LANGUAGES):
            language = translation.get_language_from_request(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        if request.user.is_authenticated and settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
            response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)  # the account's language counts from now on
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        response.headers.setdefault("Content-Language", language)
        return response
