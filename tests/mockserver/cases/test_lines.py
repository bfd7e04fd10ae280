"""Cases of an event stream's lines as a raw client sees them."""

from __future__ import annotations

import re

import pytest
from cased import DIALECTS, HALF, LAST, TEXT, dispatched, read, show
from wires import Tool

pytestmark = pytest.mark.xdist_group("cases")
EIGHT_MB = 8 * 1024 * 1024
SLOWLY = [*DIALECTS[:1], *(pytest.param(dialect, marks=pytest.mark.slow) for dialect in DIALECTS[1:])]
"""Of megabytes one dialect will do for every day."""


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("case", "never", "blank"),
    [("crlf", rb"[^\r]\n|\r[^\n]", b"\r\n\r\n"), ("cr-only", rb"\n", b"\r\r"), ("mixed-eol", rb"[^\r\n]\r", b"\n\r\n")],
)
def test_line_ends(case: str, never: bytes, blank: bytes, dialect: str, served: Tool) -> None:
    shown = show(served, case, dialect)
    assert not re.search(never, shown.body)
    assert shown.body.endswith(blank)
    assert (shown.tail, read(shown.body, dialect)[:2]) == (LAST, (TEXT, True))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_byte_order_mark_stands_first(dialect: str, served: Tool) -> None:
    shown = show(served, "bom-content-first", dialect)
    assert shown.body.startswith(b"\xef\xbb\xbf")
    assert shown.body.count(b"\xef\xbb\xbf") == 1
    first = shown.body[3:].partition(b"\n\n" if dialect != "gemini" else b"\r\n\r\n")[0]
    assert (b"Hello" in first) == (dialect in {"openai-chat", "gemini", "raw"})
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_fields_without_a_space(dialect: str, served: Tool) -> None:
    shown = show(served, "no-space", dialect)
    assert re.findall(rb"(?m)^(?:data|event): ", shown.body) == []
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_events_without_blank_lines_are_one(dialect: str, served: Tool) -> None:
    shown = show(served, "single-newline-events", dialect)
    eol = b"\r\n" if dialect == "gemini" else b"\n"
    assert shown.body.count(eol * 2) == 1
    assert shown.body.endswith(eol * 2)
    assert len(dispatched(shown.body)) == 1
    assert read(shown.body, dialect).flaws


@pytest.mark.parametrize("dialect", DIALECTS)
def test_blank_lines_before_events(dialect: str, served: Tool) -> None:
    shown = show(served, "leading-blank-lines", dialect)
    assert all(re.match(rb"(\r?\n){2}[de]", data) for data in shown.chunks)
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("case", "wire", "text"),
    [
        ("u2028", "one\u2028two", "one\u2028two\u2029three\u0085four five"),
        ("nul-escape", r"\u0000two", "one\0two three four"),
    ],
)
def test_odd_characters(case: str, wire: str, text: str, dialect: str, served: Tool) -> None:
    shown = show(served, case, dialect)
    assert wire.encode() in shown.body
    assert read(shown.body, dialect)[:2] == (text, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_raw_nul(dialect: str, served: Tool) -> None:
    shown = show(served, "nul-raw", dialect)
    assert re.search(rb"(?m)^\0\r?\n\r?\n", shown.body)
    assert b"id: a\0b" in shown.body
    assert {message.last_id for message in dispatched(shown.body)} == {""}
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_lone_octet(dialect: str, served: Tool) -> None:
    shown = show(served, "invalid-utf8", dialect)
    assert b" t\xffwo" in shown.body
    assert read(shown.body, dialect)[:2] == ("one t\ufffdwo three four", True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_last_event_is_not_closed(dialect: str, served: Tool) -> None:
    line = show(served, "no-final-blank-line", dialect)
    assert re.search(rb"[^\r\n]\r?\n\Z", line.body)
    none = show(served, "no-final-newline", dialect)
    assert none.body == line.body.rstrip(b"\r\n")
    for shown in (line, none):
        assert shown.tail == LAST
        assert read(shown.body, dialect)[:2] == (TEXT, False)
        closed = read(shown.body.rstrip(b"\r\n") + b"\n\n", dialect)
        assert closed[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", SLOWLY)
def test_an_event_of_megabytes(dialect: str, served: Tool) -> None:
    shown = show(served, "huge-event-8mb", dialect)
    assert max(len(data) for data in shown.chunks) == EIGHT_MB
    assert (shown.tail, read(shown.body, dialect)[:2]) == (LAST, (TEXT, True))


@pytest.mark.parametrize("dialect", SLOWLY)
def test_a_line_without_an_end(dialect: str, served: Tool) -> None:
    shown = show(served, "line-8mb-no-newline", dialect)
    assert shown.chunks[-1] == b"data: " + b"x" * EIGHT_MB
    assert (shown.tail, shown.seen.ended) == (b"", "eof")
    assert read(shown.body, dialect)[:2] == (HALF, False)
