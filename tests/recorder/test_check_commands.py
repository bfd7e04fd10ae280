"""`tokentape check` as a user's CI runs it: what is printed, and the exit status."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import tokentape
from cassettes.grammar.page import document
from cassettes.model import Cassette, Chunk, Interaction
from cassettes.shipped import shipped_names
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load_file

LIBRARY = shipped_root()
HELLO = LIBRARY / "openai" / "hello.yaml"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: (status, stdout, stderr)."""

    def command(*argv: object) -> tuple[int, str, str]:
        status = tokentape.main([str(word) for word in argv])
        return status, *capsys.readouterr()

    return command


def edited(folder: Path, change: Callable[[bytes], bytes], **stream: Any) -> Path:
    """The shipped tape with another body, under the name `mine.yaml`."""
    (interaction,) = load_file(HELLO).interactions
    body = change(interaction.response.body)
    made = replace(interaction.response.stream, chunks=(Chunk(1.0, len(body)),), **stream)
    path = folder / "mine.yaml"
    response = replace(interaction.response, body=body, stream=made)
    path.write_bytes(dump(Cassette((Interaction(interaction.request, response),))))
    return path


def without_done(body: bytes) -> bytes:
    return body.removesuffix(b"data: [DONE]\n\n")


def with_news(body: bytes) -> bytes:
    return body.replace(b'"obfuscation"', b'"novelty":1,"obfuscation"')


def test_the_library_has_nothing_wrong_with_it(run: Run) -> None:
    assert run("check", LIBRARY, "--strict", "--max-age", "1d") == (
        0,
        "",
        f"tokentape: {len(shipped_names())} tapes, {len(shipped_names())} interactions: nothing is wrong\n",
    )
    assert run("check", "openai/hello")[0] == 0


def test_what_is_wrong_is_a_line_with_its_place(run: Run, tmp_path: Path) -> None:
    path = edited(tmp_path, without_done)
    status, out, err = run("check", tmp_path)
    assert (status, err) == (1, "tokentape: 1 tape, 1 interaction: 1 error\n")
    line = path.read_text(encoding="utf-8").splitlines().index("    stream:") - 1
    assert out == (
        f"{path}:{line}: error: #1: event 24 (byte 6574): stream is not finished (open) at the end of the stream, "
        "expected chunk or note or usage or [DONE] or error [openai-chat/stream-end]\n"
    )


def test_json_has_all_of_it(run: Run, tmp_path: Path) -> None:
    path = edited(tmp_path, without_done)
    status, out, _ = run("check", path, "--json")
    assert status == 1
    (row,) = json.loads(out)
    assert row.pop("line") > 50
    assert row.pop("offset") > 6000
    assert row == {
        "tape": "mine#1",
        "file": str(path),
        "level": "error",
        "event": 24,
        "kind": None,
        "found": "stream is not finished (open) at the end of the stream",
        "expected": "chunk or note or usage or [DONE] or error",
        "more": 0,
        "rule": "openai-chat/stream-end",
        "says": "a stream is finished before a clean end of the stream",
        "source": "recordings of api.openai.com",
    }
    assert json.loads(run("check", HELLO, "--json")[1]) == []


def test_what_is_new_fails_only_when_strict(run: Run, tmp_path: Path) -> None:
    edited(tmp_path, with_news)
    status, out, err = run("check", tmp_path)
    assert (status, err) == (0, "tokentape: 1 tape, 1 interaction: 1 unknown\n")
    assert "unknown: #1: event 1 (byte 0, chunk): the key novelty, which is in no table (and 23 more)" in out
    assert run("check", tmp_path, "--strict")[0] == 1


