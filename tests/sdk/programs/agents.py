"""Agents of pydantic-ai hold a conversation: a tool call and its result, a second turn, a typed answer, test cards.

Gets the root of a server; prints what was said, by model class, as a JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from google import genai
from google.genai import types
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider


class Trip(BaseModel):
    """A typed answer."""

    city: str
    days: int
    tags: list[str]


def models(root: str) -> dict[str, Callable[[str], Any]]:
    """For each kind of model what makes one of a name."""
    openai = OpenAIProvider(base_url=f"{root}/openai/v1", api_key="test")
    anthropic = AnthropicProvider(base_url=f"{root}/anthropic", api_key="test")
    options = types.HttpOptions(base_url=f"{root}/google")
    google = GoogleProvider(client=genai.Client(api_key="test", http_options=options))
    return {
        "openai-chat": lambda name: OpenAIChatModel(name, provider=openai),
        "openai-responses": lambda name: OpenAIResponsesModel(name, provider=openai),
        "anthropic": lambda name: AnthropicModel(name, provider=anthropic),
        "gemini": lambda name: GoogleModel(name, provider=google),
    }


async def conversation(model: Callable[[str], Any]) -> dict[str, Any]:
    """What an agent of that model says and is told."""
    called: list[str] = []

    def get_weather(city: str) -> str:
        """The weather in a city."""
        called.append(city)
        return f"21 degrees in {city}"

    agent = Agent(model("some-model"), tools=[get_weather])
    first = await agent.run("What is the weather like today?")
    async with agent.run_stream("And what do you think of it?", message_history=first.all_messages()) as stream:
        pieces = [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]
    typed = await Agent(model("some-model"), output_type=Trip).run("Plan a trip")
    card = await Agent(model("tt:korean")).run("anything")
    return {
        "called": called,
        "first": first.output,
        "second": "".join(pieces),
        "pieces": len(pieces),
        "typed": typed.output.model_dump(),
        "card": card.output,
        "tokens": first.usage.output_tokens,
    }


async def main() -> None:
    """All models, one after another."""
    told: dict[str, Any] = {}
    for name, model in models(sys.argv[1].strip('"')).items():
        try:
            told[name] = await conversation(model)
        except Exception as error:  # noqa: BLE001 - the test shows it
            told[name] = {"raised": type(error).__name__, "said": str(error)[:600]}
    print(json.dumps(told))  # noqa: T201 - that is what the test reads


asyncio.run(main())
