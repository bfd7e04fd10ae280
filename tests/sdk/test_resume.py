"""Streams that are taken up again, with the SDKs themselves: Responses in both majors of openai, hops of google-genai."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sdk import environments
from sdk.answers import ANSWERS, generate, responses
from tapes import taped
from wires import Tool, tool

from cassettes.hops import split
from cassettes.model import Cassette, Chunk, Ending, Interaction, Request, Response, Stream
from cassettes.yamlio import dump

TEXT = "".join(ANSWERS["text"].text)
HOUR = 3_600_000.0
IDS = [b"retry: 20\nid: 1\ndata: 1\n\n", b"id: 2\ndata: 2\n\n", b"id: 3\ndata: 3\n\n"]
MODEL = "gemini-2.5-flash"
GEMINI = f"https://generativelanguage.googleapis.com/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"


def tape(folder: Path, name: str, *interactions: Interaction) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_bytes(dump(Cassette(interactions)))


def taken(provider: str, dialect: str, url: str, asked: object, events: list[bytes], pause: int = -1) -> Interaction:
    """A stream; an hour passes before its event number `pause`."""
    chunks = tuple(Chunk(HOUR if number == pause else 0.0, len(event)) for number, event in enumerate(events))
    stream = Stream(provider=provider, dialect=dialect, chunks=chunks)
    kind = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
    response = Response(200, "OK", kind, b"".join(events), stream)
    return Interaction(Request("POST", url, (), json.dumps(asked).encode()), response)


def made(name: str, pause: int = -1) -> Interaction:
    """A response that is made in the background."""
    flag = b'"metadata":{},"background":true'
    events = [one.replace(b'"metadata":{}', flag) for one in responses(ANSWERS["text"], mark=name)]
    events[0] = events[0].replace(b'"in_progress"', b'"queued"')
    asked = {"model": "gpt-5.1", "input": name, "background": True, "stream": True}
    return taken("openai", "openai-responses", "https://api.openai.com/v1/responses", asked, events, pause)


def asked_of_gemini(name: str) -> Interaction:
    events = list(generate(ANSWERS["text"]))
    return taken("google", "gemini", GEMINI, {"contents": [{"parts": [{"text": name}], "role": "user"}]}, events)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("resume")
    tape(base / "tapes", "fast", made("fast"))
    tape(base / "tapes", "slow", made("slow", pause=5))
    tape(base / "tapes", "whole", asked_of_gemini("whole"))
    tape(base / "tapes", "clean", *split(asked_of_gemini("clean"), 2, "CONTINUATION"))
    first, last = split(asked_of_gemini("cut"), 3)
    tape(base / "tapes", "cut", first, last)
    second, third = split(last, 2)
    tape(base / "tapes", "thrice", *(_asking(one, "thrice") for one in (first, second, _other_token(third))))
    alone = asked_of_gemini("alone")
    ending = Ending(type="cut")
    stream = Stream(provider="google", dialect="gemini", chunks=alone.response.stream.chunks[:2], end=ending)
    body = b"".join(list(generate(ANSWERS["text"]))[:2])
    tape(base / "tapes", "alone", Interaction(alone.request, Response(200, "OK", alone.response.headers, body, stream)))
    taped(base / "tapes", "ids", IDS, method="GET")
    with tool(base, "serve", str(base / "tapes")) as running:
        yield running
        assert "Traceback" not in running.said()


def _asking(one: Interaction, name: str) -> Interaction:
    body = json.loads(one.request.body)
    body["contents"][0]["parts"][0]["text"] = name
    return Interaction(Request("POST", GEMINI, (), json.dumps(body).encode()), one.response)


def _other_token(one: Interaction) -> Interaction:
    """A hop whose token was masked on the tape: it is the one behind the interaction that was sent it."""
    body = json.loads(one.request.body) | {"continuationToken": "bWFza2Vk"}
    return Interaction(Request("POST", GEMINI, (), json.dumps(body).encode()), one.response)


@pytest.mark.parametrize("which", ["new", "old"])
def test_openai_takes_up_what_it_left(which: str, served: Tool) -> None:
    found: dict[str, Any] = environments.run(which, "resume_openai", f"{served.url}/~{which}/openai/v1")
    every = list(range(len(list(responses(ANSWERS["text"])))))
    assert found == {
        "numbers": every,
        "text": TEXT,
        "nothing left": [],
        "mended": every,
        "broken": (len(every) - 4) // 2,
        "helper": every[4:],
        "helper text": TEXT,
        "items": ["fast"],
        "polled": "completed",
        "over": "completed",
        "deleted": found["deleted"],
        "slow": ["in_progress", "cancelled", "cancelled"],
        "after cancel": [2, 3, 4],
        "queued": "queued",
    }
    assert "resp_fastT1' not found" in found["deleted"]


@pytest.mark.slow
def test_google_genai_puts_the_hops_of_a_tape_together(served: Tool) -> None:
    root = f"{served.url}/~new/google"
    names = ("whole", "clean", "cut", "thrice")
    for _ in range(2):  # again, as a second run of a program would
        found: dict[str, Any] = environments.run("new", "resume_gemini", dict.fromkeys((*names, "alone"), root))
        whole = found["whole"]
        assert (whole["text"], whole["raised"]) == (TEXT, None)
        assert {name: found[name] for name in names} == dict.fromkeys(names, whole)
        assert found["alone"]["raised"], "a tape that was cut without a token is an error, as ever"


@pytest.mark.slow
def test_an_sdk_that_knows_no_tokens_meets_the_break(served: Tool) -> None:
    root = f"{served.url}/~old/google"
    found: dict[str, Any] = environments.run("old", "resume_gemini", dict.fromkeys(("whole", "cut"), root))
    assert (found["whole"]["text"], found["whole"]["raised"]) == (TEXT, None)
    assert found["cut"]["raised"]
    assert TEXT.startswith(found["cut"]["text"])


def test_an_eventsource_comes_back_once_and_is_told_to_stay_away(served: Tool, node_bench: Path) -> None:
    if not (node_bench / "node_modules" / "eventsource").is_dir():
        pytest.skip("the Node SDKs have brought no EventSource with them")
    asked = {"ids": f"{served.url}/play/ids", "mount": f"{served.url}/up/ids"}
    found: dict[str, Any] = environments.run_node(node_bench, "eventsource_ways", asked)
    assert found == {name: [["1", "2", "3"], 2] for name in asked}
