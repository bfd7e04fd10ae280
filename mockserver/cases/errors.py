"""Cases of errors inside a stream, and of data that is no JSON. Rows only; imports `case`, `script` and `spoken`."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Final

from cassettes import dialects
from mockserver.cases.case import CHAT, MODELS, RESPONSES, Case
from mockserver.cases.script import PIECES, Event, Script, Stream, whole
from mockserver.cases.spoken import CHAT as SCRIPT

row = partial(Case, topic="errors", layer="provider-protocol")

_MESSAGE: Final = "Overloaded (a case of tokentape)"


def _comment_as_data(script: Script) -> Stream:
    return script.between(f"data: : OPENROUTER PROCESSING{script.eol}{script.eol}".encode())


def _bare_json(script: Script) -> Stream:
    text = json.dumps(dialects.get(script.dialect).envelope(503, _MESSAGE, None), indent=2)
    data = (text.replace("\n", script.eol) + script.eol).encode()
    return script.chunked([*script.parts(script.head()), (None, data)])


def _failed_choice(error: dict[str, Any], script: Script) -> Stream:
    choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
    event = Event(SCRIPT.envelope(choices=[choice], **error))
    return script.stream([*script.head(), event, Event("[DONE]")])


def _cut_json(script: Script) -> Stream:
    event = script.says(PIECES[4], 4)
    cut = event._replace(data=event.line[: len(event.line) // 2], text="")
    rest = script.rest()[1:]
    return script.stream([*script.head(), cut, *rest])


def _two_in_one(script: Script) -> Stream:
    first, second, *rest = script.rest()
    glued = Event(first.line + second.line, first.name, first.text + second.text)
    return script.stream([*script.head(), glued, *rest])


CASES: Final = (
    row(
        id="comment-as-data",
        wire="`data: : OPENROUTER PROCESSING` behind half of the text: a comment that a gateway wrapped",
        requirement="Data that is no JSON is reported or passed over; the answer never ends there in silence.",
        sources=("mnfst/llm-gateway#2053",),
        expects="any",
        stream=_comment_as_data,
        dialects=MODELS,
    ),
    row(
        id="error-event-first",
        wire="200, the provider's error as the first event, a clean end",
        requirement="An error before any text is reported, and may be tried again.",
        sources=("vercel/ai#10653", "BerriAI/litellm#22793"),
        expects="report",
        faults="error@0b:overloaded",
        stream=whole,
    ),
    row(
        id="error-event-mid",
        wire="half of the events, the provider's error, a clean end",
        requirement="An error behind text is reported with its type, the text is kept, nothing is sent again unasked.",
        sources=("anthropics/anthropic-sdk-python#1918", "vercel/ai#6534", "googleapis/python-genai#2604"),
        expects="report",
        faults="error@<half>:overloaded",
        stream=whole,
    ),
    row(
        id="error-event-text",
        wire="half of the events, `event: error` whose data is plain text, a clean end",
        requirement="An error event is reported with its text, whether that is JSON or not.",
        sources=("envoyproxy/ai-gateway#2698",),
        expects="report",
        faults="error@<half>:overloaded,style=text",
        stream=whole,
    ),
    row(
        id="error-string",
        wire='half of the events, data {"error": "a string"}, a clean end',
        requirement="An error that is a string is reported as one that is an object.",
        expects="report",
        faults="error@<half>:overloaded,style=string",
        stream=whole,
    ),
    row(
        id="json-error-pretty-mid",
        wire="half of the events, the provider's error as bare JSON over several lines without data:, a clean end",
        requirement="Lines that are no field are ignored, and then the missing terminal event is reported.",
        sources=("WHATWG HTML 9.2.6", "openai/openai-python#650", "googleapis/python-genai#1162"),
        expects="report",
        stream=_bare_json,
    ),
    row(
        id="error-chunk-openrouter",
        wire='half of the events, a chunk with error {code: 502} and finish_reason "error", [DONE]',
        requirement="An error beside choices is reported, also when [DONE] follows.",
        sources=("cline/cline#4398", "cline/cline#5043"),
        expects="report",
        stream=partial(_failed_choice, {"error": {"code": 502, "message": _MESSAGE}}),
        dialects=CHAT,
    ),
    row(
        id="finish-reason-error",
        wire='half of the events, a chunk with finish_reason "error" and no error object, [DONE]',
        requirement="A finish reason that says error is a failure.",
        sources=("cline/cline#4398", "CherryHQ/cherry-studio#16079"),
        expects="report",
        stream=partial(_failed_choice, {}),
        dialects=CHAT,
    ),
    row(
        id="responses-failed",
        wire="half of the events, response.failed, a clean end",
        requirement="response.failed is a terminal event and a failure.",
        sources=("vercel/ai#6534",),
        expects="report",
        faults="error@<half>:server,style=failed",
        stream=whole,
        dialects=RESPONSES,
    ),
    row(
        id="json-cut-event",
        wire="an event whose JSON stops in the middle, with its blank line, then the rest",
        requirement="An event that is no JSON is reported.",
        sources=("googleapis/js-genai#1342", "anomalyco/opencode#8282"),
        expects="report",
        stream=_cut_json,
        dialects=MODELS,
    ),
    row(
        id="two-json-one-line",
        wire="two JSON objects glued on one data line",
        requirement="Data that is more than one JSON value is reported; never are both dropped in silence.",
        sources=("openai/openai-python#663", "googleapis/python-genai#2042"),
        expects="report",
        stream=_two_in_one,
        dialects=MODELS,
    ),
)
