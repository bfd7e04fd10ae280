"""`tokentape sweep` as a user runs it: what it prints where, its statuses, its mistakes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tapes import SSE, taped
from wires import event, tokentape

from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.yamlio import dump
from mockserver.cuts import Cut
from mockserver.judgements import Judged, Ran
from mockserver.sweep_commands import Progress, estimate

PIECES = (event("one"), event("two"), b"data: [DONE]\n\n")
CLIENT = """
import json, os, sys, urllib.request
asked = json.dumps({"model": "m", "stream": True, "messages": []}).encode()
kind = {"content-type": "application/json"}
url = os.environ["UP_URL"] + "/" + sys.argv[1]
with urllib.request.urlopen(urllib.request.Request(url, asked, kind)) as answer:
    got = answer.read()
sys.exit(0 if b"[DONE]" in got or "naive" in sys.argv else "no [DONE]")
"""
MAPPED = ("--map", "UP_URL=gateway")


def answer(*pieces: bytes) -> Interaction:
    """A stream of the provider that the variable is mapped to: the answer to any chat request."""
    chunks = tuple(Chunk(0.0, len(piece)) for piece in pieces)
    stream = Stream(provider="gateway", dialect="openai-chat", chunks=chunks)
    request = Request("POST", "https://gateway.invalid/v1/chat/completions", body=b'{"model": "m", "stream": true}')
    return Interaction(request, Response(200, "OK", SSE, b"".join(pieces), stream))


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """A tape of one such answer."""
    path = tmp_path / "hello.yaml"
    path.write_bytes(dump(Cassette((answer(*PIECES),))))
    return path


def run(tape: Path, *arguments: str, client: tuple[str, ...] = ("chat/completions",)) -> tuple[int, str, str]:
    """Status, stdout and stderr of a sweep of `tape` with the client."""
    command = (sys.executable, "-S", "-E", "-c", CLIENT, *client)
    done = tokentape("sweep", str(tape), *MAPPED, *arguments, "--", *command)
    return done.returncode, done.stdout, done.stderr


def test_who_notices_every_cut_gets_0(tape: Path) -> None:
    status, out, err = run(tape)
    assert status == 0
    size = sum(map(len, PIECES))
    assert out.startswith(f"after the end  cut@{size}b  nothing was lost  exit 1  http.client.IncompleteRead")
    assert len(out.splitlines()) == 1
    assert "4 runs of " in err.splitlines()[0]
    assert err.splitlines()[1:] == ["tokentape: 4 runs: 1 cut after the end, 3 noticed the cut"]


def test_findings_are_data_and_the_rest_is_talk(tape: Path) -> None:
    status, out, err = run(tape, "--kind", "end-early", client=("chat/completions", "naive"))
    assert status == 1
    first, second, third = out.splitlines()
    assert first.startswith("accepted  end-early@0b ")
    assert "after 1 of 3 events" in second
    assert third.endswith("exit 0, printed as much as uncut")
    said = err.splitlines()
    assert said[0].startswith(f"tokentape: {tape}#1: 3 runs of ")
    assert "1 job: about " in said[0]
    assert said[1] == "tokentape: 3 runs: 3 took a cut stream for whole"
    assert said[2].endswith("--match route --fault end-early@0b -- CMD")
    assert "\x1b" not in err


def test_json_says_how_it_was_asked(tape: Path) -> None:
    asked = ("--every", "byte", "--sample", "2", "--seed", "5", "--jobs", "2", "--json", "--kind", "reset")
    status, out, err = run(tape, *asked)
    told = json.loads(out)
    assert status == 0
    assert {key: told[key] for key in ("tape", "every", "sample", "seed", "jobs", "kind", "runs", "rejected")} == {
        "tape": f"{tape}#1",
        "every": "byte",
        "sample": 2,
        "seed": 5,
        "jobs": 2,
        "kind": "reset",
        "runs": 2,
        "rejected": 2,
    }
    assert told["accepted"] == told["hung"] == told["unasked"] == []
    assert "(chosen by seed 5)" in err


def test_a_sample_is_the_same_each_time(tape: Path) -> None:
    asked = ("--every", "byte", "--sample", "3", "--kind", "end-early", "--json")
    (_, one, err), (_, other, _) = (run(tape, *asked, client=("chat/completions", "naive")) for _ in range(2))
    assert "(chosen by seed 0)" in err
    first, second = json.loads(one), json.loads(other)
    assert first["accepted"] == second["accepted"] != []
    assert (first["seed"], first["runs"]) == (0, 3)


def test_a_tape_of_several_is_swept_by_number(tape: Path) -> None:
    tape.write_bytes(dump(Cassette((answer(event("x")), answer(*PIECES)))))
    status, _out, err = run(tape, "--kind", "end-early", client=("chat/completions", "naive"))
    assert status == 1
    assert err.splitlines()[1] == "tokentape: 1 run: 1 took a cut stream for whole"
    status, _out, err = run(tape, "-n", "2", client=("chat/completions", "naive"))
    assert status == 5
    assert "asked nothing of the tape" in err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("no-such.yaml", "--", "true"), 3, "there is no such file or folder"),
        ((".", "--", "true"), 3, "this is a folder, expected one tape"),
        (("openai/hello", "-n", "9", "--", "true"), 3, "there is no interaction #9"),
        (("openai/hello",), 2, "give it behind `--`"),
        (("openai/hello", "--"), 2, "nothing follows `--`"),
        (("openai/hello", "--kind", "explode", "--", "true"), 2, "'explode'"),
        (("openai/hello", "--", "no-such-program"), 2, "cannot run 'no-such-program'"),
        (("openai/hello", "--", "true"), 5, "asked nothing of the tape"),
        (("openai/hello", "--", "false"), 1, "exited with 1 on the uncut tape"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], status: int, said: str) -> None:
    done = tokentape("sweep", *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


def test_a_tape_without_a_body_has_no_places(tmp_path: Path) -> None:
    done = tokentape("sweep", str(taped(tmp_path, "empty", [])), "--", "true")
    assert done.returncode == 3
    assert "has no body" in done.stderr


@pytest.mark.parametrize(
    ("runs", "seconds", "jobs", "said"),
    [
        (1, 0.25, 1, "1 run of 0.25 s, 1 job: about 0.2 s"),
        (7, 1.0, 2, "7 runs of 1.00 s, 2 jobs: about 4.0 s"),
        (1000, 0.5, 1, "1,000 runs of 0.50 s, 1 job: about 8 min, less with --sample N or --jobs N"),
        (100_000, 0.5, 4, "100,000 runs of 0.50 s, 4 jobs: about 3.5 h, less with --sample N or --jobs N"),
    ],
)
def test_the_estimate_is_of_the_uncut_run(runs: int, seconds: float, jobs: int, said: str) -> None:
    assert estimate(runs, seconds, jobs) == said


@pytest.mark.parametrize(
    ("term", "tty", "shown"), [("xterm", True, True), ("dumb", True, False), ("xterm", False, False)]
)
def test_progress_is_for_terminals(
    term: str, tty: bool, shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: tty)
    progress = Progress(7)
    cut = Cut(5, 0, inside=True, over=False)
    progress.show([Judged(cut, Ran(status, True, "", "", 0.1), same=False) for status in (0, 1)])
    progress.clear()
    said = capsys.readouterr()
    assert not said.out
    assert said.err == ("\r\x1b[K2/7 runs, 1 wrong\r\x1b[K" if shown else "")
