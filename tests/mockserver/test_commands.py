"""`tokentape serve` as a command: options, a wrapped command, the ready file, how it ends."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tapes
import wires

from cassettes import providers
from cassettes.matching import LADDER
from cassettes.model import Request
from cassettes.shipped import shipped_names
from cassettes.store import shipped_root
from mockserver.commands import levels, playing_of, process_of
from recorder.spool import Spool, meta_of

HELLO = shipped_root() / "openai" / "hello.yaml"
CHAT = "/openai/v1/chat/completions"
BODY = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}'
OPTIONS = {
    "tapes": (),
    "host": "127.0.0.1",
    "port": None,
    "ready_file": None,
    "match": None,
    "after_last": None,
    "strict": False,
    "on_miss": "error",
    "faults": (),
    "speed": 1.0,
    "ttft": None,
    "tps": None,
    "max_gap": None,
    "jitter": 0.0,
    "seed": 0,
    "mapped": (),
    "no_mark": False,
    "loop": "auto",
}
ASKING = f"""
import os, urllib.request
request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", {BODY!r})
with urllib.request.urlopen(request) as answer:
    print(answer.headers["x-tokentape"], len(answer.read()), os.environ["OPENAI_API_KEY"], sep="\\n")
raise SystemExit(6)
"""


def test_a_wrapped_command_gets_a_port_of_its_own() -> None:
    assert process_of(OPTIONS, None, {}).port == 7357
    assert process_of(OPTIONS, ("true",), {}).port == 0
    assert process_of({**OPTIONS, "port": 9}, ("true",), {}).port == 9
    mapped = process_of({**OPTIONS, "mapped": ("OPENAI_BASE_URL=grok",)}, ("true",), {"A": "b"})
    assert (mapped.mapped, mapped.environ, mapped.dummy_keys) == ({"OPENAI_BASE_URL": "xai"}, {"A": "b"}, True)


def test_how_far_to_go() -> None:
    assert levels(None, True) == ("exact", "normalized")
    assert levels(None, False) == ("exact", "normalized", "conversation", "last-user")
    assert levels("order", True) == levels("order", False) == ("exact", "order")
    assert [len(levels(name, True)) for name in LADDER] == [1, 2, 3, 4, 5]
    assert [levels(name, False)[-1] for name in LADDER] == list(LADDER)


def test_options_become_a_way_of_playing() -> None:
    given = {"speed": 2.0, "ttft": 10.0, "tps": 5.0, "max_gap": 7.0, "jitter": 1.0, "seed": 3, "no_mark": True}
    playing = playing_of({**OPTIONS, **given, "after_last": "error", "tapes": (HELLO,)})
    assert (playing.repeat, playing.mark, playing.seed) == (False, False, 3)
    pace = playing.pace
    assert (pace.speed, pace.ttft_ms, pace.tps, pace.max_gap_ms, pace.jitter_ms) == (2.0, 10.0, 5.0, 7.0, 1.0)
    assert playing_of(OPTIONS).repeat


def test_a_wrapped_command_plays_tapes_and_its_status_is_ours() -> None:
    environ = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": "http://elsewhere.invalid"}
    done = wires.tokentape(
        "serve", "--match", "route", "--speed", "max", "--", sys.executable, "-c", ASKING, environ=environ
    )
    assert done.returncode == 6, done.stderr
    assert done.stdout.splitlines() == ["openai/hello#1", "6856", "tokentape"]


def test_names_of_shipped_tapes_are_tapes(tmp_path: Path) -> None:
    with wires.tool(tmp_path, "serve", "xai/hello", "openai", "--speed", "max", "--match", "order") as tool:
        openai = [name for name in shipped_names() if name.startswith("openai/")]
        assert f"serving {len(openai) + 1} interactions" in tool.said()
        seen = wires.ask(tool.url, wires.post(CHAT, BODY, "Connection: close"))
        assert seen.header("x-tokentape") == "hello#1"


def test_talk_says_where_to_point_clients(tmp_path: Path) -> None:
    with wires.tool(tmp_path, "serve") as tool:
        said = tool.said().splitlines()
    assert said[0] == f"tokentape: serving {len(shipped_names())} interactions on {tool.url}"
    assert said[1].split() == ["OpenAI", f"{tool.url}/openai/v1", "(has", "tapes)"]
    assert len(said) == 1 + len(providers.load())
    assert tool.process.returncode == 0


def test_mounts_of_ones_own_are_told_and_served(tmp_path: Path) -> None:
    """A row from a file, an upstream without a row, and the tapes of both."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("acme: {base_url: 'https://llm.acme.example/v1', title: Acme, hosts: [llm.acme.example]}\n")
    text = HELLO.read_text(encoding="utf-8").replace("https://api.openai.com", "https://llm.acme.example")
    (tmp_path / "hello.yaml").write_text(text.replace("provider: openai", "provider: acme"), encoding="utf-8")
    options = ["--providers", str(mine), "--upstream", "bot=http://127.0.0.1:1", "--match", "route"]
    with wires.tool(tmp_path / "run", "serve", str(tmp_path / "hello.yaml"), *options, "--speed", "max") as tool:
        said = tool.said().splitlines()
        assert said[1].split() == ["Acme", f"{tool.url}/acme/v1", "(has", "tapes)"]
        assert said[-1].split() == ["bot", f"{tool.url}/bot"]
        seen = wires.ask(tool.url, wires.post("/acme/v1/chat/completions", BODY, "Connection: close"))
        assert seen.header("x-tokentape") == "hello#1"
        seen = wires.ask(tool.url, wires.post("/openai/v1/chat/completions", BODY, "Connection: close"))
        assert seen.head.startswith(b"HTTP/1.1 404 ")


