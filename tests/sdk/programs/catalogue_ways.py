"""What the official SDKs find beside answers: the models, how many tokens a request has, a response by its id."""

from __future__ import annotations

from typing import Any

from anthropic import Anthropic
from google import genai
from google.genai import types
from openai import OpenAI
from ways import run

USER: Any = [{"role": "user", "content": "How many tokens has this?"}]


def openai_client(root: str, mount: str = "/openai/v1") -> OpenAI:
    """A client with our base URL."""
    return OpenAI(base_url=root + mount, api_key="sk-test")


def gemini_client(root: str) -> genai.Client:
    """A client with our base URL. Hold on to it: it closes its connections when it is forgotten."""
    return genai.Client(api_key="test", http_options=types.HttpOptions(base_url=f"{root}/google"))


def openai_models(root: str) -> list[str]:
    """`models.list`, a name that each page has."""
    return [model.id for model in openai_client(root).models.list()]


def anthropic_models(root: str) -> list[str]:
    """`models.list`, with its pages."""
    return [model.id for model in Anthropic(base_url=f"{root}/anthropic", api_key="sk-ant-test").models.list()]


def gemini_models(root: str) -> list[str]:
    """`models.list`; the names begin with models/."""
    with gemini_client(root) as client:
        return [(model.name or "").removeprefix("models/") for model in client.models.list()]


def one_model(root: str) -> list[str]:
    """`models.retrieve` and `models.get`."""
    client = Anthropic(base_url=f"{root}/anthropic", api_key="sk-ant-test")
    with gemini_client(root) as google:
        card = google.models.get(model="gemini-2.5-flash")
    return [
        openai_client(root).models.retrieve("any").id,
        client.models.retrieve("any").id,
        (card.name or "").removeprefix("models/"),
    ]


def anthropic_tokens(root: str) -> int:
    """`messages.count_tokens`."""
    client = Anthropic(base_url=f"{root}/anthropic", api_key="sk-ant-test")
    return client.messages.count_tokens(model="any", messages=USER).input_tokens


def gemini_tokens(root: str) -> int | None:
    """`models.count_tokens`."""
    with gemini_client(root) as client:
        return client.models.count_tokens(model="gemini-2.5-flash", contents="How many tokens?").total_tokens


def response_by_id(root: str) -> str:
    """`responses.retrieve`: what was streamed, once more."""
    return openai_client(root).responses.retrieve("resp_T1").output_text


def tape_as_model(root: str) -> str | None:
    """A tape that is named as the model."""
    answer = openai_client(root).chat.completions.create(model="openai-openai-chat", messages=USER)
    return answer.choices[0].message.content


def other_models_responses(root: str) -> None:
    """Responses of RunYourAI with a model that is none of OpenAI's."""
    openai_client(root, "/runyourai/v1").responses.create(model="anthropic/claude-sonnet-4-5", input="Hi", stream=True)


if __name__ == "__main__":
    ways = (openai_models, anthropic_models, gemini_models, one_model, anthropic_tokens, gemini_tokens)
    run({way.__name__: way for way in (*ways, response_by_id, tape_as_model, other_models_responses)})
