"""The openai SDK: Chat Completions and Responses; plain and asyncio; streamed, with the stream helpers, and whole."""

from __future__ import annotations

from functools import partial
from typing import Any

from openai import AsyncOpenAI, OpenAI
from ways import Heard, run

USER = [{"role": "user", "content": "What is the weather in Seoul?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
FLAT_TOOL = {"type": "function", "name": "weather", "parameters": PARAMETERS, "strict": False}
CHAT: dict[str, Any] = {"model": "gpt-5.1", "messages": USER, "tools": [TOOL]}
RESPONSES: dict[str, Any] = {"model": "gpt-5.1", "input": "Weather?", "tools": [FLAT_TOOL]}
USAGE = {"include_usage": True}


def settings(mount: str, root: str) -> dict[str, Any]:
    """The settings of either client."""
    return {"base_url": root + mount, "api_key": "sk-test", "timeout": 30}


def chat_chunk(heard: Heard, chunk: Any) -> None:
    """Takes a chunk in."""
    if chunk.usage:
        heard.usage = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens]
    for choice in chunk.choices[:1]:
        heard.finish = choice.finish_reason or heard.finish
        heard.text += choice.delta.content or ""
        heard.reasoning += getattr(choice.delta, "reasoning_content", None) or ""
        for part in choice.delta.tool_calls or []:
            heard.call(part.index, part.function.name, part.function.arguments)


def completion(answer: Any) -> dict[str, Any]:
    """What a whole chat answer says."""
    heard = Heard()
    choice = answer.choices[0]
    heard.finish, heard.text = choice.finish_reason, choice.message.content or ""
    heard.reasoning = getattr(choice.message, "reasoning_content", None) or ""
    for number, call in enumerate(choice.message.tool_calls or []):
        heard.call(number, call.function.name, call.function.arguments)
    if answer.usage:
        heard.usage = [answer.usage.prompt_tokens, answer.usage.completion_tokens]
    return heard.told()


def chat_streamed(mount: str, root: str) -> Any:
    """`stream=True`."""
    heard = Heard()
    with OpenAI(**settings(mount, root)) as client:
        for chunk in client.chat.completions.create(**CHAT, stream=True, stream_options=USAGE):
            chat_chunk(heard, chunk)
    return heard.told()


async def chat_streamed_async(mount: str, root: str) -> Any:
    """`stream=True` with asyncio."""
    heard = Heard()
    async with AsyncOpenAI(**settings(mount, root)) as client:
        async for chunk in await client.chat.completions.create(**CHAT, stream=True, stream_options=USAGE):
            chat_chunk(heard, chunk)
    return heard.told()


def chat_helped(mount: str, root: str) -> Any:
    """`chat.completions.stream` and what it puts together."""
    with (
        OpenAI(**settings(mount, root)) as client,
        client.chat.completions.stream(**{**CHAT, "tools": []}, stream_options=USAGE) as stream,
    ):
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        told = completion(stream.get_final_completion())
    assert told["text"] == text
    return told


async def chat_helped_async(mount: str, root: str) -> Any:
    """`chat.completions.stream` with asyncio."""
    async with (
        AsyncOpenAI(**settings(mount, root)) as client,
        client.chat.completions.stream(**{**CHAT, "tools": []}, stream_options=USAGE) as stream,
    ):
        return completion(await stream.get_final_completion())


def chat_whole(mount: str, root: str) -> Any:
    """Not streamed."""
    with OpenAI(**settings(mount, root)) as client:
        return completion(client.chat.completions.create(**CHAT))


async def chat_whole_async(mount: str, root: str) -> Any:
    """Not streamed, with asyncio."""
    async with AsyncOpenAI(**settings(mount, root)) as client:
        return completion(await client.chat.completions.create(**CHAT))


def response(answer: Any) -> dict[str, Any]:
    """What a whole Responses answer says."""
    heard = Heard()
    heard.finish, heard.text = answer.status, answer.output_text
    for item in answer.output:
        if item.type == "function_call":
            heard.call(item.id, item.name, item.arguments)
        if item.type == "reasoning":
            heard.reasoning += "".join(part.text for part in item.summary)
    if answer.usage:
        heard.usage = [answer.usage.input_tokens, answer.usage.output_tokens]
    return heard.told()


def response_event(heard: Heard, event: Any) -> None:
    """Takes an event in."""
    match event.type:
        case "response.output_text.delta":
            heard.text += event.delta
        case "response.reasoning_summary_text.delta":
            heard.reasoning += event.delta
        case "response.output_item.added" if event.item.type == "function_call":
            heard.call(event.output_index, event.item.name)
        case "response.function_call_arguments.delta":
            heard.call(event.output_index, "", event.delta)
        case "response.completed" | "response.incomplete":
            heard.finish = event.response.status
            heard.usage = [event.response.usage.input_tokens, event.response.usage.output_tokens]


def responses_streamed(mount: str, root: str) -> Any:
    """`stream=True`."""
    heard = Heard()
    with OpenAI(**settings(mount, root)) as client:
        for event in client.responses.create(**RESPONSES, stream=True):
            response_event(heard, event)
    return heard.told()


async def responses_streamed_async(mount: str, root: str) -> Any:
    """`stream=True` with asyncio."""
    heard = Heard()
    async with AsyncOpenAI(**settings(mount, root)) as client:
        async for event in await client.responses.create(**RESPONSES, stream=True):
            response_event(heard, event)
    return heard.told()


def responses_helped(mount: str, root: str) -> Any:
    """`responses.stream` and what it puts together."""
    with OpenAI(**settings(mount, root)) as client, client.responses.stream(**RESPONSES) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        told = response(stream.get_final_response())
    assert told["text"] == text
    return told


def responses_whole(mount: str, root: str) -> Any:
    """Not streamed."""
    with OpenAI(**settings(mount, root)) as client:
        return response(client.responses.create(**RESPONSES))


async def responses_whole_async(mount: str, root: str) -> Any:
    """Not streamed, with asyncio."""
    async with AsyncOpenAI(**settings(mount, root)) as client:
        return response(await client.responses.create(**RESPONSES))


WAYS = {
    "chat streamed": chat_streamed,
    "chat streamed async": chat_streamed_async,
    "chat helped": chat_helped,
    "chat helped async": chat_helped_async,
    "chat whole": chat_whole,
    "chat whole async": chat_whole_async,
    "responses streamed": responses_streamed,
    "responses streamed async": responses_streamed_async,
    "responses helped": responses_helped,
    "responses whole": responses_whole,
    "responses whole async": responses_whole_async,
}
MOUNTS = {"openai": "/openai/v1", "xai": "/xai/v1"}

if __name__ == "__main__":
    run({f"{name}: {way}": partial(go, mount) for name, mount in MOUNTS.items() for way, go in WAYS.items()})
