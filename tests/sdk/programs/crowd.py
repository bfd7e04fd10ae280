"""Many clients at once: every client of this environment asks every service that it can speak to, all in one moment.

Gets `[{provider, dialect, base}]`, says `ready` once all is imported, and goes when it is told to. Prints a list of
`[client, provider, dialect, text]`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import Callable
from typing import Any

USER: Any = [{"role": "user", "content": "Who are you?"}]
Client = Callable[[str, bool], Any]


def official() -> dict[tuple[str, str], Client]:
    """The providers' SDKs."""
    import anthropic
    import openai
    from google import genai
    from google.genai import types

    async def chat(base: str, stream: bool) -> str:
        async with openai.AsyncOpenAI(base_url=base, api_key="sk-test") as client:
            answer = await client.chat.completions.create(model="any", messages=USER, stream=stream)
            if not stream:
                return answer.choices[0].message.content or ""
            return "".join([chunk.choices[0].delta.content or "" async for chunk in answer if chunk.choices])

    async def responses(base: str, stream: bool) -> str:
        async with openai.AsyncOpenAI(base_url=base, api_key="sk-test") as client:
            answer = await client.responses.create(model="openai/any", input="Who are you?", stream=stream)
            if not stream:
                return str(answer.output_text)
            events = [event async for event in answer]
            return "".join(event.delta for event in events if event.type == "response.output_text.delta")

    async def messages(base: str, stream: bool) -> str:
        async with anthropic.AsyncAnthropic(base_url=base, api_key="sk-ant-test") as client:
            if not stream:
                answer = await client.messages.create(model="any", max_tokens=9, messages=USER)
                return str(answer.content[0].text)
            async with client.messages.stream(model="any", max_tokens=9, messages=USER) as events:
                return await events.get_final_text()

    async def gemini(base: str, stream: bool) -> str:
        vertex = base.endswith("/vertex")
        options = types.HttpOptions(base_url=base)
        async with genai.Client(api_key="test", vertexai=vertex, http_options=options).aio as client:
            if not stream:
                return (await client.models.generate_content(model="gemini-2.5-flash", contents="Who?")).text or ""
            answer = await client.models.generate_content_stream(model="gemini-2.5-flash", contents="Who?")
            return "".join([chunk.text or "" async for chunk in answer])

    return {
        ("openai", "openai-chat"): chat,
        ("openai", "openai-responses"): responses,
        ("anthropic", "anthropic"): messages,
        ("google", "gemini"): gemini,
    }


def wrapping() -> dict[tuple[str, str], Client]:
    """litellm and langchain-openai."""
    import litellm
    from langchain_openai import ChatOpenAI

    litellm.suppress_debug_info = True

    async def through(model: str, base: str, stream: bool) -> str:
        answer = await litellm.acompletion(model, USER, api_base=base, api_key="sk-test", stream=stream)
        if not stream:
            return answer.choices[0].message.content or ""
        return "".join([chunk.choices[0].delta.content or "" async for chunk in answer if chunk.choices])

    async def chain(base: str, stream: bool) -> str:
        model = ChatOpenAI(model="any", base_url=base, api_key="sk-test", max_retries=0)
        if not stream:
            return str((await model.ainvoke("Who?")).text)
        return "".join([str(chunk.text) async for chunk in model.astream("Who?")])

    return {
        ("litellm", "openai-chat"): lambda base, stream: through("openai/any", base, stream),
        ("litellm", "anthropic"): lambda base, stream: through("anthropic/claude-sonnet-4-5", base, stream),
        ("langchain", "openai-chat"): chain,
    }


async def crowd(clients: dict[tuple[str, str], Client], services: list[dict[str, str]]) -> list[list[str]]:
    """What everybody heard."""

    async def one(name: str, client: Client, service: dict[str, str], stream: bool) -> list[str]:
        try:
            text = await client(service["base"], stream)
        except Exception as error:  # noqa: BLE001 - the test shows it
            text = f"{type(error).__name__}: {error}"
        return [name, service["provider"], service["dialect"], "streamed" if stream else "whole", text]

    return await asyncio.gather(
        *(
            one(name, client, service, stream)
            for stream in (True, False)
            for service in services
            for (name, dialect), client in clients.items()
            if dialect == service["dialect"]
        )
    )


if __name__ == "__main__":
    known = wrapping() if importlib.util.find_spec("litellm") else official()
    print("ready", flush=True)  # noqa: T201 - whoever started it waits for that
    sys.stdin.readline()
    print(json.dumps(asyncio.run(crowd(known, json.loads(sys.argv[1])))))  # noqa: T201 - and reads that
