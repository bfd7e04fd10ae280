"""Every shape of chunk, framing and answer: relayed byte for byte, taped with its boundaries and gaps, replayed the same.

One journey for all cases at once; each answer closes its connection, so that a raw client sees exactly what there was.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from wires import (
    SSE_HEAD,
    Finish,
    ScriptedUpstream,
    Seen,
    Send,
    Step,
    Tool,
    Wait,
    ask,
    chunk,
    dechunked,
    event,
    head,
    post,
    tool,
    tools,
    wait_for,
)

from cassettes.model import Interaction
from cassettes.timeline import to_timeline
from cassettes.yamlio import load_file

pytestmark = pytest.mark.xdist_group("chunks")

LAST = b"0\r\n\r\n"
KOREAN = event("안녕하세요")
SYLLABLE = KOREAN.index("안".encode())
MEGABYTES = b'data: "' + b"0123456789abcdef" * (8 * 65536) + b'"\n\n'
NOT_UTF8 = (b"data: \xff\xfe\x00\x80", b"\xc3", b"(\n\n", bytes(range(256)))
ZIPPED = zlib.compressobj(wbits=31)
GZIP = *(ZIPPED.compress(event(str(n))) + ZIPPED.flush(zlib.Z_SYNC_FLUSH) for n in range(3)), ZIPPED.flush()
ROWS = tuple(json.dumps({"n": n, "text": "한글"}, ensure_ascii=False).encode() + b"\n" for n in range(4))


class Case(NamedTuple):
    """`wire`: what the upstream sends after `top`; `pieces`: the HTTP chunks (other framings: the body, undivided)."""

    top: bytes
    wire: bytes | Sequence[Step]
    pieces: tuple[bytes, ...]
    method: str = "POST"
    fields: tuple[str, ...] = ()


def chunked(*pieces: bytes, top: bytes = SSE_HEAD) -> Case:
    return Case(top, b"".join(map(chunk, pieces)) + LAST, pieces)


def typed(content_type: str, *more: str, status: str = "200 OK") -> bytes:
    return head(f"Content-Type: {content_type}", "Transfer-Encoding: chunked", *more, status=status)


def plain(status: str, body: bytes = b"", *fields: str, method: str = "POST") -> Case:
    top = head("Content-Type: application/json", f"Content-Length: {len(body)}", *fields, status=status)
    return Case(top, body, (body,) if body else (), method)


def failed(status: str) -> Case:
    body = json.dumps({"error": {"message": f"만료 {status}", "type": "t"}}, ensure_ascii=False).encode()
    return plain(status, body, "Retry-After: 1")


def dripped(wire: bytes) -> tuple[Step, ...]:
    """Byte by byte: size lines and line ends come on their own."""
    return tuple(step for byte in wire for step in (Send(bytes([byte])), Wait(0.002)))


EVENTS = tuple(event(str(n)) for n in range(50))
FIRST, REST = KOREAN[:30], KOREAN[30:]
PAUSED = (Send(b"%x\r\n" % len(KOREAN) + FIRST), Wait(0.1), Send(REST + b"\r\n" + LAST))
CASES: dict[str, Case] = {
    "utf8-split": chunked(KOREAN[: SYLLABLE + 1], KOREAN[SYLLABLE + 1 : SYLLABLE + 5], KOREAN[SYLLABLE + 5 :]),
    "crlf-split": chunked(b"data: a\r", b"\n\r", b"\ndata: b\r\n\r\n"),
    "blank-line-split": chunked(b"data: a\n", b"\ndata: b\n", b"\n"),
    "many-events-a-chunk": chunked(b"".join(EVENTS), b"".join(EVENTS[:7]) + EVENTS[7][:9], EVENTS[7][9:]),
    "one-byte-a-chunk": chunked(*(bytes([byte]) for byte in KOREAN)),
    "dripped": Case(SSE_HEAD[:30], dripped(SSE_HEAD[30:] + chunk(b"data: a\n\n") + chunk(b"d") + LAST), (b"data: a\n\n", b"d")),
    "pause-in-a-chunk": Case(SSE_HEAD, PAUSED, (KOREAN,)),
    "eight-megabytes": chunked(MEGABYTES, EVENTS[0]),
    "ten-thousand-events": chunked(*(event(str(n)) for n in range(10_000))),
    "not-utf8": chunked(*NOT_UTF8),
    "odd-text": chunked(b"data: \xef\xbb\xbf\xe2\x80\xa8 \t \n\n", b": ping\n\n", b"\x1b[0m\x85\r\r", b"\n\n\n"),
    "length": Case(head("Content-Type: text/event-stream", f"Content-Length: {len(KOREAN)}"), KOREAN, (KOREAN,)),
    "close": Case(head("Content-Type: text/event-stream"), (Send(KOREAN), Finish()), (KOREAN,)),
    "trailers": Case(SSE_HEAD, chunk(KOREAN) + b"0\r\nX-Sum: 7\r\nx-sum: 8\r\n\r\n", (KOREAN,)),
    "ndjson": chunked(ROWS[0] + ROWS[1][:5], ROWS[1][5:], b"".join(ROWS[2:]), top=typed("application/x-ndjson")),
    "json-array": chunked(b'[{"a":1}\n,', b'\r\n{"b"', b":2}\n]\n", top=typed("application/json; charset=UTF-8")),
    "400": failed("400 Bad Request"),
    "429": failed("429 Too Many Requests"),
    "500": failed("500 Internal Server Error"),
    "odd-status": failed("529 Site is overloaded"),
    "no-reason": failed("503 "),
    "redirect": plain("307 Temporary Redirect", b"", "Location: http://127.0.0.1:9/elsewhere?a=b#c"),
    "no-content": Case(head("X-Request-Id: r-1", status="204 No Content"), b"", ()),
    "not-modified": Case(head("ETag: abc", "Content-Length: 100", status="304 Not Modified"), b"", (), "GET"),
    "head-only": Case(head("Content-Type: text/plain", "Content-Length: 100"), b"", (), "HEAD"),
    "head-of-chunked": Case(SSE_HEAD, b"", (), "HEAD"),
    "get": Case(head("content-TYPE:text/plain", "X-A: 1", "x-a: 2", "Content-Length: 2"), b"ok", (b"ok",), "GET"),
    "zipped": chunked(*GZIP, top=typed("text/event-stream", "Content-Encoding: gzip")),
}  # fmt: skip
ENCODINGS = "Accept-Encoding: gzip, br"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
OWN_HINTS = HINTS.replace(b"\r\n\r\n", b"\r\nKeep-Alive: timeout=5\r\nX-Tokentape: a#1\r\n\r\n")
"""With what is of the upstream's connection, and our own mark."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Trip(NamedTuple):
    """One case: what the upstream was asked, what was seen live, the tape, what was seen again."""

    asked: bytes
    live: Seen
    tape: Interaction
    replay: Seen


