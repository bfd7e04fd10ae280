"""The raw client of `verify` and the demo sees an answer as the recorder would, without writing anything down."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from wires import SSE_HEAD, Finish, Hold, Reset, ScriptedUpstream, Send, Step, Wait, chunk, event, head

from cassettes.model import Timeline
from recorder.upstream import UpstreamError
from recorder.watching import watch

ONE, TWO = event("one"), event("two")
LAST = b"0\r\n\r\n"
PART = b"HTTP/1.1 200 OK\r\nX-"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
Run = Callable[[Coroutine[Any, Any, Timeline]], Timeline]


def watched(run: Run, *script: Step, method: str = "POST", idle: float = 20.0) -> Timeline:
    with ScriptedUpstream(script) as upstream:
        return run(watch(method, f"{upstream.url}/v1", (("Content-Length", "2"),), b"{}", time.monotonic, idle))


def test_a_whole_answer(run: Run) -> None:
    body = chunk(ONE) + chunk(TWO) + b"0\r\nX-Sum: 7\r\n\r\n"
    seen = watched(run, Send(SSE_HEAD), Wait(0.05), Send(body))
    assert seen.head is not None
    assert (seen.head.code, seen.head.message, seen.framing) == (200, "OK", "chunked")
    assert [(frame.data, frame.more) for frame in seen.frames] == [(ONE, False), (TWO, False)]
    assert seen.trailers == (("X-Sum", "7"),)
    assert (seen.end.type, seen.end.at, seen.end.missing) == ("eof", "body", 0)
    assert 0.0 <= seen.head_at_ms < seen.frames[0].at_ms <= seen.end_at_ms


def test_a_pause_inside_a_chunk(run: Run) -> None:
    wire = chunk(ONE)
    seen = watched(run, Send(SSE_HEAD + wire[:20]), Wait(0.05), Send(wire[20:] + LAST))
    assert [frame.more for frame in seen.frames] == [True, False]
    assert b"".join(frame.data for frame in seen.frames) == ONE


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ((Send(SSE_HEAD + chunk(ONE)), Reset()), ("reset", "body", 0)),
        ((Send(SSE_HEAD + chunk(ONE)), Finish()), ("cut", "body", 0)),
        ((Send(SSE_HEAD + chunk(ONE)[:20]), Finish()), ("cut", "body", len(ONE) - 16)),
        ((Send(head("Content-Length: 9") + b"abc"), Finish()), ("cut", "body", 6)),
        ((Send(head() + b"abc"), Finish()), ("eof", "body", 0)),
        ((Send(PART), Reset()), ("reset", "head", 0)),
        ((Finish(),), ("cut", "request", 0)),
    ],
    ids=["reset", "cut", "mid-chunk", "length", "close", "in-head", "nothing"],
)
def test_endings(script: tuple[Step, ...], expected: tuple[str, str, int], run: Run) -> None:
    seen = watched(run, *script)
    assert (seen.end.type, seen.end.at, seen.end.missing) == expected
    assert seen.partial_head == (PART if expected[1] == "head" else b"")
    assert (seen.head is None) == (expected[1] != "body")


def test_silence_ends_it_after_a_time(run: Run) -> None:
    seen = watched(run, Send(SSE_HEAD + chunk(ONE)), Hold(), idle=0.2)
    assert (seen.end.type, seen.frames[0].data) == ("timeout", ONE)
    assert seen.end_at_ms - seen.frames[0].at_ms >= 199.0


def test_1xx_heads_before_the_head(run: Run) -> None:
    seen = watched(run, Send(HINTS), Wait(0.02), Send(SSE_HEAD + LAST))
    assert seen.head is not None
    assert seen.head.code == 200
    assert seen.frames == ()


def test_a_head_has_no_body(run: Run) -> None:
    seen = watched(run, Send(head("Content-Length: 100")), Hold(), method="HEAD")
    assert (seen.end.type, seen.frames) == ("eof", ())


def test_no_server(run: Run) -> None:
    with ScriptedUpstream((Finish(),)) as upstream:
        url = upstream.url
    with pytest.raises(UpstreamError, match="connection refused"):
        run(watch("GET", url, (), b"", time.monotonic))
