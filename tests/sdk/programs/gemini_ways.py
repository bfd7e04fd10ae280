"""The google-genai SDK: streamed and whole, plain and asyncio."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from google import genai
from google.genai import types
from ways import Heard, run

ASKED: dict[str, Any] = {"model": "gemini-2.5-flash", "contents": "What is the weather in Seoul?"}


def client_of(root: str) -> genai.Client:
    """A client with our base URL."""
    return genai.Client(api_key="test", http_options=types.HttpOptions(base_url=f"{root}/google", timeout=30_000))


def told(chunks: Iterable[Any]) -> dict[str, Any]:
    """What chunks, or one whole answer, say."""
    heard = Heard()
    for chunk in chunks:
        if chunk.usage_metadata:
            heard.usage = [chunk.usage_metadata.prompt_token_count, chunk.usage_metadata.candidates_token_count]
        for candidate in (chunk.candidates or [])[:1]:
            heard.finish = candidate.finish_reason.value if candidate.finish_reason else heard.finish
            for part in candidate.content.parts or []:
                if part.thought:
                    heard.reasoning += part.text or ""
                else:
                    heard.text += part.text or ""
                if part.function_call:
                    heard.call(len(heard.calls), part.function_call.name, json.dumps(part.function_call.args))
    return heard.told()


def streamed(root: str) -> Any:
    """`generate_content_stream`."""
    with client_of(root) as client:
        return told(client.models.generate_content_stream(**ASKED))


async def streamed_async(root: str) -> Any:
    """`generate_content_stream` with asyncio."""
    async with client_of(root).aio as client:
        return told([chunk async for chunk in await client.models.generate_content_stream(**ASKED)])


def whole(root: str) -> Any:
    """`generate_content`."""
    with client_of(root) as client:
        return told([client.models.generate_content(**ASKED)])


async def whole_async(root: str) -> Any:
    """`generate_content` with asyncio."""
    async with client_of(root).aio as client:
        return told([await client.models.generate_content(**ASKED)])


WAYS = {"streamed": streamed, "streamed async": streamed_async, "whole": whole, "whole async": whole_async}

if __name__ == "__main__":
    run({f"google: {way}": go for way, go in WAYS.items()})
