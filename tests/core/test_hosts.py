import pytest

from core.hosts import is_loopback


@pytest.mark.parametrize(
    "host, expected",
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.0.2.7", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_is_loopback_for_addresses_of_this_machine(host, expected):
    assert is_loopback(host) is expected
