"""The tapes that the SDKs are played: folders with one tape for each provider and dialect, and the servers that play them.

One server plays one kind of answer at level `route`: which tape answers is settled by the mount, whatever the SDK puts
into its request. Clients that share a server take a deck each.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sdk.answers import ANSWERS, CHAT_STYLES, Answer, chat, generate, messages, responses
from wires import Tool, tools

from cassettes.model import Cassette, Chunk, Headers, Interaction, Request, Response, Stream
from cassettes.yamlio import dump

EVENTS: Headers = (("Content-Type", "text/event-stream; charset=utf-8"), ("Transfer-Encoding", "chunked"))
UTF8_LESS: Headers = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))


class Service(NamedTuple):
    """A provider's endpoint: the URL of its API, the tail of the operation, the base URL of its mount on our server."""

    provider: str
    dialect: str
    url: str
    mount: str


SERVICES = (
    Service("openai", "openai-chat", "https://api.openai.com/v1/chat/completions", "/openai/v1"),
    Service("openai", "openai-responses", "https://api.openai.com/v1/responses", "/openai/v1"),
    Service("anthropic", "anthropic", "https://api.anthropic.com/v1/messages", "/anthropic"),
    Service(
        "google",
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        "/google",
    ),
    Service("xai", "openai-chat", "https://api.x.ai/v1/chat/completions", "/xai/v1"),
    Service("xai", "openai-responses", "https://api.x.ai/v1/responses", "/xai/v1"),
)

GATEWAYS = (
    Service("runyourai", "openai-chat", "https://api.runyour.ai/v1/chat/completions", "/runyourai/v1"),
    Service("runyourai", "openai-responses", "https://api.runyour.ai/v1/responses", "/runyourai/v1"),
    Service("tokenhub", "openai-chat", "https://ai-tokenhub.com/v1/chat/completions", "/tokenhub/v1"),
    Service("gateway", "openai-chat", "https://gateway.invalid/v1/chat/completions", "/gateway/v1"),
    Service("gateway", "anthropic", "https://gateway.invalid/v1/messages", "/gateway"),
    Service("infron", "openai-chat", "https://llm.onerouter.pro/v1/chat/completions", "/infron/v1"),
    Service("openrouter", "openai-chat", "https://openrouter.ai/api/v1/chat/completions", "/openrouter/api/v1"),
    Service("groq", "openai-chat", "https://api.groq.com/openai/v1/chat/completions", "/groq/openai/v1"),
    Service("deepseek", "openai-chat", "https://api.deepseek.com/v1/chat/completions", "/deepseek/v1"),
    Service("mistral", "openai-chat", "https://api.mistral.ai/v1/chat/completions", "/mistral/v1"),
)
"""Gateways and others that speak a dialect which is not theirs."""


def events_of(service: Service, answer: Answer, mark: str = "") -> Iterator[bytes]:
    """The events of `answer` as the service streams them."""
    match service.dialect:
        case "openai-chat":
            return chat(answer, CHAT_STYLES[service.provider], mark)
        case "openai-responses":
            return responses(answer, CHAT_STYLES[service.provider].model, mark)
        case "anthropic":
            return messages(answer, mark=mark)
    return generate(answer, mark=mark)


def interaction_of(service: Service, events: Iterable[bytes], asked: bytes = b"{}") -> Interaction:
    """An interaction whose chunks are `events`, without a pause."""
    pieces = list(events)
    chunks = tuple(Chunk(0.0, len(piece)) for piece in pieces)
    stream = Stream(provider=service.provider, dialect=service.dialect, source="synthetic", chunks=chunks)
    headers = UTF8_LESS if service.dialect == "gemini" else EVENTS
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
def players(folder: Path, services: Iterable[Service] = SERVICES) -> Iterator[dict[str, Tool]]:
    """A server for each kind of answer, by its name."""
    folders = [shelve(folder / name, answer, services) for name, answer in ANSWERS.items()]
    commands = [("serve", str(one), "--match", "route", "--speed", "max") for one in folders]
    with tools(folder / "run", *commands) as running:
        yield dict(zip(ANSWERS, running, strict=True))
