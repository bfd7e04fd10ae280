"""Cases of the end of an answer as a raw client sees them."""

from __future__ import annotations

import pytest
from cased import DIALECTS, HALF, LAST, TEXT, dispatched, read, show
from wires import Tool

pytestmark = pytest.mark.xdist_group("cases")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_half_of_an_answer_ends_cleanly(dialect: str, served: Tool) -> None:
    shown = show(served, "truncated-clean-end", dialect)
    assert shown.tail == LAST
    assert read(shown.body, dialect)[:3] == (HALF, False, [])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_body_stays_open_behind_the_terminal_event(dialect: str, served: Tool) -> None:
    shown = show(served, "done-then-open", dialect, quiet=0.3)
    assert (shown.tail, shown.seen.ended) == (b"", "quiet")
    assert read(shown.body, dialect)[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_at_all(dialect: str, served: Tool) -> None:
    shown = show(served, "empty-200", dialect)
    assert shown.code == 200
    assert (shown.seen.header("content-type") or "").startswith("text/event-stream")
    assert shown.seen.wire_body == LAST


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_terminal_event(dialect: str, served: Tool) -> None:
    shown = show(served, "no-terminal-event", dialect)
    assert shown.tail == LAST
    got = read(shown.body, dialect)
    assert (got.text, got.over) == (TEXT, False)
    if dialect == "openai-chat":
        assert got.values[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("case", "end"),
    [
        ("done-trailing-space", b"}\n\ndata: [DONE] \n\n"),
        ("done-twice", b"}\n\ndata: [DONE]\n\ndata: [DONE]\n\n"),
        ("data-after-done", b'}\n\ndata: [DONE]\n\ndata: {"choices": oops\n\n'),
    ],
)
def test_what_stands_around_done(case: str, end: bytes, served: Tool) -> None:
    shown = show(served, case, "openai-chat")
    assert shown.body.endswith(end)
    assert shown.tail == LAST
    assert read(shown.body, "openai-chat")[:2] == (TEXT, True)


def test_done_behind_a_response(served: Tool) -> None:
    shown = show(served, "done-on-responses", "openai-responses")
    *_, completed, done = dispatched(shown.body)
    assert (completed.name, done.data) == ("response.completed", "[DONE]")
    assert read(shown.body, "openai-responses")[:2] == (TEXT, True)
