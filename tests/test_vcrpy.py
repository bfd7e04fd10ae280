"""vcrpy plays our tapes, keeps their timing when it saves them, and nothing that runs over files in a repository hurts.

What vcrpy loses is time; bytes it may not lose, whichever client asks.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp
import httpx
import httpx2
import pytest
import requests
import vcr
from streams import Ask, fetch_all
from wires import SSE_HEAD, Finish, ScriptedUpstream, Send, Wait, ask, chunk, event, post, tool, wait_for

from cassettes.model import Interaction
from cassettes.store import FolderStore, shipped_root
from cassettes.yamlio import load_file

SHIPPED = sorted(shipped_root().rglob("*.yaml"))
NASTY = (
    "data: 안녕\n\n".encode()[:9],
    "data: 안녕\n\n".encode()[9:] + b": ping \t \n\n",
    "data: a\u2028b\x85 \ufeff\n\n".encode(),
    b'data: {"text":"tab\there  "}\n \n\n\n',
    b"data: [DONE]\n\n\n\n",
)
"""Chunks that split a character, end lines in blanks, hold what YAML takes for line breaks, end in empty lines."""


def by_httpx(one: Interaction) -> tuple[int, bytes]:
    asked = one.request
    with httpx.stream(asked.method, asked.uri, content=asked.body, headers=dict(asked.headers)) as got:
        return got.status_code, b"".join(got.iter_raw())


def by_httpx2(one: Interaction) -> tuple[int, bytes]:
    asked = one.request
    with httpx2.stream(asked.method, asked.uri, content=asked.body, headers=dict(asked.headers)) as got:
        return got.status_code, b"".join(got.iter_raw())


def by_requests(one: Interaction) -> tuple[int, bytes]:
    asked = one.request
    with requests.request(asked.method, asked.uri, data=asked.body, headers=dict(asked.headers), stream=True) as got:
        return got.status_code, b"".join(got.iter_content(None))


def by_aiohttp(one: Interaction) -> tuple[int, bytes]:
    asked = one.request

    async def run() -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(asked.method, asked.uri, data=asked.body, headers=dict(asked.headers)) as got,
        ):
            return got.status, await got.read()

    return asyncio.run(run())


CLIENTS = {"httpx": by_httpx, "httpx2": by_httpx2, "requests": by_requests, "aiohttp": by_aiohttp}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tape that the recorder made, of a body that is hard on YAML."""
    folder = tmp_path_factory.mktemp("recorded")
    sends = [step for piece in NASTY for step in (Send(chunk(piece)), Wait(0.012))]
    script = (Send(SSE_HEAD + chunk(event("first"))), Wait(0.02), *sends, Send(b"0\r\n\r\n"), Finish())
    with (
        ScriptedUpstream(script) as upstream,
        tool(folder, "record", "-o", str(folder / "tapes"), "--upstream", f"openai={upstream.url}/v1") as recorder,
    ):
        body = b'{"model":"gpt-5.1","stream":true,"messages":[{"role":"user","content":"Hi"}]}'
        fields = ("Authorization: Bearer sk-test", "Content-Type: application/json", "Connection: close")
        ask(recorder.url, post("/openai/v1/chat/completions", body, *fields))
        wait_for(lambda: list((folder / "tapes").rglob("*.yaml")))
    (tape,) = (folder / "tapes").rglob("*.yaml")
    return tape


def only(tape: Path) -> Interaction:
    (interaction,) = load_file(tape).interactions
    return interaction


def test_the_recorded_tape_holds_what_was_sent(recorded: Path) -> None:
    response = only(recorded).response
    assert response.body == event("first") + b"".join(NASTY)
    assert [part.size for part in response.stream.chunks] == [len(event("first")), *map(len, NASTY)]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("tape", ["recorded", *SHIPPED], ids=lambda tape: getattr(tape, "parent", Path(tape)).name)
def test_vcrpy_plays_our_tapes_byte_for_byte(tape: Path | str, client: str, recorded: Path) -> None:
    path = recorded if isinstance(tape, str) else tape
    wanted = only(path)
    with vcr.use_cassette(str(path), record_mode="none") as cassette:
        assert CLIENTS[client](wanted) == (wanted.response.code, wanted.response.body)
        assert cassette.all_played


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("tape", ["recorded", *SHIPPED], ids=lambda tape: getattr(tape, "parent", Path(tape)).name)
def test_what_vcrpy_has_saved_again_keeps_its_timing(
    tape: Path | str, client: str, recorded: Path, tmp_path: Path
) -> None:
    source = recorded if isinstance(tape, str) else tape
    path = tmp_path / "saved.yaml"
    path.write_bytes(source.read_bytes())
    with vcr.use_cassette(str(path), record_mode="none", allow_playback_repeats=True) as cassette:
        CLIENTS[client](only(source))
        cassette._save(force=True)
    assert path.read_bytes() != source.read_bytes()  # it was really written again, in vcrpy's style
    saved, before = only(path), only(source)
    assert saved.response.body == before.response.body
    assert saved.response.stream == before.response.stream
    assert (saved.response.code, saved.response.message) == (before.response.code, before.response.message)
    assert (saved.request.method, saved.request.uri) == (before.request.method, before.request.uri)
    assert saved.request.body == before.request.body
    with vcr.use_cassette(str(path), record_mode="none"):
        assert CLIENTS[client](before) == (before.response.code, before.response.body)


