"""A provider for programs under test: it streams what a real one streams, with ids of its own making each time.

Its answer names what it was asked: the words in double brackets of the last message, how often it has answered that,
and in which form. With tools it calls one a turn until five results are there. Standard library only.
"""

from __future__ import annotations

import json
import re
import secrets
import string
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

CALLS = 5
TOOLS = ("look", "read", "write", "run", "look")
_ALPHABET = string.ascii_letters + string.digits


def an_id(prefix: str) -> str:
    """An id as providers make them."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(24))


class Provider:
    """A loopback provider of `/v1/chat/completions` and `/v1/messages`; `requests` holds the bodies it was sent."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.asked: Counter[str] = Counter()
        self._lock = threading.Lock()
        handler = type("Answering", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Provider:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def text(self, body: Any) -> str:
        """The answer's text."""
        said = json.dumps(body["messages"][-1])
        words = "+".join(re.findall(r"\[\[(.*?)\]\]", said))
        with self._lock:
            self.requests.append(body)
            self.asked[words] += 1
            count = self.asked[words]
        return f"about {words}, time {count}, {'streamed' if body.get('stream') else 'whole'}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: ClassVar[Provider]

    def do_POST(self) -> None:
        """Answers."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = anthropic if self.path.endswith("/messages") else openai
        events = answer(self.provider, body)
        if body.get("stream"):
            self._head("text/event-stream")
            for event in events:
                self._chunk(event)
            self._chunk(b"")
        else:
            whole = json.dumps(answered(body, self.provider.text(body))).encode()
            self._head("application/json")
            self._chunk(whole)
            self._chunk(b"")

    def _head(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def answered(body: Any, text: str) -> Any:
    """A whole answer in the grammar of OpenAI's chat."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {
        "id": an_id("chatcmpl-"),
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [choice],
    }


def pieces(text: str) -> list[str]:
    """A text in tokens."""
    return re.findall(r"\S+\s*|\s+", text)


def arguments(number: int) -> str:
    """The arguments of the call that comes after `number` results."""
    return json.dumps({"place": f"step {number}", "deep": {"list": [number, None, "ü"]}}, ensure_ascii=False)


def openai(provider: Provider, body: Any) -> Iterator[bytes]:
    """The events of a stream in the grammar of OpenAI's chat."""
    made = an_id("chatcmpl-")

    def event(delta: Any, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        value = {
            "id": made,
            "object": "chat.completion.chunk",
            "created": 1,
            "model": body["model"],
            "choices": [choice],
        }
        return b"data: " + json.dumps(value).encode() + b"\n\n"

    results = sum(message["role"] == "tool" for message in body["messages"])
    yield event({"role": "assistant", "content": ""})
    if body.get("tools") and results < CALLS:
        call = {"index": 0, "id": an_id("call_"), "type": "function"}
        yield event({"tool_calls": [{**call, "function": {"name": TOOLS[results], "arguments": ""}}]})
        for piece in pieces(arguments(results)):
            yield event({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        yield event({}, "tool_calls")
    else:
        for piece in pieces(provider.text(body)):
            yield event({"content": piece})
        yield event({}, "stop")
    yield b"data: [DONE]\n\n"


def anthropic(provider: Provider, body: Any) -> Iterator[bytes]:
    """The events of a stream in the grammar of Anthropic's messages."""

    def event(kind: str, **value: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **value})}\n\n".encode()

    blocks = [
        block for message in body["messages"] if isinstance(message["content"], list) for block in message["content"]
    ]
    results = sum(block["type"] == "tool_result" for block in blocks)
    usage = {"input_tokens": 3, "output_tokens": 1}
    message = {"id": an_id("msg_01"), "type": "message", "role": "assistant", "content": [], "model": body["model"]}
    yield event("message_start", message={**message, "stop_reason": None, "stop_sequence": None, "usage": usage})
    yield event("ping")
    calls = bool(body.get("tools")) and results < CALLS
    if calls:
        block: Any = {"type": "tool_use", "id": an_id("toolu_01"), "name": TOOLS[results], "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces(arguments(results))]
    else:
        block = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces(provider.text(body))]
    yield event("content_block_start", index=0, content_block=block)
    for delta in deltas:
        yield event("content_block_delta", index=0, delta=delta)
    yield event("content_block_stop", index=0)
    reason = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
    yield event("message_delta", delta=reason, usage={"output_tokens": 9})
    yield event("message_stop")
