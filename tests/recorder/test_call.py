"""`tokentape call` over a real socket: what is printed, what is kept, what the status says."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import wires

from cassettes import providers
from cassettes.dialects import get as dialect_of
from cassettes.yamlio import load_file
from recorder.call import CallError, request_of

KEY = "call-key-3f9a7c51e2"
ENVIRON = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "", "NO_COLOR": "", "TERM": "xterm"}
FIRST = wires.SSE_HEAD + wires.chunk(wires.event("Hel"))
REST = wires.chunk(wires.event("lo\x1b[31m")) + wires.chunk(b"data: [DONE]\n\n") + wires.chunk(b"")


def call(folder: Path, *script: wires.Step, options: Sequence[str] = (), request: list[bytes] | None = None) -> Any:
    with wires.ScriptedUpstream(script) as upstream:
        arguments = ("call", "openai", "Say hello", "--upstream", f"{upstream.url}/v1", *options)
        done = wires.tokentape(*arguments, environ=ENVIRON, cwd=folder)
        if request is not None:
            request += upstream.requests
    return done


def taped(folder: Path) -> Any:
    (path,) = folder.rglob("*.yaml")
    return load_file(path).interactions


def test_a_call_prints_the_text_and_keeps_the_tape(tmp_path: Path) -> None:
    asked: list[bytes] = []
    done = call(tmp_path, wires.Send(FIRST + REST), request=asked)
    assert (done.returncode, done.stdout) == (0, "Hello\\x1b[31m\n")
    (path,) = tmp_path.rglob("*.yaml")
    assert re.fullmatch(r"tapes/openai/gpt-5\.1-say-hello-[0-9a-f]{8}\.yaml", str(path.relative_to(tmp_path)))
    assert done.stderr.splitlines() == [
        f"tokentape: recorded {path.relative_to(tmp_path)}: 200, 3 chunks, {len(taped(tmp_path)[0].response.body)} bytes, eof"
    ]
    top, _, body = asked[0].partition(b"\r\n\r\n")
    assert top.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert b"Bearer " + KEY.encode() in top
    assert json.loads(body)["stream"] is True
    assert json.loads(taped(tmp_path)[0].request.body) == json.loads(body)


def test_text_comes_out_as_it_comes_in(tmp_path: Path) -> None:
    go = threading.Event()
    with wires.ScriptedUpstream([wires.Send(FIRST), wires.Until(go), wires.Send(REST)]) as upstream:
        process = subprocess.Popen(
            [sys.executable, "-m", "tokentape", "call", "openai", "hi", "--upstream", upstream.url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **ENVIRON},
            cwd=tmp_path,
        )
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 3) == b"Hel"
        go.set()
        out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, b"lo\\x1b[31m\n")


def test_options_say_what_is_asked_and_where_it_is_kept(tmp_path: Path) -> None:
    asked: list[bytes] = []
    body = b'{"id":"x","choices":[{"message":{"content":"Hello"}}]}'
    answer = wires.head("Content-Type: application/json", f"Content-Length: {len(body)}") + body
    options = ("--model", "gpt-x", "--no-stream", "-o", "mine/all.yaml")
    for number in (1, 2):
        done = call(tmp_path, wires.Send(answer), options=options, request=asked)
        assert (done.returncode, done.stdout) == (0, body.decode() + "\n")
        assert len(taped(tmp_path / "mine")) == number
    sent = json.loads(asked[0].partition(b"\r\n\r\n")[2])
    assert sent["model"] == "gpt-x"
    assert not sent.get("stream")


@pytest.mark.parametrize(
    ("script", "ending", "code"),
    [
        ([wires.Send(wires.head("Content-Length: 2", status="429 Slow Down") + b"no")], "eof", 429),
        ([wires.Send(wires.head("Content-Length: 0", "Location: /x", status="302 Found"))], "eof", 302),
        ([wires.Send(FIRST), wires.Finish()], "cut", 200),
        ([wires.Send(FIRST), wires.Reset()], "reset", 200),
        ([wires.Reset()], "reset", None),
        ([wires.Send(b"not http\r\n\r\n")], "cut", None),
    ],
)
def test_every_other_ending_is_status_5_and_on_tape(
    script: list[wires.Step], ending: str, code: int | None, tmp_path: Path
) -> None:
    done = call(tmp_path, *script, options=("--json",))
    assert done.returncode == 5
    shown = json.loads(done.stdout)
    assert (shown["status"], shown["ending"]) == (code, ending)
    assert (tmp_path / shown["tape"]).exists()
    assert taped(tmp_path)[0].response.stream.end.type == ending
    (line,) = [line for line in done.stderr.splitlines() if ": error: " in line]
    assert f"ended with {ending}" in line
    assert "did not answer" in line if code is None else f"answered {code}" in line


def test_what_an_upstream_says_against_it_is_on_stderr(tmp_path: Path) -> None:
    done = call(tmp_path, wires.Send(wires.head("Content-Length: 8", status="400 Bad") + b"no \x1b[2Jx"))
    assert done.stdout == ""
    assert "no \\x1b[2J" in done.stderr


def test_json_has_the_text_and_the_figures(tmp_path: Path) -> None:
    done = call(tmp_path, wires.Send(FIRST + REST), options=("--json",))
    shown = json.loads(done.stdout)
    assert done.returncode == 0
    assert shown["text"] == "Hello\x1b[31m"
    assert (shown["status"], shown["ending"], shown["events"]) == (200, "eof", 3)
    assert 0 < shown["first_byte_ms"] < 60_000
    assert (tmp_path / shown["tape"]).exists()


def test_a_tape_that_cannot_be_written_is_status_1(tmp_path: Path) -> None:
    (tmp_path / "tapes").write_text("in the way")
    done = call(tmp_path, wires.Send(FIRST + REST))
    assert (done.returncode, done.stdout) == (1, "Hello\\x1b[31m\n")
    assert "cannot record" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_call_that_is_interrupted_keeps_what_came(number: int, tmp_path: Path) -> None:
    with wires.ScriptedUpstream([wires.Send(FIRST), wires.Hold()]) as upstream:
        process = subprocess.Popen(
            [sys.executable, "-m", "tokentape", "call", "openai", "hi", "--upstream", upstream.url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **ENVIRON},
            cwd=tmp_path,
        )
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 3) == b"Hel"
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert taped(tmp_path)[0].response.stream.end.type == "interrupted"


def on_a_terminal(folder: Path, url: str, environ: dict[str, str]) -> bytes:
    """What a terminal gets of a call, stdout and stderr."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tokentape", "call", "openai", "hi", "--upstream", url],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        env={**os.environ, **ENVIRON, **environ},
        cwd=folder,
    )
    os.close(follower)
    seen = b""
    while True:
        try:
            more = os.read(leader, 65536)
        except OSError:  # EIO: the other side is closed
            break
        seen += more
        if not more:
            break
    os.close(leader)
    assert process.wait(20) == 0
    return seen


