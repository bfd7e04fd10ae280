"""Bare paths that several providers claim (providers.md 9.3), on a server with tapes of them all: who gets whose.

The rules are tested beside `cassettes.evidence`; here a request comes over a socket and the mark says what answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tapes import SSE
from wires import Tool, ask, post, tool

from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.yamlio import dump

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
GROQ_CHAT, GROQ_RESPONSES = "/openai/v1/chat/completions", "/openai/v1/responses"
OLLAMA, COHERE = "/api/chat", "/v2/chat"
STREAMED = "/models/gemini-2.5-flash:streamGenerateContent"
TAPES = {
    # In the order of their names the wrong ones come first.
    "xai": [("openai-chat", f"https://api.x.ai{CHAT}"), ("openai-responses", f"https://api.x.ai{RESPONSES}")],
    "groq": [("openai-chat", f"https://api.groq.com{GROQ_CHAT}"), ("openai-responses", f"https://g{GROQ_RESPONSES}")],
    "azure": [("openai-chat", f"https://r.invalid{GROQ_CHAT}"), ("openai-responses", f"https://r{GROQ_RESPONSES}")],
    "mistral": [("openai-chat", f"https://api.mistral.ai{CHAT}")],
    "together": [("openai-chat", f"https://api.together.ai{CHAT}")],
    "deepseek": [("openai-chat", "https://api.deepseek.com/chat/completions")],
    "infron": [("openai-chat", f"https://llm.onerouter.pro{CHAT}")],
    "runyourai": [("openai-chat", f"https://r{CHAT}"), ("openai-responses", f"https://r{RESPONSES}")],
    "openrouter": [
        ("openai-chat", f"https://openrouter.ai/api{CHAT}"),
        ("anthropic", f"https://openrouter.ai/api{MESSAGES}"),
    ],
    "gateway": [("openai-chat", f"https://g.invalid{CHAT}"), ("anthropic", f"https://g.invalid{MESSAGES}")],
    "vertex": [("gemini", f"https://v/v1beta1/projects/p/locations/l/publishers/google{STREAMED}")],
    "openai": [("openai-chat", f"https://api.openai.com{CHAT}"), ("openai-responses", f"https://o{RESPONSES}")],
    "anthropic": [("anthropic", f"https://api.anthropic.com{MESSAGES}")],
    "ollama": [("ollama", f"http://127.0.0.1:11434{OLLAMA}"), ("openai-chat", f"http://127.0.0.1:11434{CHAT}")],
    "cohere": [("cohere", f"https://api.cohere.com{COHERE}")],
    "google": [("gemini", f"https://generativelanguage.googleapis.com/v1beta{STREAMED}")],
}
CASES = [
    # path, headers, model, whose tape
    (CHAT, (), "gpt-5.1", "openai"),
    (CHAT, (), None, "openai"),
    (CHAT, ("User-Agent: OpenAI/Python 3.51.0", "Authorization: Bearer sk-abc"), "any", "openai"),
    ("/chat/completions", (), "gpt-5.1", "openai"),
    (CHAT, ("X-Tokentape-Provider: infron",), "gpt-5.1", "infron"),
    (CHAT, (), "grok-4", "xai"),
    (CHAT, (), "mistral-small-latest", "mistral"),
    ("/chat/completions", (), "deepseek-chat", "deepseek"),
    (CHAT, (), "google/gemini-2.5-flash", "openrouter"),
    (CHAT, ("User-Agent: Together/Python 3.1.1",), None, "together"),
    (CHAT, ("User-Agent: mistral-client-python/3.7.0",), None, "mistral"),
    (CHAT, ("Authorization: Bearer runyour-v1-abc",), "openai/gpt-5", "runyourai"),
    (CHAT, ("Authorization: Bearer sk-or-v1-abc",), None, "openrouter"),
    (CHAT, ("Authorization: Bearer xai-abc",), None, "xai"),
    (CHAT, ("Authorization: Bearer gsk_abc",), None, "groq"),
    (f"/api{CHAT}", (), None, "openrouter"),
    (RESPONSES, (), "gpt-5.1", "openai"),
    (RESPONSES, (), "grok-4", "xai"),
    (RESPONSES, ("Authorization: Bearer runyour-v1-abc",), "openai/gpt-5", "runyourai"),
    (GROQ_CHAT, (), None, "openai"),
    (GROQ_CHAT, ("User-Agent: Groq/Python 1.7.0",), None, "groq"),
    (GROQ_CHAT, ("Api-Key: 0123",), None, "azure"),
    (GROQ_RESPONSES, ("Authorization: Bearer gsk_abc",), None, "groq"),
    (GROQ_RESPONSES, ("Api-Key: 0123",), None, "azure"),
    (MESSAGES, (), "claude-sonnet-4-5", "anthropic"),
    (MESSAGES, ("Anthropic-Version: 2026-10-21", "Authorization: Bearer key"), "claude-sonnet-4-5", "anthropic"),
    (MESSAGES, ("X-Tokentape-Provider: gateway",), "claude-sonnet-4-5", "gateway"),
    (f"/api{MESSAGES}", (), "claude-sonnet-4-5", "openrouter"),
    (f"/v1{STREAMED}", (), None, "google"),
    (OLLAMA, (), "llama3.2", "ollama"),
    (OLLAMA, ("User-Agent: ollama-python/0.6.3",), "grok-4", "ollama"),
    (COHERE, (), "command-r", "cohere"),
    (COHERE, ("User-Agent: cohere/7.3.1", "X-Fern-SDK-Name: cohere"), "any", "cohere"),
    (f"/v1beta1/projects/p/locations/l/publishers/google{STREAMED}", (), None, "vertex"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    folder = tmp_path_factory.mktemp("collisions")
    for number, (provider, services) in enumerate(TAPES.items()):
        made = []
        for dialect, uri in services:
            said = f'data: {{"provider": "{provider}", "dialect": "{dialect}"}}\n\n'.encode()
            stream = Stream(provider=provider, dialect=dialect, framing="chunked", chunks=(Chunk(0.0, len(said)),))
            made.append(Interaction(Request("POST", uri), Response(200, "OK", SSE, said, stream)))
        (folder / f"{number:02}-{provider}.yaml").write_bytes(dump(Cassette(tuple(made))))
    with tool(folder, "serve", str(folder), "--match", "route", "--speed", "max") as one:
        yield one


@pytest.mark.parametrize(("path", "fields", "model", "whose"), CASES)
def test_a_path_of_several_providers_is_answered_by_the_one_that_is_meant(
    path: str, fields: tuple[str, ...], model: str | None, whose: str, server: Tool
) -> None:
    body = json.dumps({"stream": True} | ({"model": model} if model else {})).encode()
    for _ in range(2):  # asked again it is no other's turn
        seen = ask(server.url, post(path, body, "Connection: close", *fields))
        mark = seen.header("x-tokentape") or ""
        assert mark.partition("#")[0].partition("-")[2] == whose, seen.raw[:300]
