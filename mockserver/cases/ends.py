"""Cases of the end of an answer: without its terminal event, behind it, none at all. Rows only; imports `case` and
`script`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mockserver.cases.case import CHAT, RESPONSES, Case
from mockserver.cases.script import Script, Stream, whole

row = partial(Case, topic="ends", layer="provider-protocol")


def _nothing(_script: Script) -> Stream:
    return Stream(())


def _then(data: bytes, script: Script) -> Stream:
    return script.chunked([*script.parts(script.answer()), (None, data)])


def _last_as(data: bytes, script: Script) -> Stream:
    parts = script.parts(script.answer())
    return script.chunked([*parts[:-1], (parts[-1][0], data)])


CASES: Final = (
    row(
        id="truncated-clean-end",
        wire="half of the events, then a clean end: no finish reason, no terminal event",
        requirement="A stream that ends before its terminal event is reported, however clean its end is.",
        sources=("vercel/ai#19165", "anomalyco/opencode#26170", "ollama/ollama#17118", "BerriAI/litellm#32159"),
        expects="report",
        faults="end-early@<half>",
        stream=whole,
    ),
    row(
        id="done-then-open",
        wire="all events and the terminal one, then half a minute of silence before the end",
        requirement="The terminal event ends the answer; nobody waits for the end of the body.",
        sources=("earendil-works/pi#5592", "ltmoerdani/opencode-copilot-chat#170"),
        expects="deliver",
        faults="linger:30s",
        stream=whole,
    ),
    row(
        id="empty-200",
        wire="200, text/event-stream, no event, a clean end",
        requirement="A stream without an event is an error, not an empty answer.",
        sources=("preloop/preloop#121", "earendil-works/pi#2537", "decolua/9router#3051"),
        expects="report",
        stream=_nothing,
    ),
    row(
        id="no-terminal-event",
        wire="all text, a clean end, no [DONE], message_stop, response.completed or chunk with a finishReason",
        requirement="A missing terminal event is reported; in chat completions a finish reason is enough.",
        sources=("NVIDIA/TensorRT-LLM#18289", "farion1231/cc-switch#6541", "google-gemini/gemini-cli#8567"),
        expects="any",
        faults="no-terminal",
        stream=whole,
    ),
    row(
        id="done-trailing-space",
        wire="`data: [DONE] ` with a space at its end",
        requirement="White space behind [DONE] does not matter.",
        expects="deliver",
        stream=partial(_last_as, b"data: [DONE] \n\n"),
        dialects=CHAT,
    ),
    row(
        id="done-twice",
        wire="[DONE] twice",
        requirement="What comes behind [DONE] is ignored, another [DONE] too.",
        expects="deliver",
        stream=partial(_then, b"data: [DONE]\n\n"),
        dialects=CHAT,
    ),
    row(
        id="data-after-done",
        wire="an event with invalid JSON behind [DONE]",
        requirement="What comes behind [DONE] is ignored, invalid JSON too.",
        expects="deliver",
        stream=partial(_then, b'data: {"choices": oops\n\n'),
        dialects=CHAT,
    ),
    row(
        id="done-on-responses",
        wire="[DONE] behind response.completed, as from gateways",
        requirement="What comes behind response.completed is ignored.",
        sources=("cline/cline#1786",),
        expects="deliver",
        stream=partial(_then, b"data: [DONE]\n\n"),
        dialects=RESPONSES,
    ),
)
