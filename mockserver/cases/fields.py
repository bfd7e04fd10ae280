"""Cases of an event stream's fields: comments, ids, retry, data over lines. Rows only; imports `case` and `script`."""

from __future__ import annotations

import json
from functools import partial
from typing import Final

from mockserver.cases.case import Case
from mockserver.cases.script import Event, Script, Stream

row = partial(Case, topic="fields", layer="sse-framing")


def _pretty(script: Script) -> Stream:
    def block(event: Event) -> bytes:
        if isinstance(event.data, str):
            return script.block(event)
        name = [f"event: {event.name}"] if event.name else []
        lines = json.dumps(event.data, ensure_ascii=False, indent=2).split("\n")
        return script.eol.join([*name, *(f"data: {line}" for line in lines), "", ""]).encode()

    return script.stream(script.answer(), block)


def _before_each(lines: str, script: Script) -> Stream:
    data = lines.replace("\n", script.eol).encode()
    parts: list[tuple[Event | None, bytes]] = []
    for event, block in script.parts(script.answer()):
        parts += [(None, data), (event, block)]
    return script.chunked(parts)


def _first(lines: str, script: Script) -> Stream:
    data = lines.replace("\n", script.eol).encode()
    return script.chunked([(None, data), *script.parts(script.answer())])


def _between(lines: str, script: Script) -> Stream:
    return script.between(lines.replace("\n", script.eol).encode())


def _second_line(lines: str, script: Script) -> Stream:
    def block(event: Event) -> bytes:
        first, eol, rest = script.block(event).partition(script.eol.encode())
        return first + eol + lines.replace("\n", script.eol).encode() + rest

    return script.stream(script.answer(), block)


def _first_line(line: str, script: Script) -> Stream:
    data = f"{line}{script.eol}".encode()
    return script.stream(script.answer(), lambda event: data + script.block(event))


def _ids_and_comments(script: Script) -> Stream:
    parts: list[tuple[Event | None, bytes]] = []
    eol = script.eol
    for number, (event, block) in enumerate(script.parts(script.answer()), 1):
        parts += [(event, f"id: {number}{eol}".encode() + block), (None, f": keep-alive{eol}{eol}".encode())]
    return script.chunked(parts)


CASES: Final = (
    row(
        id="multiline-data",
        wire="the JSON of each event over several data: lines",
        requirement="Data lines are joined with LF, then parsed once.",
        sources=("WHATWG HTML 9.2.6", "openai/openai-python#650", "Routstr/routstr-core#543"),
        expects="deliver",
        stream=_pretty,
    ),
    row(
        id="comments-between",
        wire="`: OPENROUTER PROCESSING` and a blank line before each event",
        requirement="Comments are ignored, and a blank line behind one alone dispatches nothing.",
        sources=("WHATWG HTML 9.2.6", "mnfst/llm-gateway#2053", "googleapis/python-genai#487"),
        expects="deliver",
        stream=partial(_before_each, ": OPENROUTER PROCESSING\n\n"),
    ),
    row(
        id="comment-inside",
        wire="a comment behind the first line of each event",
        requirement="A comment between fields is ignored, and the event goes on.",
        sources=("WHATWG HTML 9.2.6", "tmc/langchaingo#631"),
        expects="deliver",
        stream=partial(_second_line, ": inside\n"),
    ),
    row(
        id="comment-one-newline",
        wire="`: ping` with one line end, right before the fields of each event",
        requirement="A comment needs no blank line of its own.",
        sources=("WHATWG HTML 9.2.6", "theopenco/llmgateway#2334"),
        expects="deliver",
        stream=partial(_first_line, ": ping"),
    ),
    row(
        id="id-plus-comment",
        wire="an id: in each event, a comment and a blank line behind it",
        requirement="A blank line without data dispatches nothing, also when an id was set.",
        sources=("WHATWG HTML 9.2.6", "openai/openai-python#2722", "theopenco/llmgateway#2334"),
        expects="deliver",
        stream=_ids_and_comments,
    ),
    row(
        id="retry-only-event",
        wire="`retry: 3000` and a blank line first",
        requirement="The time to reconnect is set, and nothing is dispatched.",
        sources=("WHATWG HTML 9.2.6", "openai/openai-python#2722"),
        expects="deliver",
        stream=partial(_first, "retry: 3000\n\n"),
    ),
    row(
        id="event-only-block",
        wire="`event: keepalive` and a blank line behind half of the text",
        requirement="A block without data dispatches nothing and its name is forgotten.",
        sources=("WHATWG HTML 9.2.6", "diegosouzapw/OmniRoute#1146"),
        expects="deliver",
        stream=partial(_between, "event: keepalive\n\n"),
    ),
    row(
        id="empty-data",
        wire="`data:` and a blank line behind half of the text",
        requirement="An event with empty data is no JSON: a client of a model passes over it.",
        sources=("WHATWG HTML 9.2.6", "openai/openai-python#2722"),
        expects="deliver",
        stream=partial(_between, "data:\n\n"),
    ),
    row(
        id="unknown-field",
        wire="`foo: bar` and a bare `baz` behind the first line of each event",
        requirement="Fields that nobody knows are ignored.",
        sources=("WHATWG HTML 9.2.6",),
        expects="deliver",
        stream=partial(_second_line, "foo: bar\nbaz\n"),
    ),
)
