"""The ollama SDK: `chat`, streamed and whole, plain and asyncio."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ollama import AsyncClient, Client
from ways import Heard, run

ASKED: dict[str, Any] = {
    "model": "llama3.2",
    "messages": [{"role": "user", "content": "What is the weather in Seoul?"}],
}


def told(parts: Iterable[Any]) -> dict[str, Any]:
    """What the lines of a stream, or one whole answer, say."""
    heard = Heard()
    for part in parts:
        heard.text += part.message.content or ""
        heard.reasoning += part.message.thinking or ""
        for call in part.message.tool_calls or []:
            heard.call(len(heard.calls), call.function.name, json.dumps(call.function.arguments))
        if part.done:
            heard.finish, heard.usage = part.done_reason, [part.prompt_eval_count, part.eval_count]
    return heard.told()


def streamed(root: str) -> Any:
    """`chat` with `stream=True`."""
    return told(Client(f"{root}/ollama", timeout=30).chat(**ASKED, stream=True))


async def streamed_async(root: str) -> Any:
    """The same with asyncio."""
    return told([part async for part in await AsyncClient(f"{root}/ollama", timeout=30).chat(**ASKED, stream=True)])


def whole(root: str) -> Any:
    """`chat`: the SDK asks for no stream unless it is told to."""
    return told([Client(f"{root}/ollama", timeout=30).chat(**ASKED)])


async def whole_async(root: str) -> Any:
    """The same with asyncio."""
    return told([await AsyncClient(f"{root}/ollama", timeout=30).chat(**ASKED)])


WAYS = {"streamed": streamed, "streamed async": streamed_async, "whole": whole, "whole async": whole_async}

if __name__ == "__main__":
    run({f"ollama: {way}": go for way, go in WAYS.items()})
