"""`record -- CMD`, `record` and `recover` as commands: variables, statuses, signals, what is written before the exit."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import wires

from cassettes.yamlio import load_file

CHAT = "/openai/v1/chat/completions"
BODY = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
FIRST = wires.SSE_HEAD + wires.chunk(wires.event("hello"))
REST = wires.chunk(b"data: [DONE]\n\n") + wires.chunk(b"")
ANSWER = FIRST + REST
VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "XAI_BASE_URL", "OPENAI_API_KEY", "NO_PROXY", "no_proxy")
UNSET = dict.fromkeys(VARIABLES, "")

ASKING = f"""
import os, urllib.request
request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", {BODY!r})
with urllib.request.urlopen(request) as answer:
    print(answer.read().decode())
"""
"""What an SDK does: reads the variable, asks, takes the whole answer."""


@pytest.fixture
def upstream() -> Iterator[wires.ScriptedUpstream]:
    with wires.ScriptedUpstream([wires.Send(ANSWER), wires.Finish()]) as running:
        yield running


def record(folder: Path, code: str, *options: str, environ: dict[str, str] | None = None, **more: Any) -> Any:
    """`tokentape record OPTIONS -- python -c CODE`."""
    arguments = ("record", "-o", str(folder / "tapes"), *options, "--", sys.executable, "-c", code)
    return wires.tokentape(*arguments, environ={**UNSET, **(environ or {})}, **more)


def the_tape(folder: Path) -> Any:
    (path,) = (folder / "tapes").rglob("*.yaml")
    (interaction,) = load_file(path).interactions
    return interaction


# What the command gets


def test_the_command_gets_every_base_url_and_its_output_is_its_own(tmp_path: Path) -> None:
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    done = record(tmp_path, code, environ={"NO_PROXY": "corp.example", "no_proxy": "other.example,localhost"})
    got = json.loads(done.stdout)
    root = got["ANTHROPIC_BASE_URL"].removesuffix("/anthropic")
    assert root.startswith("http://127.0.0.1:")
    assert got["OPENAI_BASE_URL"] == got["OPENAI_API_BASE"] == root + "/openai/v1"
    assert got["XAI_BASE_URL"] == root + "/xai/v1"
    assert got["GOOGLE_GEMINI_BASE_URL"] == root + "/google"
    assert got["NO_PROXY"] == got["no_proxy"] == "other.example,localhost,corp.example,127.0.0.1,::1"
    assert got["OPENAI_API_KEY"] == ""  # the recorder adds no credentials
    # Its variables say the rest: no table of base URLs stands before a command's own words.
    assert done.stderr.splitlines()[0] == f"tokentape: recording to {tmp_path / 'tapes'} on {root}"
    assert "Anthropic" not in done.stderr


def test_a_base_url_that_is_set_becomes_the_upstream(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    done = record(tmp_path, ASKING, environ={"OPENAI_BASE_URL": upstream.url + "/gateway/v1/"})
    assert done.returncode == 0, done.stderr
    assert "hello" in done.stdout
    assert upstream.requests[0].startswith(b"POST /gateway/v1/chat/completions HTTP/1.1\r\n")
    # The tape is on disk when the command's status is.
    taped = the_tape(tmp_path)
    assert taped.request.uri == upstream.url + "/gateway/v1/chat/completions"
    assert taped.response.stream.end.type == "eof"
    assert not (tmp_path / "tapes" / ".tokentape-spool").exists()


def test_an_option_wins_over_a_variable(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    option = f"openai={upstream.url}/v1"
    done = record(tmp_path, ASKING, "--upstream", option, environ={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    assert (done.returncode, len(upstream.requests)) == (0, 1)


def test_map_says_which_provider_a_variable_is_for(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    environ = {"OPENAI_BASE_URL": upstream.url + "/v1"}
    done = record(tmp_path, ASKING, "--map", "OPENAI_BASE_URL=grok", environ=environ)
    assert done.returncode == 0, done.stderr
    assert the_tape(tmp_path).response.stream.provider == "xai"


def test_the_ready_file_is_there_before_the_command_and_gone_after_it(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    code = f"import json; print(json.load(open({str(ready)!r}))['url'])"
    done = record(tmp_path, code, "--ready-file", str(ready))
    assert done.stdout.startswith("http://127.0.0.1:")
    assert not ready.exists()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_either_event_loop_records(loop: str, tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    done = record(tmp_path, ASKING, "--loop", loop, environ={"OPENAI_BASE_URL": upstream.url})
    assert done.returncode == 0, done.stderr
    assert the_tape(tmp_path).response.body.endswith(b"data: [DONE]\n\n")


# Statuses


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit(7)", 7),
        ("import os; os.kill(os.getpid(), 9)", 137),
        ("import os; os.kill(os.getpid(), 15)", 143),
    ],
)
def test_the_commands_status_is_ours(code: str, status: int, tmp_path: Path) -> None:
    done = record(tmp_path, code)
    assert done.returncode == status
    assert "no request reached the recorder" in done.stderr


def test_no_request_is_status_5_and_a_reason(tmp_path: Path) -> None:
    done = record(tmp_path, "pass")
    assert (done.returncode, done.stdout) == (5, "")
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("tokentape: error: ")]
    assert "OPENAI_BASE_URL, ANTHROPIC_BASE_URL" in line


def test_a_request_that_no_upstream_answered_is_a_request(tmp_path: Path) -> None:
    code = (
        f"import urllib.error\ntry:\n{indent(ASKING, '  ')}\nexcept urllib.error.HTTPError as error: print(error.code)"
    )
    done = record(tmp_path, code, environ={"OPENAI_BASE_URL": "http://127.0.0.1:9"})
    assert (done.returncode, done.stdout) == (0, "502\n"), done.stderr
    assert "127.0.0.1:9: connection refused" in done.stderr


def test_a_failed_write_is_status_1_and_the_stream_is_whole(tmp_path: Path, upstream: wires.ScriptedUpstream) -> None:
    (tmp_path / "tapes").mkdir()
    (tmp_path / "tapes" / ".tokentape-spool").write_text("in the way")
    done = record(tmp_path, ASKING, environ={"OPENAI_BASE_URL": upstream.url})
    assert done.returncode == 1
    assert "data: [DONE]" in done.stdout
    assert "cannot record" in done.stderr


# Clients that leave, signals


LEAVING = ASKING.replace("answer.read()", "answer.readline()")


@pytest.mark.parametrize(
    ("policy", "ending"),
    [("drain:20s", "eof"), ("finish", "eof"), ("stop", "client_closed"), ("drain:0s", "client_closed")],
)
def test_a_command_that_leaves_early_gets_its_policy(policy: str, ending: str, tmp_path: Path) -> None:
    script = [wires.Send(FIRST), wires.Wait(0.4), wires.Send(REST), wires.Finish()]
    with wires.ScriptedUpstream(script) as upstream:
        done = record(tmp_path, LEAVING, "--on-client-close", policy, environ={"OPENAI_BASE_URL": upstream.url})
    assert done.returncode == 0, done.stderr
    end = the_tape(tmp_path).response.stream.end
    assert end.type == ending
    assert (end.client_left_ms is not None) == (ending == "eof")


class Wrapped:
    """A `record -- CMD` that is running: `words` is what the command printed first."""

    def __init__(self, folder: Path, code: str, *options: str, **environ: str) -> None:
        command = [sys.executable, "-m", "tokentape", "record", "-o", str(folder / "tapes"), *options]
        self.process = subprocess.Popen(
            [*command, "--", sys.executable, "-u", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **UNSET, **environ},
        )
        assert self.process.stdout is not None
        self.words = self.process.stdout.readline()

    def says(self, words: str) -> bool:
        """Reads stderr until a line with `words` in it."""
        assert self.process.stderr is not None
        return any(words.encode() in line for line in self.process.stderr)

    def end(self, *numbers: int) -> tuple[int, bytes]:
        """The status and stdout after these signals."""
        for number in numbers:
            self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=20)
        return self.process.returncode, out


CATCHING = """
import signal, sys, time
def caught(number, frame):
    print("caught", number)
    sys.exit(4)
