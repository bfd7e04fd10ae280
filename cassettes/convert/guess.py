"""What a foreign recording leaves out, guessed: provider and dialect, the media type of a body.

String tests only. May import `cassettes.routes`, lazily.
"""

from __future__ import annotations

import re

# The first event of each dialect names itself; a body that says none of this stays `raw`.
_MARKS = (
    (b"chat.completion", "openai-chat"),
    (b'"response.created"', "openai-responses"),
    (b'"message_start"', "anthropic"),
    (b'"candidates"', "gemini"),
    (b'"promptFeedback"', "gemini"),
    (b'"type":"message-start"', "cohere"),
)
_SSE = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*(?::|(?:data|event|id|retry)[:\r\n])")


def guess(method: str, uri: str, body: bytes) -> tuple[str, str]:
    """Provider and dialect of a request by its URL, else by its response; "unknown" and "raw" where nothing tells."""
    from cassettes import routes  # lazy: it reads the table of providers

    provider, dialect, _path = routes.tape_route(uri, method)
    return provider or "unknown", dialect_of(body) if dialect == "raw" else dialect


def dialect_of(body: bytes) -> str:
    """The dialect that the first 4 KB of a stream speak."""
    start = body[:4096]
    return next((dialect for mark, dialect in _MARKS if mark in start), "raw")


def is_sse(body: bytes) -> bool:
    """Whether `body` starts as a `text/event-stream` does: with a field or a comment."""
    return _SSE.match(body) is not None


def media_type(body: bytes) -> str:
    """A content type for a body that came without: an event stream, JSON, or octets."""
    if is_sse(body):
        return "text/event-stream"
    return "application/json" if body.lstrip()[:1] in (b"{", b"[") else "application/octet-stream"
