"""Values of arguments, as they are written."""

import pytest

from cassettes.model import TokentapeError
from mockserver.faults import kinds


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (kinds.count, "12", 12),
        (kinds.size, "8000", 8000),
        (kinds.size, "64k", 65536),
        (kinds.size, "8MB", 8 * 1024 * 1024),
        (kinds.some_time, "1.5s", 1500.0),
        (kinds.choice("a-b", "c"), "A_B", "a-b"),
        (kinds.status_code, "529", 529),
        (kinds.field_text, "a b", "a b"),
        (kinds.field_name, "x-a", "x-a"),
        (kinds.switch, "Yes", True),
        (kinds.switch, "false", False),
        (kinds.raw, " ", " "),
    ],
)
def test_values(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((kinds.count, text) for text in ("", "0", "-1", "1.5", "9" * 10, "²")),
        *((kinds.size, text) for text in ("", "0", "1gb", "65mb", "x")),
        *((kinds.some_time, text) for text in ("0ms", "0", "5", "x")),
        (kinds.choice("a", "b"), "c"),
        *((kinds.status_code, text) for text in ("99", "199", "600", "4x9", "1000")),
        *((kinds.field_text, text) for text in ("a\nb", "a\rb", "\0")),
        *((kinds.field_name, text) for text in ("", "a b", "a:b", "é")),
        (kinds.switch, "maybe"),
    ],
)
def test_what_is_none(read, text):
    with pytest.raises(TokentapeError):
        read(text)


def test_the_nearest():
    assert kinds.nearest("rest", ["reset", "cut"]) == "; did you mean reset?"
    assert kinds.nearest("zzz", ["reset"]) == ""
