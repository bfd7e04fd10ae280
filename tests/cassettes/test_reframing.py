"""Gemini's stream in its other form: events as elements of an array, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cassettes import folding
from cassettes.convert import convert
from cassettes.dialects.base import payload
from cassettes.events import event_ends
from cassettes.model import Ending, Response, Stream, Timeline, header
from cassettes.reframing import reframed
from cassettes.store import shipped_root
from cassettes.timeline import to_timeline
from cassettes.yamlio import load_file

TAPES = Path(__file__).resolve().parents[2] / "../shared/tapes"
(HELLO,) = load_file(shipped_root() / "google" / "hello.yaml").interactions
VALUES = [value for value in folding.payloads(HELLO.response) if value is not None]


def body(timeline: Timeline) -> bytes:
    return b"".join(frame.data for frame in timeline.frames)


def other(response: Response = HELLO.response, form: Any = "json-array", **fields: Any) -> Timeline:
    found = reframed(response, replace(to_timeline(replace(HELLO, response=response)), **fields), form)
    assert found is not None
    return found


def test_an_element_for_every_event_at_its_time() -> None:
    made, times = other(), [frame.at_ms for frame in to_timeline(HELLO).frames]
    assert json.loads(body(made)) == VALUES
    assert [frame.at_ms for frame in made.frames[:-1]] == times
    assert (made.frames[-1].data, made.frames[-1].at_ms) == (b"]", times[-1])
    assert header(made.head.headers if made.head else (), "content-type") == "application/json; charset=UTF-8"
    assert made.end_at_ms == to_timeline(HELLO).end_at_ms
    assert len(event_ends(body(made), "json-array")) == len(VALUES)


def test_it_is_written_as_google_does() -> None:
    text = body(other()).decode()
    assert text.startswith('[{\n  "candidates": [\n    {\n      "content": {')
    assert "\n}\n,\r\n{\n" in text
    assert text.endswith("\n}\n]")


def test_there_and_back() -> None:
    array = other()
    response = Response(200, "OK", array.head.headers if array.head else (), body(array), Stream(chunks=()))
    back = reframed(response, array, "sse")
    assert back is not None
    blocks = body(back).split(b"\r\n\r\n")[:-1]
    assert [payload(block + b"\r\n\r\n") for block in blocks] == VALUES
    assert header(back.head.headers if back.head else (), "content-type") == "text/event-stream"
    assert body(back) == HELLO.response.body


def test_a_stream_that_was_cut_leaves_the_array_open() -> None:
    cut = HELLO.response.body[: HELLO.response.body.index(b"\r\n\r\n") + 4]
    made = other(replace(HELLO.response, body=cut), end=Ending(type="cut", missing=7))
    assert body(made).endswith(b"}\n")
    assert (made.end.type, made.end.missing) == ("cut", 0)


def test_nothing_said_is_an_empty_array() -> None:
    quiet = replace(HELLO.response, body=b": nothing\n\n", stream=Stream(chunks=()))
    assert body(other(quiet)) == b"[]"


def test_what_has_no_other_form_stays() -> None:
    timeline = to_timeline(HELLO)
    assert reframed(HELLO.response, timeline, "sse") is None
    assert reframed(HELLO.response, timeline, "ndjson") is None
    assert reframed(replace(HELLO.response, code=500), timeline, "json-array") is None
    assert reframed(HELLO.response, replace(timeline, head=None), "json-array") is None
    plain = replace(HELLO.response, headers=(("content-type", "application/json"),), body=b"{}")
    assert reframed(plain, timeline, "json-array") is None


@pytest.mark.skipif(not TAPES.is_dir(), reason="the public recordings (../shared/tapes) are not here")
def test_recorded_arrays_are_written_anew_as_they_were() -> None:
    count = 0
    for file in sorted(TAPES.glob("*treamGenerateContent/*")):
        for one in convert(file.read_bytes(), file.name).interactions:
            if not one.response.body.startswith(b"[{") or not folding.is_stream(one.response):
                continue
            events = reframed(one.response, to_timeline(one), "sse")
            assert events is not None, file.name
            headers = events.head.headers if events.head else ()
            again = reframed(Response(200, "OK", headers, body(events), Stream(chunks=())), events, "json-array")
            assert again is not None
            assert body(again).rstrip() == one.response.body.rstrip(), file.name
            count += 1
    assert count >= 5
