"""`tokentape synth`: a tape on stdout or in a file, what could not be said on stderr, mistakes in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import wires

import tokentape
from cassettes.yamlio import load, load_file

SAY = ("synth", "--provider", "openai", "--text", "Hello! 안녕", "--reasoning", "hm")
NOTE = "tokentape: note: reasoning is left out: OpenAI's chat completions have no reasoning in them; openai-responses has\n"


def test_a_tape_goes_to_stdout_or_into_a_file_and_is_the_same(tmp_path: Path) -> None:
    shown = wires.tokentape(*SAY)
    kept = wires.tokentape(*SAY, "-o", str(tmp_path / "tape.yaml"))
    assert (shown.returncode, shown.stderr) == (0, NOTE)
    assert (kept.returncode, kept.stdout, kept.stderr) == (0, "", NOTE)
    assert (tmp_path / "tape.yaml").read_text("utf-8") == shown.stdout
    (interaction,) = load(shown.stdout.encode(), "stdout").interactions
    assert interaction.response.stream.source == "synthetic"


def test_all_that_can_be_said_is_on_the_tape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tape = tmp_path / "t.yaml"
    said = [
        "--dialect",
        "openai-responses",
        "--model",
        "grok-9",
        "--prompt",
        "Why?",
        "--text",
        "So.",
        "--reasoning",
        "Hm.",
    ]
    said += ["--tool", 'f={"a": 1}', "--tool", "g={}", "--refusal", "No.", "--usage", "9,12", "--finish", "length"]
    assert (
        tokentape.main(
            ["synth", "--provider", "xai", *said, "--seed", "4", "--ttft", "50ms", "--tps", "9", "-o", str(tape)]
        )
        == 0
    )
    (interaction,) = load_file(tape).interactions
    for text in (
        b'"So."',
        b'"Hm."',
        b'"No."',
        b'"grok-9"',
        b'{\\"a\\": 1}',
        b'"max_output_tokens"',
        b'"total_tokens":21',
    ):
        assert text in interaction.response.body
    assert b'"Why?"' in interaction.request.body
    assert interaction.response.stream.headers_ms <= 50
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--provider", "opnai"), "no provider 'opnai'; did you mean openai?"),
        (("--provider", "xai", "--dialect", "anthropic"), "xAI does not speak 'anthropic'; expected openai-chat or"),
        (("--provider", "xai", "--tool", "f"), "Invalid value for '--tool': 'f': expected NAME=JSON"),
        (("--provider", "xai", "--usage", "many"), "Invalid value for '--usage': 'many' is no usage"),
        (("--provider", "xai", "--error", "200"), "Invalid value for '--error'"),
        (
            ("--provider", "xai", "--tool", "f=3"),
            "Invalid value for '--tool': f: the arguments are 3, expected a JSON object",
        ),
        (("--provider", "xai", "--message", "no"), "--message is what an error says; give it --error STATUS"),
        (("--provider", "xai", "--error", "429", "--text", "x"), "--text is never said beside --error"),
        (("--provider", "xai", "--error", "429", "--tool", "f={}"), "--tool is never said beside --error"),
        (
            ("--provider", "xai", "-o", "tape.txt"),
            "Invalid value for '-o' / '--output': 'tape.txt' is no name of a tape",
        ),
        (("--provider", "xai", "--text", "\udcff"), "text: found U+DCFF, half a surrogate pair, at character 0"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tokentape.main(["synth", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"tokentape: error: {said}")
    assert len(captured.err.splitlines()) == 1


def test_a_tape_that_is_there_is_kept_unless_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tape = tmp_path / "t.yaml"
    say = ("synth", "--provider", "xai", "-o", str(tape), "--text")
    assert tokentape.main([*say, "one"]) == 0
    assert tokentape.main([*say, "two"]) == 2
    assert (
        capsys.readouterr().err
        == f"tokentape: error: {tape} is there already; --overwrite replaces it (see tokentape synth --help)\n"
    )
    assert b"one" in load_file(tape).interactions[0].response.body
    assert tokentape.main([*say, "two", "--overwrite"]) == 0
    assert b"two" in load_file(tape).interactions[0].response.body


def test_an_error_response_may_be_made(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert tokentape.main(["synth", "--provider", "anthropic", "--error", "529", "--message", "busy"]) == 0
    (interaction,) = load(capsysbinary.readouterr().out, "stdout").interactions
    assert interaction.response.code == 529
    assert b"overloaded_error" in interaction.response.body