PYTEST_RECORDING = """
import httpx
import pytest


@pytest.mark.vcr
@pytest.mark.block_network
def test_asks():
    with httpx.stream("POST", {uri!r}, content={body!r}) as got:
        assert b"".join(got.iter_raw()) == {wanted!r}
"""


def test_pytest_recording_plays_our_tape(recorded: Path, tmp_path: Path) -> None:
    one = only(recorded)
    home = tmp_path / "cassettes" / "test_bot"
    home.mkdir(parents=True)
    (home / "test_asks.yaml").write_bytes(recorded.read_bytes())
    text = PYTEST_RECORDING.format(uri=one.request.uri, body=one.request.body, wanted=one.response.body)
    (tmp_path / "test_bot.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--record-mode=none", str(tmp_path)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 passed" in run.stdout


def lines_of(data: bytes) -> list[bytes]:
    """As a file opened in binary is read: lines end in a line feed."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + ([last] if (last := data.split(b"\n")[-1]) else [])


def trailing_whitespace(data: bytes) -> bytes:
    """pre-commit's trailing-whitespace: each line loses its blanks, not its ending."""
    fixed = []
    for line in lines_of(data):
        ending = b"\r\n" if line.endswith(b"\r\n") else line[-1:] if line.endswith(b"\n") else b""
        fixed.append(line.removesuffix(ending).rstrip() + ending)
    return b"".join(fixed)


def end_of_file_fixer(data: bytes) -> bytes:
    """pre-commit's end-of-file-fixer: exactly one line ending at the end."""
    bare = data.rstrip(b"\r\n")
    rest = data[len(bare) :]
    if not rest:
        return data + b"\n" if data else data
    return bare + next(ending for ending in (b"\n", b"\r\n", b"\r") if rest.startswith(ending)) if bare else b""


def crlf_checkout(data: bytes) -> bytes:
    """What git writes with autocrlf."""
    assert b"\r\n" not in data
    return data.replace(b"\n", b"\r\n")


def all_of_them(data: bytes) -> bytes:
    return end_of_file_fixer(trailing_whitespace(crlf_checkout(data)))


FIXERS: list[Callable[[bytes], bytes]] = [trailing_whitespace, end_of_file_fixer, crlf_checkout, all_of_them]


@pytest.mark.parametrize("fixer", FIXERS)
@pytest.mark.parametrize("tape", ["recorded", *SHIPPED], ids=lambda tape: getattr(tape, "parent", Path(tape)).name)
def test_formatters_and_checkouts_do_not_hurt(
    tape: Path | str, fixer: Callable[[bytes], bytes], recorded: Path, tmp_path: Path
) -> None:
    source = recorded if isinstance(tape, str) else tape
    path = tmp_path / "fixed.yaml"
    path.write_bytes(fixer(source.read_bytes()))
    assert load_file(path) == load_file(source)
    wanted = only(source)
    with vcr.use_cassette(str(path), record_mode="none"):
        assert by_httpx(wanted) == (wanted.response.code, wanted.response.body)


def test_formatters_leave_the_files_alone_where_they_can(recorded: Path) -> None:
    for tape in (recorded, *SHIPPED):
        data = tape.read_bytes()
        assert trailing_whitespace(end_of_file_fixer(data)) == data


def test_a_crlf_checkout_replays_the_same_bytes(recorded: Path, tmp_path: Path) -> None:
    for number, tape in enumerate((recorded, *SHIPPED)):
        path = tmp_path / "tapes" / str(number) / tape.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(crlf_checkout(tape.read_bytes()))
    store = FolderStore([tmp_path / "tapes"])
    store.load()
    tapes = [one for tape in store.tapes for one in tape.cassette.interactions]
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), "--speed", "max", "--match", "exact") as server:
        asks = [Ask(f"{server.url}/{path_of(one)}", one.request.body) for one in tapes]
        got = asyncio.run(fetch_all(asks, 1))
    assert [answer.body for answer in got] == [one.response.body for one in tapes]
    assert len(got) == len(SHIPPED) + 1


def path_of(interaction: Interaction) -> str:
    """Where a server has the tape: its provider's mount and the path of its request."""
    _, _, path = interaction.request.uri.partition("://")[2].partition("/")
    return f"{interaction.response.stream.provider}/{path}"
