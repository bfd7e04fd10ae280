"""Exchanges made by hand, with the times that a test wants."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from mockserver.verdicts.exchange import Answer, Exchange

Made = Callable[..., Exchange]


def wire_of(status: int, headers: dict[str, str], body: bytes, framed: bool = True) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    last = b"0\r\n\r\n" if framed else b""
    data = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return f"HTTP/1.1 {status} X\r\n{fields}Transfer-Encoding: chunked\r\n\r\n".encode() + data + last


@pytest.fixture
def seen() -> Made:
    """Makes the next exchange of a deck: `start` and `end` in ms, `body` in one HTTP chunk, `framed`: with its end."""
    numbers = count(1)

    def made(
        status: int = 200,
        start: float = 0.0,
        end: float | None = None,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"data: [DONE]\n\n",
        framed: bool = True,
        dialect: str = "openai-chat",
        **others: Any,
    ) -> Exchange:
        fields = {"Content-Type": "text/event-stream", **(headers or {})}
        answer = (
            Answer(wire_of(status, fields, body, framed), "POST", closed=False, dialect=dialect) if status else None
        )
        given: dict[str, Any] = {
            "n": next(numbers),
            "deck": "",
            "method": "POST",
            "path": "/v1/chat/completions",
            "operation": "chat",
            "key": "k",
            "credential": "",
            "resumed": None,
            "start": start,
            "first": start,
            "last": end,
            "end": end,
            "now": 10_000.0,
            "wall": 1_800_000_000.0,
            "status": status,
            "by": None if end is None else "tape",
            "ending": "kept-alive",
            "open": False,
            "answer": answer,
        }
        return Exchange(**given | others)

    return made
