"""Real recordings of the four dialects over real sockets: an SDK makes the same of the stream and of the folded answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sdk import environments
from sdk.collection import SERVICES, interaction_of, tape
from sdk.recordings import Recording, needs_recordings, recordings
from wires import tool

pytestmark = [needs_recordings, pytest.mark.xdist_group("sdk-recorded")]

EACH = 5
"""Recordings with a tool call, and as many without, of each dialect."""
CALLS = ('"tool_calls": [{', '"type": "function_call"', '"type": "tool_use"', '"functionCall"')
DIALECTS = {one.dialect: one for one in SERVICES if one.provider in {"openai", "anthropic", "google"}}


def chosen(dialect: str) -> tuple[list[Recording], list[Recording]]:
    """Recordings with tool calls, and with text alone, taken in turn from one provider after the other. All have their
    usage in them."""
    by_folder: dict[str, list[Recording]] = {}
    for one in recordings(dialect):
        if b"sage" in one.body:
            by_folder.setdefault(one.name.partition("/")[0], []).append(one)
    turns = max(map(len, by_folder.values()))
    in_turn = [folder[turn] for turn in range(turns) for folder in by_folder.values() if turn < len(folder)]
    texts = {one.name: json.dumps(one.payloads) for one in in_turn}
    calling = [one for one in in_turn if any(mark in texts[one.name] for mark in CALLS)]
    plain = [one for one in in_turn if one not in calling and text_of(dialect, one)]
    return calling[:EACH], plain[:EACH]


def text_of(dialect: str, recording: Recording) -> str:
    """The text of a recording, read without any of our grammars."""
    return "".join(filter(None, (piece_of(dialect, one) for one in recording.payloads)))


def piece_of(dialect: str, event: Any) -> str | None:
    """The text that one event adds."""
    match dialect, event:
        case "openai-chat", {"choices": [{"delta": {"content": str(text)}}, *_]}:
            return text
        case "openai-responses", {"type": "response.output_text.delta", "delta": str(text)}:
            return text
        case "anthropic", {"type": "content_block_delta", "delta": {"text": str(text)}}:
            return text
        case "gemini", {"candidates": [{"content": {"parts": list(parts)}}, *_]}:
            return "".join(part.get("text", "") for part in parts if not part.get("thought"))
    return None


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Any]]]:
    """What the SDKs made of the recordings: streamed, whole."""
    folder = tmp_path_factory.mktemp("recorded")
    counts = {}
    for dialect, service in DIALECTS.items():
        all_of_them = [one for some in chosen(dialect) for one in some]
        counts[dialect] = len(all_of_them)
        for number, one in enumerate(all_of_them):
            name: Path = folder / "tapes" / dialect / f"{number:02}.yaml"
            tape(name, interaction_of(service, [one.body]))
    with tool(folder, "serve", str(folder / "tapes"), "--match", "route", "--speed", "max") as running:
        found: dict[str, list[list[Any]]] = environments.run("new", "recorded", [running.url, counts])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_sdk_makes_the_same_of_a_recording_streamed_and_whole(
    dialect: str, heard: dict[str, list[list[Any]]], record_property: Any
) -> None:
    calling, plain = chosen(dialect)
    assert len(calling) >= 3
    assert len(plain) >= 3
    wrong = []
    for recording, (streamed, whole) in zip([*calling, *plain], heard[dialect], strict=True):
        if isinstance(streamed, str) or streamed != whole or streamed["text"] != text_of(dialect, recording):
            wrong.append((recording.name, streamed, whole))
    assert wrong == []
    record_property("printed", f"{len(calling)} recordings with tool calls, {len(plain)} without")
