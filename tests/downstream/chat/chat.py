"""A small chat application: one client for the whole module, streams, and a reconnection when one breaks."""

from __future__ import annotations

from typing import Any

import httpx2
from openai import APIConnectionError, OpenAI

MODEL = "gpt-5.1"
ATTEMPTS = 3
client = OpenAI(max_retries=2)


class UnfinishedError(Exception):
    """No attempt brought the answer to its end."""


class Chat:
    """A conversation."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def say(self, text: str) -> str:
        """The answer to `text`, whole."""
        self.messages.append({"role": "user", "content": text})
        answer = self._answer()
        self.messages.append({"role": "assistant", "content": answer})
        return answer

    def _answer(self) -> str:
        parts: list[str] = []
        for _ in range(ATTEMPTS):
            try:
                for chunk in client.chat.completions.create(model=MODEL, messages=self.messages, stream=True):
                    choice = chunk.choices[0]
                    parts.append(choice.delta.content or "")
                    if choice.finish_reason is not None:
                        return "".join(parts)
            except (APIConnectionError, httpx2.TransportError):
                continue
        raise UnfinishedError