signal.signal(signal.SIGINT, caught)
signal.signal(signal.SIGTERM, caught)
print("ready")
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_to_the_command_as_it_is(number: int, tmp_path: Path) -> None:
    """And the command decides what becomes of it: its status is ours."""
    running = Wrapped(tmp_path, CATCHING)
    assert running.end(number) == (4, b"caught %d\n" % number)


def test_a_signal_that_ends_the_command_is_its_status(tmp_path: Path) -> None:
    running = Wrapped(tmp_path, "import time; print('ready'); time.sleep(60)")
    assert running.end(signal.SIGTERM)[0] == 143


def test_a_signal_cuts_a_drain_short_and_the_tape_is_kept(tmp_path: Path) -> None:
    script = [wires.Send(FIRST), wires.Hold()]
    with wires.ScriptedUpstream(script) as upstream:
        running = Wrapped(tmp_path, LEAVING, "--on-client-close", "finish", OPENAI_BASE_URL=upstream.url)
        spool = tmp_path / "tapes" / ".tokentape-spool"
        assert running.words.startswith(b"data: ")
        assert running.says("1 recording(s) go on without their clients (finish)")
        assert list(spool.glob("*.spool"))
        assert running.end(signal.SIGTERM)[0] == 0
    assert the_tape(tmp_path).response.stream.end.type == "client_closed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_recorder_that_is_told_to_stop_keeps_what_is_live(number: int, tmp_path: Path) -> None:
    script = [wires.Send(FIRST), wires.Hold()]
    ready = tmp_path / "run" / "ready-0.json"
    with (
        wires.ScriptedUpstream(script) as upstream,
        wires.tool(
            tmp_path / "run", "record", "-o", str(tmp_path / "tapes"), "--upstream", f"openai={upstream.url}"
        ) as tool,
    ):
        assert ready.exists()

        def stop(raw: bytes) -> bool:
            if b"data:" in raw and tool.process.poll() is None:
                tool.process.send_signal(number)
            return False

        assert wires.ask(tool.url, wires.post(CHAT, BODY), until=stop).ended == "eof"
        assert tool.process.wait(5) == 0
        assert not ready.exists()
    assert the_tape(tmp_path).response.stream.end.type == "interrupted"


