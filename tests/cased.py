"""Cases on the wire, for tests: a server with a tape of each dialect, and a reader that keeps to the standard.

The reader is a decoder of its own (WHATWG HTML 9.2.5 and 9.2.6): what a right client gets must not come from what is
tested.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from tapes import SSE, taped
from wires import Seen, Tool, ask, chunk, dechunked, post

from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.yamlio import dump
from mockserver.cases.playing import Asker, unfold
from mockserver.faults import table
from mockserver.faults.breaking import broken, tape_side
from mockserver.faults.kinds import Scene
from mockserver.plan import Asking, Plan

DIALECTS = ("openai-chat", "openai-responses", "anthropic", "gemini", "raw")
MODELS = DIALECTS[:4]
TEXT = "Hello, 세계 🌍! One, two, three, four."
HALF = "Hello, 세계 🌍! One"
TAPE = b'data: {"tape": "as it was recorded"}\n\n'
LAST = b"0\r\n\r\n"
MESSAGES = [{"role": "user", "content": "Hi"}]


class Door(NamedTuple):
    """Where a tape is asked for: provider, path below its mount, upstream, JSON body."""

    provider: str
    path: str
    upstream: str
    body: dict[str, Any]


DOORS = {
    "openai-chat": Door(
        "openai",
        "/v1/chat/completions",
        "https://api.openai.com",
        {"model": "gpt-5.1", "messages": MESSAGES, "stream": True},
    ),
    "openai-responses": Door(
        "openai", "/v1/responses", "https://api.openai.com", {"model": "gpt-5.1", "input": "Hi", "stream": True}
    ),
    "anthropic": Door(
        "anthropic",
        "/v1/messages",
        "https://api.anthropic.com",
        {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": MESSAGES, "stream": True},
    ),
    "gemini": Door(
        "google",
        "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        "https://generativelanguage.googleapis.com",
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    ),
    "raw": Door("up", "/raw", "http://upstream.example", {}),
}
_decks = count()


def tapes_of_all(folder: Path) -> Path:
    """A folder with a tape of each dialect, all with the body TAPE."""
    taped(folder, "raw", [TAPE])
    for dialect, door in DOORS.items():
        if dialect != "raw":
            stream = Stream(provider=door.provider, dialect=dialect, chunks=(Chunk(0.0, len(TAPE)),))
            request = Request("POST", door.upstream + door.path, (), json.dumps(door.body).encode())
            interaction = Interaction(request, Response(200, "OK", SSE, TAPE, stream))
            (folder / f"{dialect}.yaml").write_bytes(dump(Cassette((interaction,))))
    return folder


class Shown(NamedTuple):
    """What a client saw of a case."""

    seen: Seen

    @property
    def code(self) -> int:
        """The status; 0 without a status line."""
        words = self.seen.raw.split(b" ", 2)
        return int(words[1]) if len(words) > 1 else 0

    @property
    def chunks(self) -> list[bytes]:
        """The HTTP chunks."""
        return dechunked(self.seen.wire_body)[0]

    @property
    def tail(self) -> bytes:
        """What is behind the last whole chunk: LAST where the body ended cleanly."""
        return dechunked(self.seen.wire_body)[1]

    @property
    def body(self) -> bytes:
        """The body without framing and content coding."""
        wire = self.seen.wire_body
        if (self.seen.header("transfer-encoding") or "").lower() == "chunked":
            wire = b"".join(self.chunks)
        elif length := self.seen.header("content-length"):
            wire = wire[: int(length)]
        return gzip.decompress(wire) if self.seen.header("content-encoding") == "gzip" else wire

    @property
    def whole(self) -> bool:
        """Whether its framing says that the message is whole."""
        if (self.seen.header("transfer-encoding") or "").lower() == "chunked":
            return self.tail.startswith(b"0") and self.tail.endswith(b"\r\n\r\n")
        length = self.seen.header("content-length")
        return self.seen.ended == "eof" and (length is None or len(self.seen.wire_body) >= int(length))


def show(
    served: Tool,
    case: str,
    dialect: str,
    *fields: str,
    attempt: int = 1,
    deck: str = "",
    quiet: float = 10.0,
    keep: bool = False,
    until: Callable[[bytes], bool] | None = None,
) -> Shown:
    """What comes at the `attempt`-th request, in a deck of its own unless one is named."""
    deck = deck or f"case-{next(_decks)}"
    door = DOORS[dialect]
    body = json.dumps(door.body).encode() if dialect != "raw" else b""
    path = f"/~{deck}/!case:{case}/{door.provider}{door.path}"
    closing = () if keep else ("Connection: close",)
    request = post(path, body, "Content-Type: application/json", *closing, *fields)
    for _ in range(attempt - 1):
        ask(served.url, request, quiet=quiet)
    return Shown(ask(served.url, request, quiet=quiet, until=until))


class Message(NamedTuple):
    """An event as it is dispatched."""

    name: str
    data: str
    last_id: str = ""


def dispatched(body: bytes) -> list[Message]:
    """The events that a client dispatches by the standard; one that the end of the body interrupts is discarded."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    messages: list[Message] = []
    name, data, last_id = "", [], ""
    lines = re.split("\r\n|\r|\n", text)
    for line in lines[:-1]:
        if not line:
            if data:
                messages.append(Message(name or "message", "\n".join(data), last_id))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            last_id = value
    return messages


