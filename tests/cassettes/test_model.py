"""The nouns: frozen, hashable where they are keys, and errors that carry their place and exit code."""

import msgspec
import pytest

from cassettes.model import (
    Cassette,
    CassetteError,
    Chunk,
    Ending,
    Frame,
    Head,
    Interaction,
    Request,
    Response,
    Stream,
    Timeline,
    TokentapeError,
    header,
)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (Ending(), "type"),
        (Stream(), "framing"),
        (Request("GET", "https://example.invalid/"), "uri"),
        (Head(), "code"),
        (Cassette(), "interactions"),
        (Timeline(head=None, head_at_ms=0.0, frames=(), end=Ending(), end_at_ms=0.0), "frames"),
        (Chunk(0.0, 1), "size"),
        (Frame(0.0, b"x"), "data"),
    ],
)
def test_values_are_frozen(value: object, field: str) -> None:
    with pytest.raises(AttributeError):
        setattr(value, field, None)


def test_equal_parts_make_equal_interactions() -> None:
    def one() -> Interaction:
        stream = Stream(chunks=(Chunk(0.1, 2),))
        return Interaction(
            Request("POST", "https://example.invalid/", (("A", "b"),), b"{}"), Response(200, "OK", (), b"ab", stream)
        )

    assert one() == one()
    assert hash(one().request) == hash(one().request)
    assert msgspec.structs.replace(one().request, body=b"") != one().request


def test_a_header_is_found_without_case_and_the_first_wins() -> None:
    headers = (("X-One", "1"), ("x-one", "2"), ("Content-Type", "text/plain"))
    assert header(headers, "x-ONE") == "1"
    assert header(headers, "content-type") == "text/plain"
    assert header(headers, "x-two") is None


def test_errors_say_their_place_and_exit_code() -> None:
    error = CassetteError("found 3 bytes, expected 4", "tape.yaml:7:3")
    assert str(error) == "tape.yaml:7:3: found 3 bytes, expected 4"
    assert (error.place, error.exit_code) == ("tape.yaml:7:3", 3)
    assert str(CassetteError("no tape")) == "no tape"
    assert TokentapeError("x").exit_code == 1
    assert isinstance(error, TokentapeError)
