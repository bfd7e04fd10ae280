"""A request of AG-UI: a run of an agent with its messages, tools and context. Pure."""

from __future__ import annotations

from typing import Final

from cassettes.dialects.base import at
from cassettes.transpose.openai_chat import read_messages, write_messages
from cassettes.transpose.talk import Json, Losses, Part, Talk, Tool, Turn, items, set_as, text_at

_READ: Final = frozenset(("threadId", "runId", "protocolVersion", "messages", "tools"))
_MESSAGE: Final = ("id", "role", "content", "toolCalls", "toolCallId")


def read(body: Json, losses: Losses) -> Talk:
    """The request as a value; settings and model are the agent's own. A message of reasoning goes with the next."""
    losses.rest("request", body, _READ)
    messages: list[object] = []
    thoughts: list[str] = []
    for number, message in enumerate(items(at(body, "messages"))):
        place = f"request.messages[{number}]"
        losses.rest(place, message, _MESSAGE)
        role = text_at(message, "role")
        if role == "reasoning":
            thoughts.append(text_at(message, "content"))
        elif role == "activity":
            losses.add(f"{place} (activity)", "it is for the page alone")
        else:
            own = {"role": role, "content": at(message, "content"), "tool_calls": at(message, "toolCalls")}
            own |= {"tool_call_id": at(message, "toolCallId")}
            if role == "assistant" and thoughts:
                own["reasoning_content"] = "\n".join(thoughts)
                thoughts = []
            messages.append(own)
    turns = read_messages({"messages": messages}, losses)
    tools = tuple(
        Tool(text_at(tool, "name"), text_at(tool, "description"), at(tool, "parameters"))
        for tool in items(at(body, "tools"))
    )
    return Talk(turns=turns, tools=tools)


def write(talk: Talk, losses: Losses) -> Json:
    """The body of the request."""
    messages: list[object] = []
    for turn in talk.turns:
        thoughts = [part.text for part in turn.parts if part.kind == "reasoning"]
        if thoughts:
            messages.append({"id": f"msg-{len(messages) + 1}", "role": "reasoning", "content": "\n".join(thoughts)})
        kept = Turn(turn.role, tuple(_single(turn.parts)))
        for message in write_messages(Talk(turns=(kept,)), losses):
            own: Json = {"id": f"msg-{len(messages) + 1}", "role": text_at(message, "role")}
            own["content"] = at(message, "content") or ""
            if (calls := at(message, "tool_calls")) is not None:
                own["toolCalls"] = calls
            if ident := text_at(message, "tool_call_id"):
                own["toolCallId"] = ident
            messages.append(own)
    tools = [{"name": tool.name, "description": tool.about, "parameters": tool.schema or {}} for tool in talk.tools]
    if talk.choice is not None:
        losses.add("request.tool_choice", "it is the agent's own")
    if talk.form is not None:
        losses.add("request.response_format", "it is the agent's own")
    set_as(talk, {}, losses)
    props = {"model": talk.model} if talk.model else {}
    run: Json = {"threadId": "thread-1", "runId": "run-1", "state": {}, "messages": messages}
    return run | {"tools": tools, "context": [], "forwardedProps": props}


def _single(parts: tuple[Part, ...]) -> list[Part]:
    """The parts but for thoughts, texts that follow one another as one: a message's content is a text."""
    kept: list[Part] = []
    for part in parts:
        if part.kind == "text" and kept and kept[-1].kind == "text":
            kept[-1] = part._replace(text=f"{kept[-1].text}\n{part.text}")
        elif part.kind != "reasoning":
            kept.append(part)
    return kept
