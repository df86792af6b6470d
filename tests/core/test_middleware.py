import pytest
import structlog
from django.http import HttpResponse
from django.test import RequestFactory

from core.middleware import RequestIdMiddleware


@pytest.fixture
def get_response():
    """Return the response to a request with the given headers, and the log context bound during it."""

    def get_response(path="/", **headers):
        bound = {}

        def view(request):
            bound.update(structlog.contextvars.get_contextvars(), id=request.id)
            return HttpResponse("ok")

        response = RequestIdMiddleware(view)(RequestFactory().get(path, headers=headers))
        return response, bound

    return get_response


def test_request_id_is_in_response_and_log(get_response):
    response, bound = get_response()

    assert response.headers["X-Request-ID"] == bound["id"] == bound["request_id"]
    assert len(bound["id"]) == 32
    assert "request_id" not in structlog.contextvars.get_contextvars()


def test_request_id_of_proxy_is_kept(get_response):
    response, _bound = get_response(**{"X-Request-ID": "proxy-0123456789"})

    assert response.headers["X-Request-ID"] == "proxy-0123456789"


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space in it", "forged\nline-of-the-log"])
def test_malformed_request_id_is_replaced(get_response, given):
    response, _bound = get_response(**{"X-Request-ID": given})

    assert response.headers["X-Request-ID"] != given


def test_path_is_logged_without_query_string(get_response, caplog):
    with caplog.at_level("INFO"):
        get_response("/search/?q=somebody")

    assert "/search/" in caplog.text
    assert "somebody" not in caplog.text


def test_health_checks_are_not_logged(get_response, caplog):
    with caplog.at_level("INFO"):
        get_response("/healthz")

    assert caplog.text == ""
