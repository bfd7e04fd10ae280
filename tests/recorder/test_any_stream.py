"""The law behind the named cases: whatever an upstream sends, in whatever pieces, and however it ends, the client sees
just that, the tape plays just that again, and a tape of the replay is the same tape. Seeded, so that a failure repeats.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from wires import (
    Finish,
    Hold,
    Reset,
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
    wait_for,
)

from cassettes.model import Response
from cassettes.yamlio import load_file

pytestmark = pytest.mark.xdist_group("any stream")

STREAMS = 50
TYPES = ("text/event-stream", "text/plain", "application/json", "application/x-ndjson")
ODD = "ab \n\t\r한é\u2028\ufeff\x85#:-{}[]'\"\\%"
LAST = b"0\r\n\r\n"


class Sent(NamedTuple):
    """What an upstream sends for one request; `data` is the body without its framing, as far as it came."""

    steps: tuple[Step, ...]
    top: bytes
    wire: bytes
    data: bytes
    ended: str

    def seen(self, wire: bytes, top: bytes | None = None) -> bytes:
        """What a client sees whose connection closes."""
        return (top or self.top)[:-2] + b"Connection: close\r\n\r\n" + wire


def a_body(random: Random) -> bytes:
    match random.randrange(5):
        case 0:
            return b"".join(event("x" * random.randrange(60)) for _ in range(random.randrange(1, 30)))
        case 1:
            return "".join(random.choice(ODD) for _ in range(random.randrange(1, 300))).encode()
        case 2:
            return random.randbytes(random.randrange(1, 2000))
        case 3:
            blocks = (b"data: a\r\n\r\n", b"data: b\n\n", b": c\r\r", b"\n")
            return b"".join(random.choice(blocks) for _ in range(random.randrange(1, 40)))
    return random.randbytes(random.randrange(100_000, 300_000))


def pieces(random: Random, data: bytes, cuts: int) -> list[bytes]:
    at = sorted({0, len(data), *(random.randrange(len(data) + 1) for _ in range(cuts))})
    return [data[start:stop] for start, stop in pairwise(at)]


def a_chunked_body(random: Random, body: bytes, broken: bool) -> tuple[bytes, bytes]:
    """(on the wire, without framing); `broken`: it stops between two chunks or inside the last one."""
    chunks = pieces(random, body, random.randrange(12))
    wire = b"".join(map(chunk, chunks))
    if not broken:
        return wire + LAST, body
    *before, last = chunks
    came = random.randrange(len(last) + 1)
    wire = b"".join(map(chunk, before))
    if came == len(last):
        return wire + chunk(last), body
    return wire + (b"%x\r\n" % len(last) + last[:came] if came else b""), b"".join(before) + last[:came]


def a_stream(random: Random) -> Sent:
    body, framing = a_body(random), random.choice(("chunked", "chunked", "length", "close"))
    ended = random.choice(("whole", "whole", "eof", "reset"))
    kind = f"Content-Type: {random.choice(TYPES)}"
    if framing == "chunked":
        top = head(kind, "Transfer-Encoding: chunked")
        wire, data = a_chunked_body(random, body, ended != "whole")
    elif framing == "length":
        top = head(kind, f"Content-Length: {len(body)}")
        wire = data = body if ended == "whole" else body[: random.randrange(len(body))]
    else:
        top, wire, data = head(kind), body, body
        ended = "reset" if ended == "reset" else "eof"
    steps: list[Step] = []
    for piece in pieces(random, top + wire, random.choice((0, 1, 3, 6, 60))):
        steps.append(Send(piece))
        if random.random() < 0.3:
            steps.append(Wait(random.choice((0.0005, 0.002, 0.01))))
    steps.append({"whole": Hold(), "eof": Finish(), "reset": Reset()}[ended])
    return Sent(tuple(steps), top, wire, data, "reset" if ended == "reset" else "eof")


class Journey(NamedTuple):
    """All streams of a seed: sent, seen live, replayed (to an HTTP/1.0 client too), and both generations of tapes."""

    sent: dict[str, Sent]
    live: dict[str, Seen]
    replay: dict[str, Seen]
    old: dict[str, Seen]
    tapes: dict[str, Response]
    again: dict[str, Response]


def asked(served: Tool, names: dict[str, Sent], http: str = "1.1") -> dict[str, Seen]:
    with ThreadPoolExecutor(8) as pool:
        requests = (post(f"/up/{name}", name.encode(), "Connection: close", http=http) for name in names)
        return dict(zip(names, pool.map(lambda one: ask(served.url, one), requests), strict=True))


def taped(folder: Path, recorder: Tool, count: int) -> dict[str, Response]:
    wait_for(lambda: recorder.recorded() == count, 30)
    assert "error" not in recorder.said()
    found = (one for path in folder.rglob("*.yaml") for one in load_file(path).interactions)
    return {one.request.uri.rpartition("/")[2]: one.response for one in found}


# Each seed with the other event loop.
@pytest.fixture(scope="module", params=[0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def journey(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    base, random = tmp_path_factory.mktemp("any"), Random(request.param)
    loop = ("--loop", ("asyncio", "uvloop")[request.param % 2])
    if loop[1] == "uvloop":
        pytest.importorskip("uvloop")
    sent = {f"s{number}": a_stream(random) for number in range(STREAMS)}
    first, second = base / "first", base / "second"
    with ExitStack() as stack:
        scripts = {name: one.steps for name, one in sent.items()}
        upstream = stack.enter_context(ScriptedUpstream(by_path=scripts))
        record = ("record", *loop, "-o", str(first), "--upstream", f"up={upstream.url}")
        recorder = stack.enter_context(tool(base / "a", *record))
        live = asked(recorder, sent)
        tapes = taped(first, recorder, STREAMS)
        served = stack.enter_context(tool(base / "b", "serve", str(first), "--no-mark", *loop))
        record = ("record", *loop, "-o", str(second), "--upstream", f"up={served.url}/up")
        recorder = stack.enter_context(tool(base / "c", *record))
        replay, old = asked(served, sent), asked(served, sent, http="1.0")
        asked(recorder, sent)
        yield Journey(sent, live, replay, old, tapes, taped(second, recorder, STREAMS))


def test_the_client_sees_what_was_sent(journey: Journey) -> None:
    for name, sent in journey.sent.items():
        assert (journey.live[name].raw, journey.live[name].ended) == (sent.seen(sent.wire), sent.ended), name


def test_the_tape_plays_it_again(journey: Journey) -> None:
    for name, sent in journey.sent.items():
        assert (journey.replay[name].raw, journey.replay[name].ended) == (sent.seen(sent.wire), sent.ended), name


def test_an_old_client_gets_it_without_chunks(journey: Journey) -> None:
    for name, sent in journey.sent.items():
        top = b"".join(line for line in sent.top.splitlines(keepends=True) if b"chunked" not in line)
        assert (journey.old[name].raw, journey.old[name].ended) == (sent.seen(sent.data, top), sent.ended), name


def http_chunks(response: Response) -> list[int]:
    """Sizes of the HTTP chunks; where framing does not show boundaries they are best effort (DESIGN 4)."""
    sizes = [0]
    for line in response.stream.chunks:
        sizes[-1] += line.size
        sizes += [0] if response.stream.framing == "chunked" and not line.more else []
    return sizes


def lasting(response: Response) -> tuple[object, ...]:
    """`response` without its times and what speaks of one connection only."""
    stream, end = response.stream, response.stream.end
    headers = [pair for pair in response.headers if pair[0] != "Connection"]
    return response.code, headers, stream.framing, end.type, end.at, end.missing, http_chunks(response), response.body


def test_a_tape_of_the_replay_is_the_same_tape(journey: Journey) -> None:
    for name, sent in journey.sent.items():
        assert journey.tapes[name].body == sent.data, name
        assert lasting(journey.again[name]) == lasting(journey.tapes[name]), name


def test_the_chunks_of_the_tape_are_those_of_the_wire(journey: Journey) -> None:
    for name, sent in journey.sent.items():
        if b"chunked" in sent.top:
            whole, _ = dechunked(sent.wire)
            assert http_chunks(journey.tapes[name])[: len(whole)] == list(map(len, whole)), name
