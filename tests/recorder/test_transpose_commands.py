"""`tokentape convert`: the tape on stdout or in a file, what was lost beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tokentape
from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load, load_file

HELLO = shipped_root() / "openai" / "hello.yaml"
LISTED = Interaction(
    Request("GET", "https://api.openai.com/v1/models"), Response(200, "OK", (), b"{}", Stream(chunks=(Chunk(1.0, 2),)))
)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command: (status, stdout, stderr)."""

    def command(*argv: object) -> tuple[int, str, str]:
        status = tokentape.main([str(word) for word in argv])
        return status, *capsys.readouterr()

    return command


def test_the_tape_goes_to_stdout_and_what_was_lost_to_stderr(run: Any) -> None:
    status, out, err = run("convert", "--to", "anthropic", "openai/hello")
    assert status == 0
    (one,) = load(out.encode(), "t").interactions
    assert (one.response.stream.dialect, one.response.stream.source) == ("anthropic", "synthetic")
    lines = err.splitlines()
    assert all(line.startswith("tokentape: note: ") and "hello.yaml#1: " in line for line in lines)
    assert any("model gpt-5.1: " in line for line in lines)
    assert any("x-request-id" in line for line in lines)


def test_into_a_file_and_as_json(run: Any, tmp_path: Path) -> None:
    target = tmp_path / "new" / "hello.yaml"
    status, out, err = run("convert", "--to", "groq", "--model", "m", HELLO, "-o", target, "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert (told["tape"], told["interactions"]) == (str(target), 1)
    assert {"interaction", "what", "why"} == set(told["lost"][0])
    (one,) = load_file(target).interactions
    assert one.response.stream.provider == "groq"
    again = run("convert", "--to", "groq", HELLO, "-o", target)
    assert (again[0], "--overwrite replaces it" in again[2]) == (2, True)
    assert run("convert", "--to", "gemini", HELLO, "-o", target, "--overwrite")[0] == 0
    assert load_file(target).interactions[0].response.stream.dialect == "gemini"


def test_what_is_no_conversation_is_left_out(run: Any, tmp_path: Path) -> None:
    mixed = tmp_path / "mixed.yaml"
    mixed.write_bytes(dump(Cassette((LISTED, *load_file(HELLO).interactions))))
    status, out, err = run("convert", "--to", "anthropic", mixed)
    assert (status, len(load(out.encode(), "t").interactions)) == (0, 1)
    assert "mixed.yaml#1: GET /v1/models: it is no conversation" in err
    alone = tmp_path / "alone.yaml"
    alone.write_bytes(dump(Cassette((LISTED,))))
    status, out, err = run("convert", "--to", "anthropic", alone)
    assert (status, out) == (3, "")
    assert err.count("\n") == 1
    assert "there is no conversation on it to convert (GET /v1/models)" in err


@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (("--to", "antropic", HELLO), 2, "did you mean anthropic?"),
        (("--to", "raw", HELLO), 2, "no grammar to say an answer in"),
        (("--to", "anthropic", "--provider", "groq", HELLO), 2, "Groq does not speak anthropic"),
        (("--to", "anthropic", "--json", HELLO), 2, "-o FILE"),
        (("--to", "anthropic", HELLO, "-o", "x.txt"), 2, "is no name of a tape"),
        (("--to", "anthropic", "nowhere/hello"), 3, "nowhere/hello"),
        ((HELLO,), 2, "--to"),
    ],
)
def test_bad_input_gets_one_line(argv: tuple[object, ...], status: int, words: str, run: Any) -> None:
    found, out, err = run("convert", *argv)
    assert (found, out) == (status, "")
    assert words in err
    assert err.count("\n") == 1


def test_an_answer_that_cannot_be_read_is_named(run: Any, tmp_path: Path) -> None:
    odd = tmp_path / "odd.yaml"
    one = Interaction(
        Request("POST", "http://h/x"), Response(200, "OK", (), b"data: x\n\n", Stream(chunks=(Chunk(1.0, 9),)))
    )
    odd.write_bytes(dump(Cassette((one,))))
    status, out, err = run("convert", "--to", "anthropic", odd)
    assert (status, out) == (3, "")
    assert "odd.yaml#1: the dialect raw has no grammar to read; set stream.dialect" in err
