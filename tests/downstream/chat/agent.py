"""A small agent: a model with tools, until it answers with text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from openai import OpenAI

client = OpenAI(max_retries=1)


class Agent:
    """Runs what the model calls; `called` holds the names of the tools in order."""

    def __init__(self, tools: dict[str, Callable[..., str]]) -> None:
        self._tools = tools
        self.called: list[str] = []

    def do(self, task: str) -> str:
        """The model's last word on the task."""
        messages: list[Any] = [{"role": "user", "content": task}]
        offered: Any = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in self._tools]
        while True:
            with client.chat.completions.stream(model="gpt-5.1", messages=messages, tools=offered) as stream:
                message = stream.get_final_completion().choices[0].message
            if not message.tool_calls:
                return message.content or ""
            messages.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
            for call in message.tool_calls:
                self.called.append(call.function.name)
                found = self._tools[call.function.name](**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": found})
