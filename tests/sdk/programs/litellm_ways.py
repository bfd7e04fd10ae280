"""litellm with the routes openai/, anthropic/, gemini/ and xai/: streamed and whole, plain and asyncio.

No `tools` in the requests: litellm 1.106 wants the package mcp as soon as there are any.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import litellm
from ways import Heard, run

litellm.telemetry = False
litellm.suppress_debug_info = True

ASKED: dict[str, Any] = {
    "messages": [{"role": "user", "content": "What is the weather in Seoul?"}],
    "api_key": "sk-test",
    "num_retries": 0,
    "timeout": 30,
}
USAGE = {"include_usage": True}
ROUTES = {
    "openai": ("openai/gpt-5.1", "/openai/v1"),
    "anthropic": ("anthropic/claude-sonnet-4-5", "/anthropic"),
    "google": ("gemini/gemini-2.5-flash", "/google/v1beta"),
    "xai": ("xai/grok-4", "/xai/v1"),
}


def target(route: str, root: str) -> dict[str, Any]:
    """Model and base URL."""
    model, mount = ROUTES[route]
    return {"model": model, "api_base": root + mount}


def take(heard: Heard, chunk: Any) -> None:
    """Takes a chunk in."""
    if usage := getattr(chunk, "usage", None):
        heard.usage = [usage.prompt_tokens, usage.completion_tokens]
    for choice in chunk.choices[:1]:
        heard.finish = choice.finish_reason or heard.finish
        heard.text += choice.delta.content or ""
        heard.reasoning += getattr(choice.delta, "reasoning_content", None) or ""
        for part in choice.delta.tool_calls or []:
            heard.call(part.index, part.function.name, part.function.arguments)


def completion(answer: Any) -> dict[str, Any]:
    """What a whole answer says."""
    heard = Heard()
    (choice,) = answer.choices
    heard.finish, heard.text = choice.finish_reason, choice.message.content or ""
    heard.reasoning = getattr(choice.message, "reasoning_content", None) or ""
    for number, call in enumerate(choice.message.tool_calls or []):
        heard.call(number, call.function.name, call.function.arguments)
    heard.usage = [answer.usage.prompt_tokens, answer.usage.completion_tokens]
    return heard.told()


def streamed(route: str, root: str) -> Any:
    """`completion(stream=True)`."""
    heard = Heard()
    for chunk in litellm.completion(**target(route, root), **ASKED, stream=True, stream_options=USAGE):
        take(heard, chunk)
    return heard.told()


async def streamed_async(route: str, root: str) -> Any:
    """`acompletion(stream=True)`."""
    heard = Heard()
    async for chunk in await litellm.acompletion(**target(route, root), **ASKED, stream=True, stream_options=USAGE):
        take(heard, chunk)
    return heard.told()


def whole(route: str, root: str) -> Any:
    """`completion`."""
    return completion(litellm.completion(**target(route, root), **ASKED))


async def whole_async(route: str, root: str) -> Any:
    """`acompletion`."""
    return completion(await litellm.acompletion(**target(route, root), **ASKED))


WAYS = {"streamed": streamed, "streamed async": streamed_async, "whole": whole, "whole async": whole_async}

if __name__ == "__main__":
    run({f"{route}: litellm {way}": partial(go, route) for route in ROUTES for way, go in WAYS.items()})
