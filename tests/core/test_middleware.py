import pytest
import structlog
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import BadRequest
from django.db import DataError, OperationalError
from django.http import HttpResponse
from django.test import RequestFactory

from core.middleware import BadInputMiddleware, RequestIdMiddleware
from tests.factories import UserFactory
from tests.factories.people import PASSWORD


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


def test_neither_path_nor_query_string_is_logged(get_response, caplog):
    with caplog.at_level("INFO"):
        get_response("/account/invitation/token/?q=somebody")

    assert "'route': 'none'" in caplog.text
    assert "token" not in caplog.text
    assert "somebody" not in caplog.text


@pytest.mark.django_db
def test_route_is_logged(client, caplog):
    with caplog.at_level("INFO"):
        client.get("/account/invitation/token/")

    assert "account/invitation/<str:token>/" in caplog.text


# ---- health checks


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "anything.example", "bad_host"])
def test_health_checks_answer_any_host(client, own_storage, path, host):
    assert client.get(path, headers={"host": host}).status_code == 200


@pytest.mark.django_db
def test_other_pages_refuse_an_unknown_host(client):
    assert client.get("/about/", headers={"host": "anything.example"}).status_code == 400


# ---- characters that cannot be stored


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/cities/%00/", "/cities/?page=%00", "/cities/?%00=1", "/verify/?hash=%00"])
def test_nul_in_address_is_400(client, path):
    response = client.get(path)

    assert response.status_code == 400
    assert "This request could not be read" in response.content.decode()
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.django_db
def test_nul_in_cookie_is_ignored(client):
    client.cookies["sessionid"] = "a\0b"
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "sv"

    response = client.get("/about/")

    assert response.status_code == 200
    assert response.headers["Content-Language"] == "sv"


@pytest.mark.parametrize("typed", ["a\0b", "a\ud800b", "\0ab\udfff"])
def test_characters_that_cannot_be_stored_are_removed_from_forms(typed):
    request = RequestFactory().post("/", {"text": "x", "a": "1"})
    posted = request.POST.copy()
    posted.setlist("te\0xt", [typed, "kept"])
    request.POST = posted

    BadInputMiddleware(lambda _request: None).process_view(request, None)

    assert request.POST.getlist("text") == ["ab", "kept"]
    assert request.POST["a"] == "1"


@pytest.mark.parametrize(
    "typed,kept",
    [
        ("\u200b" * 9, ""),
        (" \n\u2060\ufeff \u200d", ""),
        ("\u202e\u202c", ""),
        ("\0\u3164", ""),
        ("  \n", "  \n"),
        ("a\u200bb", "a\u200bb"),
        ("\U0001f469\u200d\U0001f469", "\U0001f469\u200d\U0001f469"),
    ],
)
def test_text_of_which_nothing_can_be_seen_is_empty(typed, kept):
    request = RequestFactory().post("/", {"text": typed, "a": "1"})

    BadInputMiddleware(lambda _request: None).process_view(request, None)

    assert (request.POST["text"], request.POST["a"]) == (kept, "1")


@pytest.mark.parametrize("error", [OverflowError("too large"), DataError("value too long for type")])
def test_value_too_large_for_the_database_is_400(error):
    with pytest.raises(BadRequest):
        BadInputMiddleware(lambda _request: None).process_exception(RequestFactory().get("/"), error)


@pytest.mark.django_db
def test_too_long_address_is_414(client):
    response = client.get("/cities/", {"q": "x" * 9_000})

    assert response.status_code == 414
    assert "This address is too long" in response.content.decode()


# ---- sessions


def _failing(error):
    def save(self, must_create=False):
        raise error

    return save


@pytest.mark.django_db
@pytest.mark.parametrize("error", [UpdateError(), OperationalError("the connection is lost")])
def test_saved_form_is_not_answered_as_refused_when_the_session_cannot_be_saved(client, monkeypatch, error):
    user = UserFactory()
    client.force_login(user)
    monkeypatch.setattr(SessionStore, "save", _failing(error))

    response = client.post("/account/preferences/", {"language": "sv"})

    user.refresh_from_db()
    assert user.language == "sv"
    assert (response.status_code, response["Location"]) == (302, "/account/preferences/")


@pytest.mark.django_db
def test_sign_in_without_session_is_not_answered_as_done(client, monkeypatch):
    user = UserFactory()
    save = SessionStore.save

    def fail_after_creation(self, must_create=False):
        if not must_create:
            raise OperationalError("the connection is lost")
        return save(self, must_create)

    monkeypatch.setattr(SessionStore, "save", fail_after_creation)

    response = client.post("/account/login/", {"login": user.email, "password": PASSWORD})

    assert response.status_code == 503


# ---- logs


def test_health_checks_are_not_logged(get_response, caplog):
    with caplog.at_level("INFO"):
        get_response("/healthz")

    assert caplog.text == ""