def test_an_old_recording_fails_when_its_age_counts(run: Run, tmp_path: Path) -> None:
    edited(tmp_path, bytes, source="recorded", recorded_at="2024-01-05T10:00:00.000Z")
    assert run("check", tmp_path)[0] == 0
    status, out, _ = run("check", tmp_path, "--max-age", "90d")
    assert status == 1
    assert "it was recorded 2024-01-05" in out
    assert run("check", tmp_path, "--max-age", "90")[::2] == (
        2,
        "tokentape: error: Invalid value for '--max-age': '90' is not an age; expected a number with h, d or w, such as 90d "
        "(see tokentape check --help)\n",
    )


def test_a_credential_of_the_environment_is_found(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "correct-horse-battery")
    edited(tmp_path, lambda body: b": correct-horse-battery\n\n" + body)
    status, out, _ = run("check", tmp_path)
    assert status == 1
    assert "tape/secret" in out
    assert "correct-horse" not in out


def test_a_file_that_cannot_be_read_is_3_and_the_others_are_checked(run: Run, tmp_path: Path) -> None:
    edited(tmp_path, without_done)
    text = HELLO.read_text(encoding="utf-8")
    (tmp_path / "sizes.yaml").write_text(text.replace("228b+", "999999b+"), encoding="utf-8")
    (tmp_path / "torn.yaml").write_text("version: 1\ninteractions: [", encoding="utf-8")
    status, out, err = run("check", tmp_path)
    assert status == 3
    assert "stream-end" in out
    assert "sizes.yaml:" in err
    assert "tokentape edit --fix-sizes" in err
    assert "torn.yaml:" in err
    assert err.splitlines()[-1] == "tokentape: 1 tape, 1 interaction: 1 error, 2 files that cannot be read"


def test_what_has_no_grammar_is_counted(run: Run, tmp_path: Path) -> None:
    edited(tmp_path, bytes, dialect="raw", provider="up")
    (tmp_path / "mine.yaml").write_text(
        (tmp_path / "mine.yaml")
        .read_text(encoding="utf-8")
        .replace("https://api.openai.com/v1/chat", "http://up.example"),
        encoding="utf-8",
    )
    assert run("check", tmp_path) == (
        0,
        "",
        "tokentape: 1 tape, 1 interaction: nothing is wrong; no grammar asked for 1: "
        "there is no grammar of the dialect raw\n",
    )


def test_what_a_tape_says_does_not_act_on_a_terminal(run: Run, tmp_path: Path) -> None:
    nasty = b'data: {"\\u001b]0;owned\\u0007":1,"id":"x","\\u202e":2}\n\n'
    edited(tmp_path, lambda body: body.replace(b"data: [DONE]", nasty + b"data: [DONE]"))
    for more in ((), ("--json",)):
        _, out, err = run("check", tmp_path, *more)
        assert all(char.isprintable() or char == "\n" for char in out + err)
    shutil.rmtree(tmp_path)


def test_what_is_said_at_reading_is_talk_and_said_once(run: Run, tmp_path: Path) -> None:
    plain = (
        "version: 1\ninteractions:\n- request: {method: POST, uri: 'http://x.example/', headers: {}, body: ''}\n"
        "  response:\n    status: {code: 200, message: OK}\n    headers: {}\n    body: {string: hello}\n"
    )
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.yaml").write_text(plain, encoding="utf-8")
    status, out, err = run("check", tmp_path, "--strict")
    assert (status, out) == (0, "")
    first, last = err.splitlines()
    assert first.startswith(f"tokentape: note: {tmp_path / 'a.yaml'} and 2 more: no timing on 1 of 1 interaction")
    assert last.startswith("tokentape: 3 tapes, 3 interactions: nothing is wrong; no grammar asked for 3")


def test_nothing_to_check_is_usage(run: Run, tmp_path: Path) -> None:
    assert run("check")[0] == 2
    assert "there is nothing to check: expected files or folders" in run("check")[2]
    assert run("check", tmp_path / "none")[0] == 3
    assert run("check", tmp_path)[0] == 3


def test_the_page(run: Run) -> None:
    assert run("check", "--markdown") == (0, document(), "")
