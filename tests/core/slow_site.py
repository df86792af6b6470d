"""A WSGI application for ``test_request_body``: returns the number of bytes of the body, with short time limits."""

import time

from core import request_body

request_body.SLOW_AFTER = 2


def count_bytes(environ, start_response):
    try:
        count, status = len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))), "200 OK"
    except request_body.SlowBody:
        count, status = 0, "408 Request Timeout"
    except request_body.TooManyBodies:
        count, status = 0, "503 Service Unavailable"
    if environ["PATH_INFO"] == "/busy":
        time.sleep(0.7)
    start_response(status, [("Content-Type", "text/plain")])
    return [str(count).encode()]


application = request_body.LimitedBody(count_bytes)
