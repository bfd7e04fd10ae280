"""What the Python SDKs of this environment make of a miss: the error that they raise, with their own retries left on."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

from ways import run

MESSAGES: Any = [{"role": "user", "content": "Nobody recorded this."}]


def openai_chat(mount: str, stream: bool, root: str) -> None:
    """Chat Completions."""
    from openai import OpenAI

    with OpenAI(base_url=root + mount, api_key="sk-test") as client:
        client.chat.completions.create(model="gpt-5.1", messages=MESSAGES, stream=stream)


def openai_responses(root: str) -> None:
    """Responses."""
    from openai import OpenAI

    with OpenAI(base_url=f"{root}/openai/v1", api_key="sk-test") as client:
        client.responses.create(model="gpt-5.1", input="Nobody recorded this.", stream=True)


def anthropic_messages(stream: bool, root: str) -> None:
    """Messages."""
    from anthropic import Anthropic

    with Anthropic(base_url=f"{root}/anthropic", api_key="sk-ant-test") as client:
        client.messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=MESSAGES, stream=stream)


def gemini(stream: bool, root: str) -> None:
    """Gemini, with the retries that this SDK makes where it is told to."""
    from google import genai
    from google.genai import types

    retries = types.HttpRetryOptions(attempts=3, initial_delay=0.01)
    options = types.HttpOptions(base_url=f"{root}/google", retry_options=retries)
    with genai.Client(api_key="test", http_options=options) as client:
        if stream:
            list(client.models.generate_content_stream(model="gemini-2.5-flash", contents="Nobody."))
        else:
            client.models.generate_content(model="gemini-2.5-flash", contents="Nobody.")


def litellm_route(model: str, mount: str, root: str) -> None:
    """litellm."""
    import litellm

    litellm.suppress_debug_info = True
    list(litellm.completion(model=model, api_base=root + mount, api_key="sk-test", messages=MESSAGES, stream=True))


def langchain(root: str) -> None:
    """ChatOpenAI."""
    from langchain_openai import ChatOpenAI

    ChatOpenAI(model="gpt-5.1", base_url=f"{root}/openai/v1", api_key="sk-test").invoke("Nobody recorded this.")


WAYS: dict[str, dict[str, Callable[[str], None]]] = {
    "anthropic": {
        "openai": partial(openai_chat, "/openai/v1", False),
        "openai streamed": partial(openai_chat, "/openai/v1", True),
        "openai responses": openai_responses,
        "xai streamed": partial(openai_chat, "/xai/v1", True),
        "anthropic": partial(anthropic_messages, False),
        "anthropic streamed": partial(anthropic_messages, True),
        "google": partial(gemini, False),
        "google streamed": partial(gemini, True),
    },
    "litellm": {
        "litellm openai": partial(litellm_route, "openai/gpt-5.1", "/openai/v1"),
        "litellm anthropic": partial(litellm_route, "anthropic/claude-sonnet-4-5", "/anthropic"),
        "litellm gemini": partial(litellm_route, "gemini/gemini-2.5-flash", "/google/v1beta"),
        "langchain": langchain,
    },
}
"""By the package that tells the environments apart."""

if __name__ == "__main__":
    run(
        {name: way for package, ways in WAYS.items() if importlib.util.find_spec(package) for name, way in ways.items()}
    )