def test_a_providers_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("acme:\n  base_url: http://h\n  dialekts: [openai-chat]\n")
    done = subprocess.run(
        [sys.executable, "-m", "tokentape", "serve", "--providers", str(mine)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    problem = "Object contains unknown field `dialekts`; did you mean dialects?"
    assert (done.returncode, done.stderr) == (3, f"tokentape: error: {mine}:3: {problem}\n")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_live_streams_and_without_a_word(number: int, loop: str, tmp_path: Path) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    with wires.tool(tmp_path, "serve", "--ttft", "1h", "--loop", loop) as tool, wires.connected(tool.url) as client:
        client.sendall(wires.post(CHAT, BODY))
        health = wires.post("/_tokentape/health", b"", "Connection: close", method="GET")
        assert b"200 OK" in wires.ask(tool.url, health).head
        tool.process.send_signal(number)
        assert tool.process.wait(5) == 0
        with contextlib.suppress(ConnectionResetError):
            while client.recv(65536):  # a TimeoutError if the stream did not end
                pass
        assert len(tool.said().splitlines()) == 1 + len(providers.load())
        assert not (tmp_path / "ready-0.json").exists()


def test_notes_of_tapes_are_told(tmp_path: Path) -> None:
    plain = "\n".join(
        [
            "version: 1",
            "interactions:",
            "- request: {method: POST, uri: 'https://api.openai.com/v1/chat/completions', headers: {}, body: '{}'}",
            "  response: {status: {code: 200, message: OK}, headers: {}, body: {string: 'ok'}}",
        ]
    )
    (tmp_path / "plain.yaml").write_text(plain)
    with wires.tool(tmp_path / "run", "serve", str(tmp_path / "plain.yaml")) as tool:
        assert f"tokentape: note: {tmp_path}" in tool.said()
        assert "synthetic pace" in tool.said()


def test_a_tape_that_changes_is_played_as_it_is_now(tmp_path: Path) -> None:
    tape = tmp_path / "tapes" / "hello.yaml"
    tape.parent.mkdir()
    shutil.copy(HELLO, tape)
    request = wires.post(CHAT, BODY, "Connection: close")
    with wires.tool(tmp_path / "run", "serve", str(tape.parent), "--speed", "max", "--match", "route") as tool:
        assert b'"content":"Hello"' in wires.ask(tool.url, request).wire_body
        tape.write_bytes(HELLO.read_bytes().replace(b'"content":"Hello"', b'"content":"Other"'))
        wires.wait_for(lambda: b'"content":"Other"' in wires.ask(tool.url, request).wire_body)
        tape.write_bytes(b"version: 1\ninteractions: [")
        wires.wait_for(lambda: "tokentape: error: " in tool.said())
        assert b'"content":"Other"' in wires.ask(tool.url, request).wire_body


def test_an_upstream_of_any_name_is_a_mount(tmp_path: Path) -> None:
    with wires.tool(tmp_path, "serve", "openai/hello", "--upstream", "bot=http://h", "--match", "exact") as tool:
        request = wires.post("/bot/chat", b"{}", "Connection: close")
        assert b"404 " in wires.ask(tool.url, request).head
        assert "no tape matches POST /bot/chat" in tool.said()


def test_what_the_ready_file_says_is_true(tmp_path: Path) -> None:
    with wires.tool(tmp_path, "serve") as tool:
        ready = json.loads((tmp_path / "ready-0.json").read_text())
        assert ready == {"url": tool.url, "pid": tool.process.pid}


def test_the_command_has_our_stdin_and_stdout() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tokentape", "serve", "--", "cat"],
        input=b"through\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"through\n")


# --strict


def missing(*options: str) -> subprocess.CompletedProcess[str]:
    """One request that no tape answers, in a wrapped command that ends with the status it is given first."""
    status, *others = options
    program = f"""
import os, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
try:
    opener.open(urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", {BODY!r}))
except urllib.error.HTTPError as error:
    print(error.code)
    error.close()
raise SystemExit({status})
"""
    return wires.tokentape("serve", "--match", "exact", *others, "--", sys.executable, "-c", program)


@pytest.mark.parametrize(
    ("options", "status"),
    [(("0",), 0), (("0", "--strict"), 4), (("7", "--strict"), 7), (("7",), 7)],
)
def test_a_miss_is_an_error_only_where_that_was_said(options: tuple[str, ...], status: int) -> None:
    done = missing(*options)
    assert (done.returncode, done.stdout) == (status, "404\n"), done.stderr
    told = "tokentape: error: 1 request found no tape (--strict)" in done.stderr.splitlines()
    assert told == ("--strict" in options)


def test_strict_ends_with_4_after_a_signal_and_plays_nothing_twice(tmp_path: Path) -> None:
    with wires.tool(tmp_path, "serve", "openai/hello", "--match", "route", "--strict", "--speed", "max") as tool:
        request = wires.post(CHAT, BODY, "Connection: close")
        assert [wires.ask(tool.url, request).head[9:12] for _ in range(3)] == [b"200", b"404", b"404"]
    assert tool.process.returncode == 4
    assert tool.said().splitlines()[-1] == "tokentape: error: 2 requests found no tape (--strict)"


def test_strict_without_a_miss_is_silent(tmp_path: Path) -> None:
    with wires.tool(tmp_path, "serve", "openai/hello", "--match", "route", "--strict", "--speed", "max") as tool:
        assert wires.ask(tool.url, wires.post(CHAT, BODY, "Connection: close")).head[9:12] == b"200"
    assert tool.process.returncode == 0
    assert "--strict" not in tool.said()


def test_strict_may_still_repeat() -> None:
    assert not playing_of({**OPTIONS, "strict": True}).repeat
    assert playing_of({**OPTIONS, "strict": True, "after_last": "repeat"}).repeat


# Faults of the command line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fault", "rest@3e"], "there is no fault 'rest'; did you mean reset?"),
        (["--fault", "reset@3x"], "character 7"),
        (["--fault", "reset@3e", "--fault", "cut@2e"], "contradict each other"),
        (["--fault", "reset@99e"], "openai/hello#1: the fault reset@99e cannot be applied: 99e is beyond the end"),
        (["--fault", "no-close-notify"], "not encrypted"),
    ],
)
def test_faults_that_cannot_act_are_told_before_anything_is_served(arguments: list[str], said: str) -> None:
    done = wires.tokentape("serve", "openai/hello", *arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("tokentape: error: ")
    assert said.removeprefix("openai/") in line


def test_what_is_forwarded_cannot_be_broken(tmp_path: Path) -> None:
    done = wires.tokentape("serve", "--on-miss", "record", "-o", str(tmp_path), "--fault", "reset@1e")
    assert done.returncode == 2
    assert "stays whole" in done.stderr


# What a killed recorder left


def test_unfinished_recordings_are_told(tmp_path: Path) -> None:
    tapes = tmp_path / "tapes"
    meta = meta_of(Request("POST", "http://h/x"), file="", provider="up", dialect="raw", recorded_at="2026-11-20")
    Spool(tapes, meta).close()
    done = wires.tokentape("serve", str(tapes))
    assert done.returncode == 3
    note, error = done.stderr.splitlines()
    assert note == f"tokentape: note: a killed recorder left 1 unfinished here; `tokentape recover {tapes}` keeps them"
    assert "there are no tapes here" in error
    shutil.copy(HELLO, tapes)
    with wires.tool(tmp_path / "run", "serve", str(tapes)) as tool:
        assert tool.said().splitlines()[0] == note


def test_tapes_over_max_age_are_told_and_refused_under_strict(tmp_path: Path) -> None:
    tapes.taped(tmp_path / "tapes", "old", [wires.event("one")], recorded_at="2001-01-01T00:00:00Z")
    words = ("serve", str(tmp_path / "tapes"), "--max-age", "90d")
    with wires.tool(tmp_path, *words) as one:
        assert "note: old#1 was recorded " in one.said()
        assert "days ago, and 90 are wanted at most days (--max-age)" in one.said()
    done = wires.tokentape(*words, "--strict", "--port", "0")
    assert (done.returncode, len(done.stderr.splitlines())) == (3, 1)
    assert "--max-age" in done.stderr
    assert wires.tokentape("serve", "--max-age", "soon").returncode == 2
