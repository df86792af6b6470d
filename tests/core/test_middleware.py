import pytest
import structlog
from django.http import HttpResponse
from django.test import RequestFactory

from core.middleware import RequestIdMiddleware


@pytest.fixture
def answer():
    """Return the response to a request with these headers, and the log context during the request."""

    def answer(path="/", **headers):
        bound = {}

        def view(request):
            bound.update(structlog.contextvars.get_contextvars(), id=request.id)
            return HttpResponse("ok")

        response = RequestIdMiddleware(view)(RequestFactory().get(path, headers=headers))
        return response, bound

    return answer


def test_request_gets_an_id_that_the_answer_and_the_log_carry(answer):
    response, bound = answer()

    assert response.headers["X-Request-ID"] == bound["id"] == bound["request_id"]
    assert len(bound["id"]) == 32
    assert "request_id" not in structlog.contextvars.get_contextvars()


def test_id_of_a_proxy_is_kept(answer):
    response, _bound = answer(**{"X-Request-ID": "proxy-0123456789"})

    assert response.headers["X-Request-ID"] == "proxy-0123456789"


@pytest.mark.parametrize("given", ["short", "x" * 65, "with space in it", "forged\nline-of-the-log"])
def test_id_that_does_not_look_like_one_is_replaced(answer, given):
    response, _bound = answer(**{"X-Request-ID": given})

    assert response.headers["X-Request-ID"] != given


def test_address_is_logged_without_its_query(answer, caplog):
    with caplog.at_level("INFO"):
        answer("/search/?q=somebody")

    assert "/search/" in caplog.text
    assert "somebody" not in caplog.text


def test_probes_are_not_logged(answer, caplog):
    with caplog.at_level("INFO"):
        answer("/healthz")

    assert caplog.text == ""
