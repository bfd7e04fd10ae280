"""Cases of TCP: how bytes are packed, connections that break. Rows only; imports `case` and `script`."""

from __future__ import annotations

from functools import partial
from typing import Final

from mockserver.cases.case import Case
from mockserver.cases.script import PIECES, Script, Stream, whole

row = partial(Case, topic="tcp", layer="tcp")


def _many(script: Script) -> Stream:
    return script.stream(script.answer([f"{number} " for number in range(3000)]))


def _short(script: Script) -> Stream:
    return script.stream(script.answer(PIECES[:3]))


CASES: Final = (
    row(
        id="many-events-one-write",
        wire="3,000 pieces of text in one HTTP chunk, one write",
        requirement="All events of one read are delivered in order, in time linear in their number.",
        sources=("anthropics/anthropic-sdk-typescript#1096", "openai/openai-node#2324"),
        expects="deliver",
        faults="merge",
        stream=_many,
    ),
    row(
        id="byte-per-segment",
        wire="an HTTP chunk and a segment for each byte of the body",
        requirement="The text does not depend on how the bytes are packed, and nothing is scanned again for each byte.",
        sources=("RFC 9112 7.1", "openai/openai-node#1913", "open-webui/open-webui#13474"),
        expects="deliver",
        faults="split:1;drip:1,every=0.3ms",
        stream=_short,
    ),
    row(
        id="rst-before-headers",
        wire="RST before any byte of the response, on every attempt",
        requirement="A request that got no byte may be sent again a few times, then a connection error is reported.",
        sources=("RFC 9110 9.2.2", "everruns/everruns#2594"),
        expects="report",
        faults="reset@request",
    ),
    row(
        id="rst-once-then-ok",
        wire="RST before any byte on the first attempt, the answer on the second",
        requirement="A request that got no byte is sent again without its user noticing.",
        sources=("RFC 9110 9.2.2", "everruns/everruns#2594"),
        expects="retry",
        faults="reset@request#1",
    ),
    row(
        id="rst-mid-headers",
        wire="the status line, then RST inside the head",
        requirement="A head that breaks off is a connection error, whatever its status line said.",
        sources=("RFC 9112 8",),
        expects="report",
        faults="reset@headers",
    ),
    row(
        id="rst-mid-chunk",
        wire="half of the events, half of a data line, RST",
        requirement="A break after text is reported with the text so far, not believed whole nor sent again unseen.",
        sources=("RFC 9112 8", "openai/openai-python#2065", "BerriAI/litellm#33404", "vercel/ai#19165"),
        expects="report",
        faults="reset@<mid>",
        stream=whole,
    ),
    row(
        id="rst-between-events",
        wire="half of the events, each of them whole, RST",
        requirement="A break on the border of two events is reported as one inside an event is.",
        sources=("RFC 9112 8", "apache/maka#2297", "AtomicBot-ai/atomic-agent#313"),
        expects="report",
        faults="reset@<half>",
        stream=whole,
    ),
    row(
        id="fin-mid-stream",
        wire="half of the events, FIN without the last chunk",
        requirement="A chunked body without its last chunk is incomplete, and that is reported.",
        sources=("RFC 9112 8", "openai/openai-python#2065", "langchain-ai/langchainjs#4196"),
        expects="report",
        faults="cut@<half>",
        stream=whole,
    ),
    row(
        id="rst-after-last-event",
        wire="all events and the terminal one, RST in place of the last chunk",
        requirement="An answer whose terminal event came counts; who needs the end of the body may report an error.",
        sources=("RFC 9112 8", "sudoprivacy/sudocode#576"),
        expects="any",
        faults="reset@end",
        stream=whole,
    ),
)
