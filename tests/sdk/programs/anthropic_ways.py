"""The anthropic SDK: raw events, the stream helper and its final message, asyncio, and whole."""

from __future__ import annotations

import json
from typing import Any

from anthropic import Anthropic, AsyncAnthropic
from ways import Heard, run

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
ASKED: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 256,
    "messages": [{"role": "user", "content": "What is the weather in Seoul?"}],
    "tools": [{"name": "weather", "input_schema": SCHEMA}],
}


def settings(root: str) -> dict[str, Any]:
    """The settings of either client: no /v1, the SDK appends it."""
    return {"base_url": f"{root}/anthropic", "api_key": "sk-ant-test", "timeout": 30}


def take(heard: Heard, event: Any) -> None:
    """Takes a raw event in."""
    match event.type:
        case "message_start":
            heard.usage = [event.message.usage.input_tokens, None]
        case "content_block_start" if event.content_block.type == "tool_use":
            heard.call(event.index, event.content_block.name)
        case "content_block_delta":
            heard.text += getattr(event.delta, "text", "")
            heard.reasoning += getattr(event.delta, "thinking", "")
            # A tool of the server streams its input too: that is no call for the client.
            if event.delta.type == "input_json_delta" and event.index in heard.calls:
                heard.call(event.index, "", event.delta.partial_json)
        case "message_delta":
            heard.finish = event.delta.stop_reason
            known = (heard.usage or [None])[0]
            heard.usage = [getattr(event.usage, "input_tokens", None) or known, event.usage.output_tokens]


def message(answer: Any) -> dict[str, Any]:
    """What a whole message says."""
    heard = Heard()
    for number, block in enumerate(answer.content):
        heard.text += getattr(block, "text", "")
        heard.reasoning += getattr(block, "thinking", "")
        if block.type == "tool_use":
            heard.call(number, block.name, json.dumps(block.input))
    heard.finish, heard.usage = answer.stop_reason, [answer.usage.input_tokens, answer.usage.output_tokens]
    return heard.told()


def raw(root: str) -> Any:
    """`stream=True`."""
    heard = Heard()
    with Anthropic(**settings(root)) as client:
        for event in client.messages.create(**ASKED, stream=True):
            take(heard, event)
    return heard.told()


async def raw_async(root: str) -> Any:
    """`stream=True` with asyncio."""
    heard = Heard()
    async with AsyncAnthropic(**settings(root)) as client:
        async for event in await client.messages.create(**ASKED, stream=True):
            take(heard, event)
    return heard.told()


def helped(root: str) -> Any:
    """`messages.stream`: its text, and the message that it puts together."""
    with Anthropic(**settings(root)) as client, client.messages.stream(**ASKED) as stream:
        text = "".join(stream.text_stream)
        told = message(stream.get_final_message())
    assert told["text"] == text
    return told


async def helped_async(root: str) -> Any:
    """`messages.stream` with asyncio."""
    async with AsyncAnthropic(**settings(root)) as client, client.messages.stream(**ASKED) as stream:
        return message(await stream.get_final_message())


def whole(root: str) -> Any:
    """Not streamed."""
    with Anthropic(**settings(root)) as client:
        return message(client.messages.create(**ASKED))


async def whole_async(root: str) -> Any:
    """Not streamed, with asyncio."""
    async with AsyncAnthropic(**settings(root)) as client:
        return message(await client.messages.create(**ASKED))


WAYS = {
    "raw": raw,
    "raw async": raw_async,
    "helped": helped,
    "helped async": helped_async,
    "whole": whole,
    "whole async": whole_async,
}

if __name__ == "__main__":
    run({f"anthropic: {way}": go for way, go in WAYS.items()})
