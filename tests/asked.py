"""Requests of tests that run a server in their own process: one chat request, sent by a raw client."""

from __future__ import annotations

import json
from typing import Any

import wires

PATH = "/chat/completions"


def body_of(text: str = "Hello!", **fields: Any) -> bytes:
    """A chat request in the grammar of OpenAI."""
    return json.dumps(
        {"model": "gpt-5.1", "stream": True, "messages": [{"role": "user", "content": text}], **fields}
    ).encode()


def chat(base: str, text: str = "Hello!", *fields: str, body: bytes | None = None, **how: Any) -> wires.Seen:
    """Asks at the base URL `base` of an OpenAI SDK."""
    path = "/" + base.partition("://")[2].partition("/")[2] + PATH
    data = body_of(text) if body is None else body
    return wires.ask(
        base, wires.post(path, data, "Connection: close", "Content-Type: application/json", *fields), **how
    )


def status(seen: wires.Seen) -> int:
    """The status code of an answer."""
    return int(seen.head.split(b" ", 2)[1])
