"""A tape to break over the wire, and a raw client that asks for faults on it."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tapes import SSE, taped
from wires import Seen, Tool, ask, chunk, head, post

from cassettes.model import Ending

EVENTS = [
    b'data: {"n":0,"t":"one"}\n\n',
    'data: {"n":1,"t":"두울"}\n\n'.encode(),
    b'event: three\ndata: {"n":2}\n\n',
    b"data: [DONE]\n\n",
]
A, B, C, D = EVENTS
HEAD = head("Content-Type: text/event-stream", "Transfer-Encoding: chunked")
LAST = b"0\r\n\r\n"
WHOLE = b"".join(map(chunk, EVENTS)) + LAST
BIG = b"data: " + b"x" * 1990 + b"\r\n\r\n"
LOOPS = ["asyncio", *(["uvloop"] if find_spec("uvloop") else [])]


def write_tapes(tapes: Path) -> None:
    """Tapes of the same events in every framing, one of CR LF, one of more than a megabyte, one that breaks."""
    taped(tapes, "one", EVENTS, gaps=[4.0] * 4)
    taped(tapes, "crlf", [b"data: a\r\n\r\n", b"data: b\r\n\r\n"])
    taped(tapes, "big", [BIG] * 800, gaps=[0.1] * 3)
    length = (("Content-Type", "text/event-stream"), ("Content-Length", str(len(b"".join(EVENTS)))))
    taped(tapes, "length", EVENTS, headers=length, framing="length", gaps=[4.0] * 4)
    taped(tapes, "close", EVENTS, headers=SSE[:1], framing="close", gaps=[4.0] * 4)
    taped(tapes, "broken", EVENTS, end=Ending(type="reset", missing=3))


def send(one: Tool, faults: str, tape: str = "one", quiet: float = 10.0, **options: object) -> Seen:
    """What comes for `faults`, asked for in the header; a connection that lives on is read until it is silent."""
    fields = (f"x-tokentape-fault: {faults}", "Connection: close")
    return ask(one.url, post(f"/up/{tape}", b"{}", *fields), quiet=quiet, **options)  # type: ignore[arg-type]


def closing(top: bytes = HEAD) -> bytes:
    """A head as a client sees it that closes the connection."""
    return top.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def unzstd(frame: bytes) -> bytes:
    """What a zstd frame holds, by whichever codec there is: Python's own from 3.14 on."""
    if find_spec("compression") is not None:
        data: bytes = import_module("compression.zstd").decompress(frame)
    else:
        data = import_module("zstandard").ZstdDecompressor().decompressobj().decompress(frame)
    return data
