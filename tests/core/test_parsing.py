import pytest

from core.parsing import parse_pk


@pytest.mark.parametrize(
    "text, pk",
    [
        ("7", 7),
        ("007", 7),
        ("", None),
        (None, None),
        ("²", None),
        ("٣", None),
        ("-1", None),
        ("1\n", None),
        ("9" * 19, None),
    ],
)
def test_parse_pk_returns_none_for_invalid_text(text, pk):
    assert parse_pk(text) == pk
