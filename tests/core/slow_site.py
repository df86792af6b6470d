"""A WSGI application for ``test_request_body``: returns the number of bytes of the body, with short time limits."""

from core import request_body

request_body.CHUNK_SECONDS = 2


def count_bytes(environ, start_response):
    try:
        count, status = len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))), "200 OK"
    except request_body.SlowBody:
        count, status = 0, "408 Request Timeout"
    start_response(status, [("Content-Type", "text/plain")])
    return [str(count).encode()]


application = request_body.TimedBody(count_bytes)
