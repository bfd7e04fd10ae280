"""The stream helpers of the openai, anthropic and google-genai SDKs, plain and asyncio, over a list of streams.

Gets a JSON list of [dialect, base URL, model, prompt, tools or null]; the last line of stdout is a JSON object: for each
of `plain` and `asyncio` a list of what each stream said, or of what was raised. One process reads them all.
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from typing import Any

from anthropic import Anthropic, AsyncAnthropic
from google import genai
from google.genai import types
from openai import AsyncOpenAI, OpenAI

TIMEOUT = 60


def completion(answer: Any) -> dict[str, Any]:
    """A chat completion."""
    message = answer.choices[0].message
    more = message.model_extra or {}
    content = message.content
    # Mistral's reasoning stands in the content.
    text = content if isinstance(content, str) else ""
    calls = [[call.function.name, json.loads(call.function.arguments)] for call in message.tool_calls or []]
    reasoning = more.get("reasoning_content") or more.get("reasoning") or ""
    return told(text, reasoning, message.refusal or "", calls, answer.choices[0].finish_reason)


def response(answer: Any) -> dict[str, Any]:
    """A response."""
    text, reasoning, refusal, calls = "", "", "", []
    for item in answer.output:
        if item.type == "message":
            text += "".join(part.text for part in item.content if part.type == "output_text")
            refusal += "".join(part.refusal for part in item.content if part.type == "refusal")
        elif item.type == "reasoning":
            reasoning += "".join(part.text for part in [*(item.summary or []), *(item.content or [])])
        elif item.type == "function_call":
            calls.append([item.name, json.loads(item.arguments)])
    return told(text, reasoning, refusal, calls, answer.status)


def message(answer: Any) -> dict[str, Any]:
    """A message."""
    text = "".join(block.text for block in answer.content if block.type == "text")
    reasoning = "".join(block.thinking for block in answer.content if block.type == "thinking")
    calls = [[block.name, block.input] for block in answer.content if block.type == "tool_use"]
    details = getattr(answer, "stop_details", None)
    refusal = getattr(details, "explanation", "") or ""
    return told(text, reasoning, refusal, calls, answer.stop_reason)


def contents(chunks: list[Any]) -> dict[str, Any]:
    """The chunks of a Gemini stream."""
    text, reasoning, refusal, finish, calls = "", "", "", None, []
    for chunk in chunks:
        for candidate in chunk.candidates or []:
            finish = candidate.finish_reason.value if candidate.finish_reason else finish
            refusal += candidate.finish_message or ""
            for part in (candidate.content and candidate.content.parts) or []:
                if part.function_call:
                    calls.append([part.function_call.name, part.function_call.args])
                elif part.thought:
                    reasoning += part.text or ""
                else:
                    text += part.text or ""
    return told(text, reasoning, refusal, calls, finish)


def told(text: str, reasoning: str, refusal: str, calls: list[Any], finish: str | None) -> dict[str, Any]:
    """As JSON."""
    return {"text": text, "reasoning": reasoning, "refusal": refusal, "calls": calls, "finish": finish}


def chat_of(model: str, prompt: str, tools: Any) -> dict[str, Any]:
    """What chat completions are asked."""
    asked = {
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "stream_options": {"include_usage": True},
    }
    return {**asked, **({"tools": tools} if tools else {})}


def plain(dialect: str, base: str, model: str, prompt: str, tools: Any) -> dict[str, Any]:
    """One stream, read by the helper of its SDK."""
    client = client_of(OpenAI if dialect.startswith("openai") else Anthropic if dialect == "anthropic" else None, base)
    if dialect == "openai-chat":
        with client.chat.completions.stream(**chat_of(model, prompt, tools)) as stream:
            return completion(stream.get_final_completion())
    if dialect == "openai-responses":
        with client.responses.stream(model=model, input=prompt, tools=tools or []) as stream:
            return response(stream.get_final_response())
    if dialect == "anthropic":
        with client.messages.stream(**message_of(model, prompt, tools)) as stream:
            return message(stream.get_final_message())
    return contents(list(client.models.generate_content_stream(model=model, contents=prompt, config=config(tools))))


async def concurrent(dialect: str, base: str, model: str, prompt: str, tools: Any) -> dict[str, Any]:
    """As `plain`, with asyncio."""
    own = AsyncOpenAI if dialect.startswith("openai") else AsyncAnthropic if dialect == "anthropic" else None
    client = client_of(own, base)
    if dialect == "openai-chat":
        async with client.chat.completions.stream(**chat_of(model, prompt, tools)) as stream:
            return completion(await stream.get_final_completion())
    if dialect == "openai-responses":
        async with client.responses.stream(model=model, input=prompt, tools=tools or []) as stream:
            return response(await stream.get_final_response())
    if dialect == "anthropic":
        async with client.messages.stream(**message_of(model, prompt, tools)) as stream:
            return message(await stream.get_final_message())
    asked = client.aio.models.generate_content_stream(model=model, contents=prompt, config=config(tools))
    return contents([chunk async for chunk in await asked])


@functools.cache
def client_of(own: Any, base: str) -> Any:
    """One client for all streams of an address: to make one costs more than to read a stream."""
    if own is None:
        return genai.Client(api_key="test", http_options=types.HttpOptions(base_url=base, timeout=TIMEOUT * 1000))
    return own(base_url=base, api_key="test", timeout=TIMEOUT, max_retries=0)


def message_of(model: str, prompt: str, tools: Any) -> dict[str, Any]:
    """What messages are asked."""
    asked = {"model": model, "max_tokens": 4096, "messages": [{"role": "user", "content": prompt}]}
    return {**asked, **({"tools": tools} if tools else {})}


def config(tools: Any) -> types.GenerateContentConfig | None:
    """The tools as its SDK takes them; nothing is called by itself."""
    off = types.AutomaticFunctionCallingConfig(disable=True)
    return types.GenerateContentConfig(tools=tools, automatic_function_calling=off) if tools else None


def raised(error: Exception) -> dict[str, Any]:
    """What went wrong, and with which status."""
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    return {"raised": type(error).__name__, "status": status, "said": str(error)[:300]}


async def everything(asked: list[Any]) -> list[Any]:
    """All streams with asyncio, a few at a time."""
    gate = asyncio.Semaphore(8)

    async def one(stream: list[Any]) -> Any:
        async with gate:
            try:
                return await concurrent(*stream)
            except Exception as error:  # noqa: BLE001 - the test shows it
                return raised(error)

    return await asyncio.gather(*map(one, asked))


def main() -> None:
    """Reads all streams twice."""
    asked = json.loads(sys.argv[1])
    found = []
    for stream in asked:
        try:
            found.append(plain(*stream))
        except Exception as error:  # noqa: BLE001 - the test shows it
            found.append(raised(error))
    print(json.dumps({"plain": found, "asyncio": asyncio.run(everything(asked))}))  # noqa: T201 - that is what the test reads


main()