def steps(case: Case) -> tuple[Step, ...]:
    wire = (Send(case.wire),) if isinstance(case.wire, bytes) else tuple(case.wire)
    return (Send(case.top), *wire)


def sent(case: Case) -> bytes:
    """What a client gets: the upstream's bytes, and that its own connection closes."""
    whole = b"".join(step.data for step in steps(case) if isinstance(step, Send))
    # White space around a header's value is no part of it (RFC 9112 5).
    whole = whole.replace(b"content-TYPE:text", b"content-TYPE: text")
    return whole.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)


def request(name: str, case: Case) -> bytes:
    body = json.dumps({"case": name}).encode() if case.method == "POST" else b""
    return post(f"/up/{name}", body, "Connection: close", ENCODINGS, method=case.method)


def asked(served: Tool) -> dict[str, Seen]:
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(CASES, pool.map(lambda name: ask(served.url, request(name, CASES[name])), CASES), strict=True))


def taped(folder: Path, recorder: Tool, count: int) -> dict[str, Interaction]:
    wait_for(lambda: recorder.recorded() == count, 30)
    found = (one for path in folder.rglob("*.yaml") for one in load_file(path).interactions)
    return {one.request.uri.rpartition("/")[2]: one for one in found}


@pytest.fixture(scope="module")
def trips(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Trip]]:
    base = tmp_path_factory.mktemp("chunks")
    with ExitStack() as stack:
        upstream = stack.enter_context(ScriptedUpstream(by_path={name: steps(case) for name, case in CASES.items()}))
        to = ("record", "-o", str(base / "tapes"), "--upstream", f"up={upstream.url}", "--keep-encoding")
        (recorder,) = stack.enter_context(tools(base / "a", to))
        live = asked(recorder)
        tapes = taped(base / "tapes", recorder, len(CASES))
        (served,) = stack.enter_context(tools(base / "b", ("serve", str(base / "tapes"), "--no-mark")))
        replay = asked(served)
        assert "Traceback" not in recorder.said() + served.said()
        requests = {one.split(b" ", 2)[1].decode().rpartition("/")[2]: one for one in upstream.requests}
        yield {name: Trip(requests[name], live[name], tapes[name], replay[name]) for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_the_client_gets_what_the_upstream_sent(name: str, trips: dict[str, Trip]) -> None:
    assert trips[name].live.raw == sent(CASES[name])
    assert trips[name].live.ended == "eof"


@pytest.mark.parametrize("name", CASES)
def test_the_tape_holds_bytes_and_boundaries(name: str, trips: dict[str, Trip]) -> None:
    case, response = CASES[name], trips[name].tape.response
    assert response.body == b"".join(case.pieces)
    assert response.stream.end.type == "eof"
    if response.stream.framing == "chunked":
        sizes = [0]
        for line in response.stream.chunks:
            sizes[-1] += line.size
            sizes += [] if line.more else [0]
        assert sizes == [*map(len, case.pieces), 0]


@pytest.mark.parametrize("name", CASES)
def test_a_replay_is_what_it_was(name: str, trips: dict[str, Trip]) -> None:
    assert trips[name].replay.raw == trips[name].live.raw
    assert trips[name].replay.ended == "eof"


def test_a_pause_inside_a_chunk_is_two_lines_and_a_pause_again(trips: dict[str, Trip]) -> None:
    trip = trips["pause-in-a-chunk"]
    (_, size, more), (gap, rest, last) = trip.tape.response.stream.chunks
    assert (size, more, rest, last) == (len(FIRST), True, len(REST), False)
    assert 50.0 < gap < 5000.0
    offset = to_timeline(trip.tape).frames[1].at_ms
    before = [data for at, data in trip.replay.reads if at * 1000 < offset - 1.0]
    assert FIRST in b"".join(before)
    assert REST not in b"".join(before)


def test_trailers_statuses_and_framings_are_on_the_tape(trips: dict[str, Trip]) -> None:
    def response(name: str) -> tuple[int, str, str]:
        one = trips[name].tape.response
        return one.code, one.message, one.stream.framing

    assert trips["trailers"].tape.response.stream.trailers == (("X-Sum", "7"), ("x-sum", "8"))
    assert response("odd-status") == (529, "Site is overloaded", "length")
    assert response("no-reason") == (503, "", "length")
    assert response("close")[2] == "close"
    assert response("redirect")[0] == 307
    assert dict(trips["redirect"].tape.response.headers)["Location"] == "http://127.0.0.1:9/elsewhere?a=b#c"
    assert trips["get"].tape.response.headers[:3] == (("content-TYPE", "text/plain"), ("X-A", "1"), ("x-a", "2"))


def test_an_encoded_stream_is_kept_as_it_came(trips: dict[str, Trip]) -> None:
    trip = trips["zipped"]
    assert ENCODINGS.encode() in trip.asked
    assert gzip.decompress(b"".join(dechunked(trip.replay.wire_body)[0])) == b"".join(EVENTS[:3])
    assert dict(trip.tape.response.headers)["Content-Encoding"] == "gzip"


def test_identity_is_asked_for_unless_told_otherwise(tmp_path: Path) -> None:
    with (
        ScriptedUpstream(steps(CASES["no-content"])) as upstream,
        tool(tmp_path, "record", "-o", str(tmp_path / "tapes"), "--upstream", f"up={upstream.url}") as recorder,
    ):
        ask(recorder.url, post("/up/a", b"{}", "Connection: close", "accept-ENCODING: gzip, br"))
        ask(recorder.url, post("/up/b", b"{}", "Connection: close"))
        named, silent = upstream.requests
    # A client that says nothing takes any coding (RFC 9110 12.5.3): the upstream is told all the same.
    for one in (named, silent):
        assert [line for line in one.lower().split(b"\r\n") if b"encoding" in line] == [b"accept-encoding: identity"]


def test_early_hints_are_passed_on_and_kept_but_100_is_not(tmp_path: Path) -> None:
    folder, body = tmp_path / "tapes", chunk(KOREAN) + LAST
    with (
        ScriptedUpstream((Send(CONTINUE + OWN_HINTS), Wait(0.02), Send(SSE_HEAD + body))) as upstream,
        tool(tmp_path, "record", "-o", str(folder), "--upstream", f"up={upstream.url}") as recorder,
    ):
        live = ask(recorder.url, post("/up/hints", b"{}", "Connection: close"))
        early = ask(recorder.url, post("/up/old", b"{}", http="1.0"))
        stream = taped(folder, recorder, 2)["hints"].response.stream
    assert live.raw == HINTS + SSE_HEAD[:-2] + b"Connection: close\r\n\r\n" + body
    assert b"103" not in early.head
    (one,) = stream.informational
    assert (one.code, one.message) == (103, "Early Hints")
    assert one.headers == (("Link", "</style.css>; rel=preload"), ("Keep-Alive", "timeout=5"))
    with tool(tmp_path, "serve", str(folder), "--no-mark") as served:
        assert ask(served.url, post("/up/hints", b"{}", "Connection: close")).raw == live.raw
        assert b"103" not in ask(served.url, post("/up/old", b"{}", http="1.0")).head


def test_framing_that_is_spelled_otherwise_is_relayed_so_and_taped_as_what_it_means(tmp_path: Path) -> None:
    wire = (
        b"000A;name=value\r\n"
        + KOREAN[:10]
        + b"\r\n"
        + b"%X ; a\r\n" % len(KOREAN[10:])
        + KOREAN[10:]
        + b"\r\n00\r\n\r\n"
    )
    folder = tmp_path / "tapes"
    with (
        ScriptedUpstream((Send(SSE_HEAD + wire),)) as upstream,
        tool(tmp_path, "record", "-o", str(folder), "--upstream", f"up={upstream.url}") as recorder,
    ):
        live = ask(recorder.url, post("/up/odd", b"{}", "Connection: close"))
        response = taped(folder, recorder, 1)["odd"].response
    assert live.wire_body == wire
    assert [line.size for line in response.stream.chunks] == [10, len(KOREAN) - 10]
    with tool(tmp_path, "serve", str(folder)) as served:
        replay = ask(served.url, post("/up/odd", b"{}", "Connection: close"))
    assert replay.wire_body == chunk(KOREAN[:10]) + chunk(KOREAN[10:]) + LAST
