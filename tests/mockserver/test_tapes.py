"""Tapes that change while a server plays: taken up without a restart, live streams undisturbed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from wires import Seen, Tool, ask, dechunked, post, tool, wait_for, whole

from cassettes.matching import Index
from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.normalise import Rules
from cassettes.store import FolderStore
from cassettes.yamlio import dump
from mockserver import tapes
from mockserver.choose import Chooser, Playing
from mockserver.tapes import Reload, index_of


def tape(*bodies: bytes, path: str = "/a", gap: float = 0.0) -> bytes:
    """A file with an interaction for each body, a chunk a byte."""
    made = []
    for body in bodies:
        stream = Stream(chunks=tuple(Chunk(gap, 1) for _ in body))
        response = Response(200, "OK", (("content-type", "text/plain"),), body, stream)
        made.append(Interaction(Request("GET", f"https://h.invalid{path}"), response))
    return dump(Cassette(tuple(made)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "tapes"
    home.mkdir()
    (home / "a.yaml").write_bytes(tape(b"first"))
    return home


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[Tool]:
    with tool(tmp_path, "serve", str(folder)) as running:
        yield running


def get(server: Tool, path: str = "/a") -> Seen:
    return ask(server.url, post(path, b"", "Connection: close", method="GET"))


def text(seen: Seen) -> bytes:
    return b"".join(dechunked(seen.wire_body)[0])


def test_a_changed_a_new_and_a_removed_tape(server: Tool, folder: Path) -> None:
    assert text(get(server)) == b"first"
    (folder / "a.yaml").write_bytes(tape(b"second, and longer"))
    wait_for(lambda: text(get(server)) == b"second, and longer")
    assert "tokentape: loaded a\n" in server.said()
    (folder / "deep").mkdir()
    (folder / "deep" / "b.yaml").write_bytes(tape(b"b", path="/b"))
    assert wait_for(lambda: get(server, "/b").header("x-tokentape")) == "deep/b#1"
    (folder / "a.yaml").unlink()
    wait_for(lambda: b"404 Not Found" in get(server).head)
    assert "tokentape: gone a\n" in server.said()
    assert text(get(server, "/b")) == b"b"


def test_a_broken_tape_is_one_line_and_the_old_one_plays_on(server: Tool, folder: Path) -> None:
    (folder / "a.yaml").write_bytes(tape(b"first").replace(b"chunks: |", b"chunks: |\n        7 99b"))
    wait_for(lambda: "error" in server.said())
    assert text(get(server)) == b"first"
    (line,) = [line for line in server.said().splitlines() if "error" in line]
    assert line.startswith(f"tokentape: error: {folder}/a.yaml:")
    assert "Traceback" not in server.said()
    (folder / "b.yaml").write_bytes(tape(b"b", path="/b"))
    wait_for(lambda: text(get(server, "/b")) == b"b")
    assert server.said().count("error") == 1
    (folder / "a.yaml").write_bytes(tape(b"mended"))
    wait_for(lambda: text(get(server)) == b"mended")


def test_a_live_stream_ends_as_it_began(server: Tool, folder: Path) -> None:
    (folder / "slow.yaml").write_bytes(tape(b"old" * 10, path="/slow", gap=50.0))
    wait_for(lambda: "loaded slow" in server.said())
    seen: list[Seen] = []
    live = threading.Thread(target=lambda: seen.append(get(server, "/slow")))
    live.start()
    wait_for(lambda: json.loads(get(server, "/_tokentape/health").wire_body)["tapes"] == 2)
    (folder / "slow.yaml").write_bytes(tape(b"new", path="/slow"))
    wait_for(lambda: text(get(server, "/slow")) == b"new")
    live.join(20)
    assert [text(one) for one in seen] == [b"old" * 10]
    assert whole(seen[0].raw)


def test_notes_of_a_changed_tape_are_told(server: Tool, folder: Path) -> None:
    plain = "interactions:\n- request: {method: GET, uri: /a, body: null, headers: {}}\n  response: {status: {code: 200, message: OK}, headers: {}, body: {string: x}}\n"
    (folder / "a.yaml").write_text(plain)
    wait_for(lambda: "tokentape: note: " in server.said())
    assert text(get(server)) == b"x"


# -- in one process ---------------------------------------------------------------------------------------------------


def loaded(folder: Path) -> FolderStore:
    store = FolderStore([folder])
    store.load()
    return store


def test_the_index_follows_the_names(folder: Path) -> None:
    (folder / "B.yaml").write_bytes(tape(b"1", b"2"))
    assert [entry.place for entry in index_of(loaded(folder)).entries] == ["B#1", "B#2", "a#1"]


def test_what_did_not_change_is_not_worked_out_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "b.yaml").write_bytes(tape(b"1", b"2"))
    store = loaded(folder)
    made: list[str] = []

    def counting(name: str, number: int, one: Interaction, rules: Rules) -> object:
        made.append(f"{name}#{number}")
        return entry_of(name, number, one, rules)

    entry_of = tapes.entry_of
    monkeypatch.setattr(tapes, "entry_of", counting)
    chooser, said = Chooser(index_of(store), Playing()), []
    reload = Reload(store, chooser, said.append)

    async def look() -> None:
        await reload()

    (folder / "a.yaml").write_bytes(tape(b"changed"))
    asyncio.run(look())
    made.clear()
    (folder / "a.yaml").write_bytes(tape(b"changed again"))
    asyncio.run(look())
    assert made == ["a#1"]
    assert [entry.place for entry in chooser.index.entries] == ["a#1", "b#1", "b#2"]
    (folder / "b.yaml").unlink()
    asyncio.run(look())
    asyncio.run(look())
    assert said == ["tokentape: loaded a", "tokentape: loaded a", "tokentape: gone b"]


def test_many_changes_are_told_in_one_line(folder: Path) -> None:
    store = loaded(folder)
    said: list[str] = []
    for number in range(8):
        (folder / f"n{number}.yaml").write_bytes(tape(b"x"))
    (folder / "a.yaml").unlink()
    asyncio.run(Reload(store, Chooser(Index(()), Playing()), said.append)())
    assert said == ["tokentape: loaded n0, n1, n2, n3, n4 and 3 more; gone a"]