class Read(NamedTuple):
    """What a right client makes of a body. `over`: a terminal event came, nothing behind it was looked at; `flaws`:
    errors and data that is no JSON."""

    text: str
    over: bool
    flaws: list[str]
    values: list[Any]


def read(body: bytes, dialect: str) -> Read:
    """Text and end of a body."""
    said: list[str] = []
    flaws: list[str] = []
    values: list[Any] = []
    for message in dispatched(body):
        if message.data.strip() == "[DONE]" and dialect in {"openai-chat", "raw"}:
            return Read(_paired(said), True, flaws, values)
        if not message.data:
            continue
        try:
            value = json.loads(message.data)
        except ValueError:
            flaws.append(message.data)
            continue
        values.append(value)
        if message.name == "error" or "error" in value or value.get("type") == "response.failed":
            flaws.append(message.data)
        said.append(_said(value, dialect))
        if value.get("type") in {"message_stop", "response.completed"}:
            return Read(_paired(said), True, flaws, values)
        if dialect == "gemini" and any("finishReason" in one for one in value.get("candidates", ())):
            return Read(_paired(said), True, flaws, values)
    return Read(_paired(said), False, flaws, values)


def _said(value: Any, dialect: str) -> str:
    if dialect == "openai-chat":
        choices = value.get("choices") or [{}]
        return (choices[0].get("delta") or {}).get("content") or ""
    if dialect == "openai-responses":
        return value["delta"] if value.get("type") == "response.output_text.delta" else ""
    if dialect == "anthropic":
        return value.get("delta", {}).get("text", "") if value.get("type") == "content_block_delta" else ""
    if dialect == "gemini":
        parts = [part for one in value.get("candidates", ()) for part in one["content"]["parts"]]
        return "".join(part["text"] for part in parts)
    return value.get("text", "")


def _paired(said: list[str]) -> str:
    return "".join(said).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def tape_whole(shown: Shown) -> bool:
    """Whether it is the tape, whole."""
    return shown.code == 200 and shown.seen.wire_body == chunk(TAPE) + LAST


def plan_of(case: str, dialect: str) -> Plan:
    """How a case with a stream of its own is played: what no client need wait for, and which writes are apart, which a
    client on a busy machine reads at once."""
    unfolded = unfold(table.read(f"case:{case}"), Asker(1, dialect))
    assert unfolded.timeline is not None
    side = tape_side(unfolded.timeline, "sse", Asking(), folded=False)
    return broken(side, unfolded.faults, Scene(dialect), Asking()).plan


def written(plan: Plan) -> list[tuple[float, bytes]]:
    """When (s) what is due."""
    starts = [0, *plan.ends[:-1]]
    return [(due, plan.wire[start:end]) for due, start, end in zip(plan.due, starts, plan.ends, strict=True)]
