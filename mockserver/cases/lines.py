"""Cases of an event stream's lines: ends, blanks, byte order mark, octets. Rows only; imports `case` and `script`."""

from __future__ import annotations

from functools import partial
from typing import Final

from mockserver.cases.case import Case
from mockserver.cases.script import Event, Script, Stream, whole

row = partial(Case, topic="lines", layer="sse-framing")

EIGHT_MB: Final = 8 * 1024 * 1024


def _text_first(script: Script) -> Stream:
    # Grammars that open with an event of their own keep it: nothing may stand before it.
    events = script.answer()
    return script.stream(events[1:] if script.dialect == "openai-chat" else events)


def _one_newline(script: Script) -> Stream:
    events = script.answer()
    last = len(events) - 1
    numbers = iter(range(len(events)))

    def block(event: Event) -> bytes:
        data = script.block(event)
        return data if next(numbers) == last else data[: -len(script.eol)]

    return script.stream(events, block)


def _leading_blanks(script: Script) -> Stream:
    return script.stream(script.answer(), lambda event: 2 * script.eol.encode() + script.block(event))


def _separators(script: Script) -> Stream:
    return script.stream(script.answer(("one\u2028two", "\u2029three", "\u0085four", " five")))


def _nul_escape(script: Script) -> Stream:
    return script.stream(script.answer(("one", "\0two", " three", " four")))


def _nul_raw(script: Script) -> Stream:
    eol = script.eol.encode()
    parts: list[tuple[Event | None, bytes]] = []
    for event, data in script.parts(script.answer()):
        parts += [(event, b"id: a\0b" + eol + data), (None, b"\0" + eol * 2)]
    return script.chunked(parts)


def _lone_octet(script: Script) -> Stream:
    mark = "\ue000"
    events = script.answer(("one", f" t{mark}wo", " three", " four"))
    shown = [event._replace(text=event.text.replace(mark, "\ufffd")) for event in events]
    return script.stream(shown, lambda event: script.block(event).replace(mark.encode(), b"\xff"))


def _endless_line(script: Script) -> Stream:
    return script.chunked([*script.parts(script.head()), (None, b"data: " + b"x" * EIGHT_MB)])


CASES: Final = (
    row(
        id="crlf",
        wire="all lines end in CR LF, as Google's do",
        requirement="CR LF is one line end: the events are those of LF.",
        sources=("WHATWG HTML 9.2.5", "hey-api/hey-api#3054", "envoyproxy/ai-gateway#1536"),
        expects="deliver",
        faults="eol:crlf",
        stream=whole,
    ),
    row(
        id="cr-only",
        wire="all lines end in a bare CR, the last event in CR CR",
        requirement="CR alone ends a line, also where the body ends behind it.",
        sources=("WHATWG HTML 9.2.5", "a2aproject/a2a-js#714", "whatwg/html#4411"),
        expects="deliver",
        faults="eol:cr",
        stream=whole,
    ),
    row(
        id="mixed-eol",
        wire="LF behind fields, CR LF as the blank line",
        requirement="Each line end is judged by itself.",
        sources=("WHATWG HTML 9.2.5", "kaitranntt/ccs#1359"),
        expects="deliver",
        faults="eol:mixed",
        stream=whole,
    ),
    row(
        id="bom-content-first",
        wire="EF BB BF before the first field; where the grammar allows the first event has text",
        requirement="Exactly one leading byte order mark is taken off, so that the first event is not lost.",
        sources=("WHATWG HTML 9.2.5", "openai/openai-python#3819", "rexxars/eventsource-parser#41"),
        expects="deliver",
        faults="bom",
        stream=_text_first,
    ),
    row(
        id="no-space",
        wire="`data:{…}` and `event:x` without the space behind the colon",
        requirement="One space behind the colon is taken off if it is there; both forms are one.",
        sources=("WHATWG HTML 9.2.6", "openai/openai-python#498", "aaif-goose/goose#7929"),
        expects="deliver",
        faults="no-space",
        stream=whole,
    ),
    row(
        id="single-newline-events",
        wire="events parted by one line end alone",
        requirement="Without blank lines it is one event whose joined data is no JSON; who reads by line may go on.",
        sources=("WHATWG HTML 9.2.6",),
        expects="any",
        stream=_one_newline,
    ),
    row(
        id="leading-blank-lines",
        wire="two blank lines before each event",
        requirement="A blank line with nothing before it dispatches nothing.",
        sources=("WHATWG HTML 9.2.6", "googleapis/js-genai#963"),
        expects="deliver",
        stream=_leading_blanks,
    ),
    row(
        id="u2028",
        wire="U+2028, U+2029 and U+0085 as they are, in JSON strings",
        requirement="Only CR, LF and CR LF end a line.",
        sources=("WHATWG HTML 9.2.5", "florimondmanca/httpx-sse#34", "langchain-ai/langgraph#2560"),
        expects="deliver",
        stream=_separators,
    ),
    row(
        id="nul-escape",
        wire=r"\u0000 in a JSON string",
        requirement="An escaped NUL is a character of the text.",
        sources=("RFC 8259 7",),
        expects="deliver",
        stream=_nul_escape,
    ),
    row(
        id="nul-raw",
        wire="a line of one NUL between events, and a NUL in each id",
        requirement="A line of NUL is a field that nobody knows, and an id with NUL is ignored.",
        sources=("WHATWG HTML 9.2.6",),
        expects="deliver",
        stream=_nul_raw,
    ),
    row(
        id="invalid-utf8",
        wire="a lone FF inside a JSON string",
        requirement="An octet that is no UTF-8 becomes U+FFFD and the stream goes on.",
        sources=("WHATWG HTML 9.2.5", "xberg-io/liter-llm#152"),
        expects="deliver",
        stream=_lone_octet,
    ),
    row(
        id="no-final-blank-line",
        wire="the last event with one line end behind it, then a clean end",
        requirement="An event without its blank line is discarded, the terminal one too; some take it all the same.",
        sources=("WHATWG HTML 9.2.6", "openai/openai-node#2725", "google-gemini/gemini-cli#29059"),
        expects="any",
        faults="no-final-blank",
        stream=whole,
    ),
    row(
        id="no-final-newline",
        wire="the last line without a line end, then a clean end",
        requirement="A line that the end of the body ends closes no event; some take it all the same.",
        sources=("WHATWG HTML 9.2.6", "openai/openai-node#2725"),
        expects="any",
        faults="no-final-blank:line=yes",
        stream=whole,
    ),
    row(
        id="huge-event-8mb",
        wire="half of the text, then an event in one line of 8 MB, then the rest",
        requirement="A long line is delivered in time linear in its length.",
        sources=("googleapis/python-genai#2248", "rexxars/eventsource-parser#19", "aio-libs/aiohttp#4453"),
        expects="deliver",
        faults="huge-event@<half>:8mb",
        stream=whole,
    ),
    row(
        id="line-8mb-no-newline",
        wire="half of the events, 8 MB of one data line that never ends, FIN without the last chunk",
        requirement="A line without an end takes bounded memory, and the break is reported.",
        sources=("openclaw/openclaw#96972",),
        expects="report",
        faults="cut",
        stream=_endless_line,
    ),
)
