"""Cases of HTTP chunks: where they are cut, and how their framing may look. Rows only; imports `case` and `script`.

`drip:65536` puts no byte anywhere else: it gives each chunk a write of its own, a millisecond after the one before.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mockserver.cases.case import Case
from mockserver.cases.script import Event, Script, Stream, whole

row = partial(Case, topic="chunking", layer="chunking")


def _between_escapes(script: Script) -> Stream:
    parts: list[tuple[Event | None, bytes]] = []
    for event, data in script.parts(script.answer()):
        low = data.replace("🌍".encode(), rb"\ud83c\udf0d").find(rb"\udf0d") if event and event.text == " 🌍" else -1
        if low < 0:
            parts.append((event, data))
        else:
            escaped = data.replace("🌍".encode(), rb"\ud83c\udf0d")
            parts += [(event, escaped[:low]), (None, escaped[low:])]
    return script.chunked(parts)


CASES: Final = (
    row(
        id="utf8-split",
        wire="every character of more than one byte cut after its first, the halves in two chunks and segments",
        requirement="One incremental decoder reads the whole body: no character is lost or replaced at a border.",
        sources=("WHATWG HTML 9.2.5", "danielmiessler/Fabric#2203", "mastra-ai/mastra#20224"),
        expects="deliver",
        faults="split:utf8;drip:65536",
        stream=whole,
    ),
    row(
        id="crlf-split",
        wire="lines that end in CR LF, the CR last in one chunk, the LF first in the next",
        requirement="CR LF is one line end also across reads: no blank line more, no event early.",
        sources=("WHATWG HTML 9.2.5", "rexxars/eventsource-parser#17", "openai/openai-agents-python#4215"),
        expects="deliver",
        faults="eol:crlf;split:crlf;drip:65536",
        stream=whole,
    ),
    row(
        id="blank-line-split",
        wire="the two line ends that close an event in two chunks",
        requirement="An event is dispatched once, when the second of the line ends that close it is there.",
        sources=("WHATWG HTML 9.2.6", "danny-avila/LibreChat#4820", "brainlid/langchain#540"),
        expects="deliver",
        faults="split:blank;drip:65536",
        stream=whole,
    ),
    row(
        id="surrogate-escapes",
        wire=r"the JSON escapes \ud83c and \udf0d of one character, the border of two chunks between them",
        requirement="JSON is parsed when its event is whole, so that a pair of escapes is one character.",
        sources=("RFC 8259 7", "elizaOS/eliza#30904"),
        expects="deliver",
        faults="drip:65536",
        stream=_between_escapes,
    ),
    row(
        id="chunk-ext-trailers",
        wire="chunk sizes with an extension and leading zeros, a trailer behind the last chunk",
        requirement="Extensions are passed over, zeros before a size do not count, trailers are accepted.",
        sources=("RFC 9112 7.1", "RFC 9112 7.1.2"),
        expects="deliver",
        faults=r'chunk-extension:"case=\"1\"";chunk-zeros:4;trailer:x-case=done',
        stream=whole,
    ),
    row(
        id="chunk-ext-two",
        wire="chunk sizes with two extensions, `;foo=bar;q=a`",
        requirement="Any number of extensions, quoted or not, is legal and passed over.",
        sources=("RFC 9112 7.1.1",),
        expects="deliver",
        faults='chunk-extension:"foo=bar;q=a"',
        stream=whole,
    ),
    row(
        id="chunk-split-framing",
        wire="the size of each chunk, the CR LF behind it and its data in segments of their own",
        requirement="Framing that comes in pieces has no effect.",
        sources=("RFC 9112 7.1", "oobabooga/textgen#2516"),
        expects="deliver",
        faults="split:framing;drip:65536",
        stream=whole,
    ),
    row(
        id="bad-chunk-size",
        wire="`zz` where a chunk size is due, behind half of the text",
        requirement="A chunk size that is none is an error, and the text before it is known to be partial.",
        sources=("RFC 9112 7.1",),
        expects="report",
        faults="bad-chunk-size@<half>",
        stream=whole,
    ),
    row(
        id="fin-no-last-chunk",
        wire="all events and the terminal one, FIN without the last chunk",
        requirement="An answer whose terminal event came counts; who needs the end of the body may report an error.",
        sources=("RFC 9112 8", "chatchat-space/Langchain-Chatchat#4181"),
        expects="any",
        faults="cut",
        stream=whole,
    ),
)
