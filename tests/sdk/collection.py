"""The tapes that the SDKs are played: folders with one tape for each provider and dialect, and the servers that play them.

One server plays one kind of answer at level `route`: which tape answers is settled by the mount, whatever the SDK puts
into its request. Clients that share a server take a deck each.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sdk.answers import (
    ANSWERS,
    CHAT_STYLES,
    Answer,
    ChatStyle,
    chat,
    cohere,
    generate,
    lines,
    messages,
    responses,
)
from wires import Tool, tools

from cassettes.model import Cassette, Chunk, Headers, Interaction, Request, Response, Stream
from cassettes.yamlio import dump

EVENTS: Headers = (("Content-Type", "text/event-stream; charset=utf-8"), ("Transfer-Encoding", "chunked"))
UTF8_LESS: Headers = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
LINES: Headers = (("Content-Type", "application/x-ndjson"), ("Transfer-Encoding", "chunked"))


class Service(NamedTuple):
    """An endpoint of a provider: its URL, and what its SDK is given as base URL on our server."""

    provider: str
    dialect: str
    url: str
    mount: str


_TAILS = {
    "openai-chat": "/chat/completions",
    "openai-responses": "/responses",
    "anthropic": "/v1/messages",
    "gemini": "/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    "ollama": "/api/chat",
    "cohere": "/v2/chat",
}


def _of(provider: str, base: str, mount: str, *dialects: str) -> tuple[Service, ...]:
    """The services of one API: `base` and `mount` are what its SDK is given, there and here."""
    version = {"google": "/v1beta", "vertex": "/v1beta1/publishers/google"}.get(provider, "")
    return tuple(Service(provider, one, base + version + _TAILS[one], mount) for one in dialects)


CHAT, RESPONSES = "openai-chat", "openai-responses"
SERVICES = (
    *_of("openai", "https://api.openai.com/v1", "/openai/v1", CHAT, RESPONSES),
    *_of("anthropic", "https://api.anthropic.com", "/anthropic", "anthropic"),
    *_of("google", "https://generativelanguage.googleapis.com", "/google", "gemini"),
    *_of("xai", "https://api.x.ai/v1", "/xai/v1", CHAT, RESPONSES),
)
GATEWAYS = (
    *_of("anthropic", "https://api.anthropic.com/v1", "/anthropic/v1", CHAT),
    *_of("openrouter", "https://openrouter.ai/api/v1", "/openrouter/api/v1", CHAT, RESPONSES),
    *_of("openrouter", "https://openrouter.ai/api", "/openrouter/api", "anthropic"),
    *_of("infron", "https://llm.onerouter.pro/v1", "/infron/v1", CHAT, RESPONSES),
    *_of("runyourai", "https://api.runyour.ai/v1", "/runyourai/v1", CHAT, RESPONSES),
    *_of("tokenhub", "https://ai-tokenhub.com/v1", "/tokenhub/v1", CHAT),
    *_of("gateway", "https://gateway.invalid/v1", "/gateway/v1", CHAT),
    *_of("gateway", "https://gateway.invalid", "/gateway", "anthropic"),
    *_of("deepseek", "https://api.deepseek.com/v1", "/deepseek/v1", CHAT, RESPONSES),
    *_of("groq", "https://api.groq.com/openai/v1", "/groq/openai/v1", CHAT, RESPONSES),
    *_of("mistral", "https://api.mistral.ai/v1", "/mistral/v1", CHAT),
    *_of("together", "https://api.together.ai/v1", "/together/v1", CHAT),
    *_of("azure", "https://resource.invalid/openai/v1", "/azure/openai/v1", CHAT, RESPONSES),
    *_of("vertex", "https://aiplatform.googleapis.com", "/vertex", "gemini"),
    *_of("ollama", "http://127.0.0.1:11434/v1", "/ollama/v1", CHAT, RESPONSES),
)
"""Gateways, and others that speak a dialect which is not theirs."""
OTHERS = (
    *_of("ollama", "http://127.0.0.1:11434", "/ollama", "ollama"),
    *_of("cohere", "https://api.cohere.com", "/cohere", "cohere"),
)
"""Grammars of which one provider alone is known."""


def events_of(service: Service, answer: Answer, mark: str = "") -> Iterator[bytes]:
    """The events of `answer` as the service streams them."""
    style = CHAT_STYLES.get(service.provider, ChatStyle())
    match service.dialect:
        case "openai-chat":
            return chat(answer, style, mark)
        case "openai-responses":
            return responses(answer, style.model, mark)
        case "anthropic":
            return messages(answer, mark=mark)
        case "ollama":
            return lines(answer)
        case "cohere":
            return cohere(answer, mark)
    return generate(answer, mark=mark)


def interaction_of(service: Service, events: Iterable[bytes], gap: float = 0.0) -> Interaction:
    """An interaction whose chunks are `events`, each `gap` ms after the one before."""
    pieces = list(events)
    chunks = tuple(Chunk(gap, len(piece)) for piece in pieces)
    stream = Stream(provider=service.provider, dialect=service.dialect, source="synthetic", chunks=chunks)
    headers = {"gemini": UTF8_LESS, "cohere": UTF8_LESS, "ollama": LINES}.get(service.dialect, EVENTS)
    asked = b"{}" if service.dialect == "gemini" else b'{"model": "any", "stream": true}'
    request = Request("POST", service.url, (("Content-Type", "application/json"),), asked)
    return Interaction(request, Response(200, "OK", headers, b"".join(pieces), stream))


def tape(path: Path, *interactions: Interaction) -> Path:
    """Writes a tape."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dump(Cassette(interactions)))
    return path


def shelve(folder: Path, answer: Answer, services: Iterable[Service] = SERVICES) -> Path:
    """A folder with the answer of each service."""
    for service in services:
        one = interaction_of(service, events_of(service, answer))
        tape(folder / f"{service.provider}-{service.dialect}.yaml", one)
    return folder


@contextlib.contextmanager
def players(folder: Path, services: Iterable[Service] = (*SERVICES, *OTHERS)) -> Iterator[dict[str, Tool]]:
    """A server for each kind of answer, by its name."""
    folders = [shelve(folder / name, answer, services) for name, answer in ANSWERS.items()]
    commands = [("serve", str(one), "--match", "route", "--speed", "max") for one in folders]
    with tools(folder / "run", *commands) as running:
        yield dict(zip(ANSWERS, running, strict=True))
