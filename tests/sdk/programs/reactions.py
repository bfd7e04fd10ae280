"""How the providers' Python SDKs of this environment react to broken answers; each case in a deck of its own.

Gets `{"root": URL, "deck": PREFIX, "cases": {name: {"api", "faults", "timeout"}}}` and prints what each case came to:
`{name: {"items", "text", "raised", "cause", "said", "waits"}}`. Nothing waits before a retry: what an SDK asks for is
noted instead.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

MESSAGES: Any = [{"role": "user", "content": "Count."}]
PATIENCE = 30.0

noted = threading.local()


def _note(seconds: float) -> None:
    noted.waits.append(seconds)


def chat(root: str, headers: dict[str, str], timeout: float) -> Iterator[str]:
    """The text of each item that Chat Completions yield."""
    from openai import OpenAI

    with OpenAI(base_url=f"{root}/openai/v1", api_key="sk-test", default_headers=headers, timeout=timeout) as client:
        for item in client.chat.completions.create(model="gpt-5.1", messages=MESSAGES, stream=True):
            yield (item.choices[0].delta.content or "") if item.choices else ""


def responses(root: str, headers: dict[str, str], timeout: float) -> Iterator[str]:
    """The same of Responses."""
    from openai import OpenAI

    with OpenAI(base_url=f"{root}/openai/v1", api_key="sk-test", default_headers=headers, timeout=timeout) as client:
        for item in client.responses.create(model="gpt-5.1", input="Count.", stream=True):
            yield item.delta if item.type == "response.output_text.delta" else ""


def anthropic(root: str, headers: dict[str, str], timeout: float) -> Iterator[str]:
    """The same of Messages."""
    from anthropic import Anthropic

    with Anthropic(base_url=f"{root}/anthropic", api_key="sk-ant", default_headers=headers, timeout=timeout) as client:
        for item in client.messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=MESSAGES, stream=True):
            yield item.delta.text if item.type == "content_block_delta" else ""


def gemini(root: str, headers: dict[str, str], timeout: float, **more: Any) -> Iterator[str]:
    """The same of Gemini."""
    from google import genai
    from google.genai import types

    options = types.HttpOptions(base_url=f"{root}/google", headers=headers, timeout=int(timeout * 1000), **more)
    with genai.Client(api_key="test", http_options=options) as client:
        for item in client.models.generate_content_stream(model="gemini-2.5-flash", contents="Count."):
            yield "".join(part.text or "" for one in item.candidates or [] for part in one.content.parts or [])


def gemini_retrying(root: str, headers: dict[str, str], timeout: float) -> Iterator[str]:
    """Gemini, told to retry."""
    from google.genai import types

    retries = types.HttpRetryOptions(attempts=3, initial_delay=0.01)
    yield from gemini(root, headers, timeout, retry_options=retries)


APIS: dict[str, Callable[[str, dict[str, str], float], Iterator[str]]] = {
    "chat": chat,
    "responses": responses,
    "anthropic": anthropic,
    "gemini": gemini,
    "gemini retrying": gemini_retrying,
}


def react(root: str, case: dict[str, Any]) -> dict[str, Any]:
    """What one case came to, with the items that came before an exception."""
    noted.waits = []
    texts: list[str] = []
    told: dict[str, Any] = {"raised": None, "cause": None, "said": ""}
    headers = {"x-tokentape-fault": case["faults"]} if case["faults"] else {}
    try:
        for text in APIS[case["api"]](root, headers, case.get("timeout") or PATIENCE):
            texts.append(text)  # noqa: PERF402 - what came before an exception counts
    except Exception as error:  # noqa: BLE001 - that is what is asked
        told = {"raised": type(error).__name__, "said": str(error)}
        told["cause"] = type(error.__cause__).__name__ if error.__cause__ else None
    return {**told, "items": len(texts), "text": "".join(texts), "waits": noted.waits}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    import anthropic as _anthropic  # noqa: F401 - threads that import one package at once get in each other's way
    import google.genai as _genai  # noqa: F401
    import openai as _openai  # noqa: F401

    time.sleep = _note
    ssl.create_default_context = cache(ssl.create_default_context)  # 50 ms each time, and nothing here is encrypted
    with ThreadPoolExecutor(8) as pool:
        running = {
            name: pool.submit(react, f"{asked['root']}/~{asked['deck']}{number}", case)
            for number, (name, case) in enumerate(asked["cases"].items())
        }
    print(json.dumps({name: one.result() for name, one in running.items()}))  # noqa: T201 - that is what the test reads