@pytest.mark.parametrize(("environ", "live"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_figures_are_for_a_terminal_that_wants_them(environ: dict[str, str], live: bool, tmp_path: Path) -> None:
    with wires.ScriptedUpstream([wires.Send(FIRST + REST)]) as upstream:
        seen = on_a_terminal(tmp_path, upstream.url, environ)
    assert (b"waiting for OpenAI" in seen) is live
    assert (b"\x1b" in seen) is live
    assert re.search(rb"first byte [0-9,]+ ms, 3 events in [0-9.]+ s, [0-9]+/s", seen)
    assert b"Hel" in seen


@pytest.mark.parametrize("name", [name for name, row in providers.load().items() if row.key_variables])
def test_every_provider_is_asked_as_its_sdk_asks(name: str) -> None:
    row = providers.find(name)
    options = {"model": None, "prompt": "hi", "no_stream": False}
    request = request_of(row, dialect_of(row.dialects[0]), options, {row.key_variables[0]: KEY})
    assert request.uri.startswith(row.mount + row.sdk_path)
    assert any(KEY in value for _, value in request.headers)
    assert b"hi" in request.body
    with pytest.raises(CallError, match=row.key_variables[0]):
        request_of(row, dialect_of(row.dialects[0]), options, {})


def test_where_no_key_is_needed_none_is_sent() -> None:
    row = providers.find("ollama")
    options = {"model": "llama3.2", "prompt": "hi", "no_stream": False}
    request = request_of(row, dialect_of(row.dialects[0]), options, {"OPENAI_API_KEY": KEY})
    assert request.uri == "/ollama/v1/chat/completions"
    assert not any(name.lower() == "authorization" for name, _ in request.headers)


def test_a_provider_of_ones_own(tmp_path: Path) -> None:
    """A row of two lines is enough to call and to tape it."""
    script = (wires.Send(FIRST + REST),)
    with wires.ScriptedUpstream(script) as upstream:
        (tmp_path / "mine.yaml").write_text(
            f"acme:\n  base_url: {upstream.url}/gw/v1\n  key_variables: [ACME_KEY]\n", encoding="utf-8"
        )
        arguments = ("call", "acme", "Say hello", "--model", "m", "--providers", "mine.yaml", "-o", "hello.yaml")
        done = wires.tokentape(*arguments, environ={**ENVIRON, "ACME_KEY": KEY}, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert upstream.requests[0].startswith(b"POST /gw/v1/chat/completions HTTP/1.1\r\n")
    assert f"Bearer {KEY}".encode() in upstream.requests[0]
    interaction = load_file(tmp_path / "hello.yaml").interactions[0]
    assert interaction.response.stream.provider == "acme"
    assert KEY.encode() not in (tmp_path / "hello.yaml").read_bytes()
