"""Cases of time: silence, keepalives, slow and held-back streams. Rows only; imports `case` and `script`."""

from __future__ import annotations

from functools import partial
from typing import Final

from mockserver.cases.case import Case
from mockserver.cases.script import Script, Stream, whole

row = partial(Case, topic="timing", layer="timing")


def _every(gap_ms: float, script: Script) -> Stream:
    return whole(script)._replace(gap_ms=gap_ms)


CASES: Final = (
    row(
        id="stall-headers",
        wire="the request is taken, not a byte comes back",
        requirement="A request without an answer times out, may be sent again, and is reported in the end.",
        sources=("anthropics/anthropic-sdk-typescript#867",),
        expects="report",
        faults="stall@request",
    ),
    row(
        id="stall-mid",
        wire="half of the events, then silence on an open connection",
        requirement="Silence inside a stream times out between two reads, and that is reported.",
        sources=("anthropics/anthropic-sdk-typescript#867", "anomalyco/opencode#16366"),
        expects="report",
        faults="stall@<half>",
        stream=whole,
    ),
    row(
        id="stall-comments",
        wire="half of the events, then a comment each second and no event more",
        requirement="A stream that only keeps alive is ended by a watchdog over events, and that is reported.",
        sources=("anomalyco/opencode#43519", "anthropics/anthropic-sdk-typescript#998"),
        expects="report",
        faults="stall@<half>;keepalive:1s,text=keep-alive",
        stream=whole,
    ),
    row(
        id="keepalive-unseen",
        wire="half of the events, a minute of comments 5 s apart, the rest",
        requirement="Comments show that a slow stream lives: they arm an idle timer again.",
        sources=("WHATWG HTML 9.2.7", "Menci/Floway#498", "openclaw/openclaw#152535"),
        expects="deliver",
        faults="pause@<half>:60s;keepalive:5s,text=keep-alive",
        stream=whole,
    ),
    row(
        id="slow-comments-then-ok",
        wire="the head, comments for 4 s, then the events",
        requirement="No read times out while bytes arrive.",
        sources=("WHATWG HTML 9.2.7", "NousResearch/hermes-agent#112207"),
        expects="deliver",
        faults="ttft:4s;keepalive:500ms,text=keep-alive",
        stream=whole,
    ),
    row(
        id="slow-drip",
        wire="an event each 250 ms",
        requirement="Events are handed over as they come.",
        sources=("WHATWG HTML 9.2.6",),
        expects="deliver",
        stream=partial(_every, 250.0),
    ),
    row(
        id="buffered-proxy",
        wire="the head, nothing while the events are held back, then all of them in one write",
        requirement="A proxy that buffers costs time, not text.",
        sources=("mostlygeek/llama-swap#236", "ggml-org/llama.cpp#20872"),
        expects="deliver",
        faults="buffer",
        stream=partial(_every, 200.0),
    ),
)
