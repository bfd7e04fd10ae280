"""Cases of another attempt: statuses that ask for one, streams that go on or come twice. Rows only; imports `case` and
`script`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from mockserver.cases.case import RESPONSES, Case
from mockserver.cases.script import Script, Stream, whole

row = partial(Case, topic="retry", layer="retry-resume")


def _with_ids(script: Script) -> Stream:
    events = script.answer()
    ids = tuple(str(number) for number in range(1, len(events) + 1))
    parts = [
        (event, f"id: {ident}{script.eol}".encode() + script.block(event))
        for ident, event in zip(ids, events, strict=True)
    ]
    first = parts[0][0], f"retry: 100{script.eol}".encode() + parts[0][1]
    return script.chunked([first, *parts[1:]], ids=ids)


CASES: Final = (
    row(
        id="429-retry-after-s",
        wire="429 with Retry-After: 1, then the answer",
        requirement="The next attempt comes a second later, not before.",
        sources=("RFC 9110 10.2.3", "earendil-works/pi#9595", "googleapis/python-genai#2044"),
        expects="retry",
        faults="status#1:429,retry-after=1",
    ),
    row(
        id="429-retry-after-date",
        wire="429 with Retry-After: the HTTP date two seconds ahead, then the answer",
        requirement="Retry-After may be a date, and the next attempt does not come before it.",
        sources=("RFC 9110 10.2.3", "openai/openai-python#3555", "HKUDS/nanobot#2763"),
        expects="retry",
        faults="status#1:429,retry-after=date:2",
    ),
    row(
        id="429-retry-after-ms",
        wire="429 with Retry-After-Ms: 300 and Retry-After: 30, then the answer",
        requirement="Of both headers the one in milliseconds counts, for clients that know it.",
        sources=("anthropics/anthropic-sdk-typescript#357", "vercel/ai#5018"),
        expects="retry",
        faults="status#1:429,retry-after=30,retry-after-ms=300",
    ),
    row(
        id="429-no-header",
        wire="429 that does not say when, then the answer",
        requirement="Without a hint the next attempt waits by itself, longer each time.",
        sources=("RFC 6585 4",),
        expects="retry",
        faults="status#1:429;drop-header?#1:retry-after",
    ),
    row(
        id="503-then-ok",
        wire="503, then the answer",
        requirement="A server that is unavailable for a moment is asked again.",
        sources=("RFC 9110 15.6.4",),
        expects="retry",
        faults="status#1:503",
    ),
    row(
        id="529-then-ok",
        wire="529 with X-Should-Retry: true, then the answer",
        requirement="An overloaded provider is asked again, also where its status has no standard.",
        sources=("vercel/ai#10653",),
        expects="retry",
        faults="status#1:529,should-retry=true",
    ),
    row(
        id="408-then-ok",
        wire="408 with Connection: close, then the answer",
        requirement="A request that timed out is sent again on another connection.",
        sources=("RFC 9110 15.5.9",),
        expects="retry",
        faults="status#1:408;header#1:connection=close",
    ),
    row(
        id="500-should-retry-false",
        wire="500 with X-Should-Retry: false, on every attempt",
        requirement="A provider that asks for no other attempt gets none: one request, then the error.",
        expects="report",
        faults="status:500,should-retry=false",
    ),
    row(
        id="dup-events",
        wire="each event twice, as from a proxy that replays",
        requirement="Events with a sequence number that was there are dropped; where there is none the text doubles.",
        sources=("lidge-jun/opencodex#361", "endolith/open-interpreter#291"),
        expects="any",
        faults="duplicate",
        stream=whole,
    ),
    row(
        id="seq-out-of-order",
        wire="two neighbouring deltas in each other's place: sequence_number goes back",
        requirement="A sequence number that goes back is noticed: events are put in order, or an error is reported.",
        expects="any",
        faults="reorder@<half>",
        stream=whole,
        dialects=RESPONSES,
    ),
    row(
        id="last-event-id",
        wire="events with ids, FIN after half of them; with Last-Event-ID the rest, or 204; else all again",
        requirement="A client that reconnects waits as long as `retry:` says and sends the last id it has.",
        sources=("WHATWG HTML 9.2.3", "intrafind/ihub-apps#2047", "langchain-ai/langgraphjs#2805"),
        expects="retry",
        faults="cut@<half>#1",
        stream=_with_ids,
        dialects=("raw",),
    ),
    row(
        id="auto-reconnect-post",
        wire="nothing odd: a POST whose stream ends cleanly",
        requirement="A POST that was answered whole is not sent again: exactly one request.",
        sources=("RFC 9110 9.2.2", "Azure/fetch-event-source#79", "Azure/fetch-event-source#51"),
        expects="deliver",
        stream=whole,
    ),
    row(
        id="responses-starting-after",
        wire="the tape cut in its middle on the first attempt; GET /v1/responses/ID?starting_after=N has the rest",
        requirement="The rest of a stored response is asked for by its id and the last sequence number.",
        sources=("openai/openai-node#1984", "openai/openai-python#2828"),
        expects="retry",
        faults="cut@50%#1",
        dialects=RESPONSES,
    ),
)
