"""A request of Cohere's chat, version 2: OpenAI's messages and tools, settings of its own. Pure."""

from __future__ import annotations

from typing import Final

from cassettes.dialects.base import at
from cassettes.transpose.openai_chat import read_messages, read_tools, write_messages, write_tools
from cassettes.transpose.talk import Choice, Form, Json, Losses, Talk, set_as, settings_of, text_at

NAMES: Final = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "stop": "stop_sequences",
    "seed": "seed",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
_READ: Final = frozenset(
    ("model", "messages", "tools", "tool_choice", "response_format", "stream", "strict_tools", *NAMES.values())
)
_CHOICES: Final = {"required": "REQUIRED", "none": "NONE"}


def read(body: Json, losses: Losses) -> Talk:
    """The request as a value."""
    losses.rest("request", body, _READ)
    chosen = {theirs: own for own, theirs in _CHOICES.items()}.get(text_at(body, "tool_choice"))
    form = at(body, "response_format")
    schema = at(form, "json_schema") if at(form, "json_schema") is not None else at(form, "schema")
    return Talk(
        model=text_at(body, "model"),
        turns=read_messages(body, losses),
        tools=read_tools(body, losses),
        settings=settings_of(body, NAMES),
        choice=Choice(chosen) if chosen else None,
        form=Form(schema) if text_at(form, "type") == "json_object" else None,
    )


def write(talk: Talk, losses: Losses) -> Json:
    """The body of the request."""
    body: Json = {"model": talk.model, "messages": write_messages(talk, losses, thoughts=True)}
    if talk.tools:
        body["tools"] = write_tools(talk)
    if talk.choice is not None and talk.choice.kind in _CHOICES:
        body["tool_choice"] = _CHOICES[talk.choice.kind]
    elif talk.choice is not None and talk.choice.kind == "tool":
        losses.add("request.tool_choice", "Cohere has no way to name the tool that must be called")
    if talk.form is not None:
        schema = {} if talk.form.schema is None else {"json_schema": talk.form.schema}
        body["response_format"] = {"type": "json_object", **schema}
    return body | set_as(talk, NAMES, losses) | {"stream": True}
