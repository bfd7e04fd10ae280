"""Gemini's hops recorded: one tape, in the order in which they were asked for, with their tokens; played again after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sdk import environments
from wires import ScriptedUpstream, Send, Step, Tool, ask, chunk, dechunked, head, post, tool, wait_for

from cassettes.yamlio import load_file

TARGET = "/google/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
HEAD = head("Content-Type: text/event-stream", "Transfer-Encoding: chunked", "Connection: close")
TOKENS = ("+/8gZmlyc3Q=", "c2Vjb25k")
ASKED = {"contents": [{"parts": [{"text": "hops"}], "role": "user"}]}


def event(text: str, token: str = "", finish: str = "") -> bytes:
    candidate: dict[str, Any] = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    candidate |= {"continuationToken": token} if token else {}
    candidate |= {"finishReason": finish} if finish else {}
    return b"data: " + json.dumps({"candidates": [candidate]}).encode() + b"\r\n\r\n"


HOPS = (
    [event("one "), event("two ", TOKENS[0])],
    [event("three "), event("four ", TOKENS[1], "CONTINUATION")],
    [event("five", finish="STOP")],
)
LAST = b"0\r\n\r\n"
SCRIPTS: Sequence[Sequence[Step]] = [
    [Send(HEAD + b"".join(map(chunk, hop)) + (LAST if number else b""))] for number, hop in enumerate(HOPS)
]
"""The first hop ends by a FIN inside its framing, the second well with CONTINUATION."""


def asked(server: Tool, token: str | None) -> bytes:
    body = ASKED | ({"continuationToken": token, "generationConfig": {}} if token else {})
    seen = ask(server.url, post(TARGET, json.dumps(body).encode(), "Connection: close"))
    return b"".join(dechunked(seen.wire_body)[0])


def conversation(server: Tool) -> list[bytes]:
    # An SDK decodes a token, and may write it in the other alphabet.
    return [asked(server, None), asked(server, TOKENS[0].replace("+/", "-_")), asked(server, TOKENS[1])]


def test_the_hops_of_a_stream_are_one_tape_in_their_order(tmp_path: Path) -> None:
    tapes, wanted = tmp_path / "tapes", [b"".join(hop) for hop in HOPS]
    with ScriptedUpstream(*SCRIPTS) as upstream:
        with tool(tmp_path, "record", "-o", str(tapes), "--upstream", f"google={upstream.url}") as recorder:
            assert conversation(recorder) == wanted
            wait_for(lambda: recorder.recorded() == 3)
        assert len(upstream.requests) == 3
    (path,) = tapes.rglob("*.yaml")
    taken = load_file(path).interactions
    assert [one.response.body for one in taken] == wanted
    assert [one.response.stream.end.type for one in taken] == ["cut", "eof", "eof"]
    assert [json.loads(one.request.body).get("continuationToken") for one in taken] == [
        None, TOKENS[0].replace("+/", "-_"), TOKENS[1]
    ]  # fmt: skip
    with tool(tmp_path / "again", "serve", str(tapes)) as server:
        for _ in range(2):
            assert conversation(server) == wanted


@pytest.mark.xdist_group("hops")
def test_google_genai_is_recorded_and_played_as_one_answer(tmp_path: Path) -> None:
    environments.python("new")
    tapes, whole = tmp_path / "tapes", "one two three four five"
    with (
        ScriptedUpstream(*SCRIPTS) as upstream,
        tool(tmp_path, "record", "-o", str(tapes), "--upstream", f"google={upstream.url}") as recorder,
    ):
        first = environments.run("new", "resume_gemini", {"hops": f"{recorder.url}/google"})["hops"]
        wait_for(lambda: recorder.recorded() == 3)
        assert len(upstream.requests) == 3
    assert (first["text"], first["raised"], first["finish"]) == (whole, None, "FinishReason.STOP")
    with tool(tmp_path / "again", "serve", str(tapes)) as server:
        for _ in range(2):
            assert environments.run("new", "resume_gemini", {"hops": f"{server.url}/google"})["hops"] == first