ON_A_TERMINAL = """
import os, sys
terminal = os.open(sys.argv[1], os.O_RDWR)  # the first that a new session opens is its own
for number in range(3):
    os.dup2(terminal, number)
os.execv(sys.executable, [sys.executable, "-m", "tokentape", *sys.argv[2:]])
"""
COUNTING = """
import signal, time
counted = []
signal.signal(signal.SIGINT, lambda *_: counted.append(1))
print("ready", flush=True)
while not counted:
    time.sleep(0.01)
time.sleep(0.3)
print("counted", len(counted), flush=True)
"""


def test_ctrl_c_reaches_the_command_once(tmp_path: Path) -> None:
    """The terminal sends it to both of us: passed on once more it would end a pytest that is printing its summary."""
    leader, follower = pty.openpty()
    arguments = ("record", "-o", str(tmp_path / "tapes"), "--", sys.executable, "-c", COUNTING)
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, os.ttyname(follower), *arguments],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **UNSET},
    )
    seen = b""
    while not re.search(rb"counted [0-9]+\r\n", seen):
        seen += os.read(leader, 4096)
        if seen.endswith(b"ready\r\n"):
            os.write(leader, b"\x03")
            seen += b"\n"
    assert b"counted 1" in seen
    assert process.wait(20) == 5  # no request came
    os.close(follower)
    os.close(leader)
