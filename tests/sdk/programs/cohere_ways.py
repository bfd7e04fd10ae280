"""The cohere SDK, version 2 of its chat: streamed and whole, plain and asyncio."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cohere
from ways import Heard, run

ASKED: dict[str, Any] = {
    "model": "command-a-03-2025",
    "messages": [{"role": "user", "content": "What is the weather in Seoul?"}],
}


def client_of(root: str, kind: type = cohere.ClientV2) -> Any:
    """A client with our base URL."""
    return kind(api_key="test", base_url=f"{root}/cohere", timeout=30)


def told(events: Iterable[Any]) -> dict[str, Any]:
    """What the events of a stream say."""
    heard = Heard()
    for event in events:
        message = getattr(event.delta, "message", None) if getattr(event, "delta", None) else None
        if event.type == "content-delta":
            heard.text += message.content.text or ""
            heard.reasoning += message.content.thinking or ""
        elif event.type == "tool-call-start":
            heard.call(event.index, message.tool_calls.function.name, message.tool_calls.function.arguments)
        elif event.type == "tool-call-delta":
            heard.call(event.index, "", message.tool_calls.function.arguments)
        elif event.type == "message-end":
            tokens = event.delta.usage.tokens
            heard.finish = event.delta.finish_reason
            heard.usage = [int(tokens.input_tokens), int(tokens.output_tokens)]
    return heard.told()


def told_whole(answer: Any) -> dict[str, Any]:
    """What a whole answer says."""
    heard = Heard()
    for part in answer.message.content or []:
        heard.text += getattr(part, "text", "") or ""
        heard.reasoning += getattr(part, "thinking", "") or ""
    for number, call in enumerate(answer.message.tool_calls or []):
        heard.call(number, call.function.name, call.function.arguments)
    heard.finish = answer.finish_reason
    heard.usage = [int(answer.usage.tokens.input_tokens), int(answer.usage.tokens.output_tokens)]
    return heard.told()


def streamed(root: str) -> Any:
    """`chat_stream`."""
    return told(client_of(root).chat_stream(**ASKED))


async def streamed_async(root: str) -> Any:
    """`chat_stream` with asyncio."""
    return told([event async for event in client_of(root, cohere.AsyncClientV2).chat_stream(**ASKED)])


def whole(root: str) -> Any:
    """`chat`."""
    return told_whole(client_of(root).chat(**ASKED))


async def whole_async(root: str) -> Any:
    """`chat` with asyncio."""
    return told_whole(await client_of(root, cohere.AsyncClientV2).chat(**ASKED))


WAYS = {"streamed": streamed, "streamed async": streamed_async, "whole": whole, "whole async": whole_async}

if __name__ == "__main__":
    run({f"cohere: {way}": go for way, go in WAYS.items()})
