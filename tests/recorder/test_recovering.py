"""`tokentape recover`: tapes of what a killed recorder left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tokentape
from cassettes.model import Head, Request
from cassettes.yamlio import load_file
from recorder.spool import Spool, meta_of

SECRET = "hunter-horse-battery-staple-9"


def left(folder: Path, prompt: str, answer: bytes, *, file: str = "", second: int = 0) -> Path:
    """What a recorder leaves that is killed in mid-stream."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}]}).encode()
    meta = meta_of(
        Request("POST", "https://api.openai.com/v1/chat/completions", (), body),
        file=file,
        provider="openai",
        dialect="openai-chat",
        recorded_at=f"2026-11-20T09:30:{second:02d}.000Z",
    )
    spool = Spool(folder, meta)
    spool.head(1.0, Head(), "chunked")
    spool.data(2.0, [(len(answer), 0)], answer)
    spool.close()
    return spool.path


def recover(folder: Path, *options: str) -> int:
    return tokentape.main(["recover", str(folder), *options])


def test_what_was_left_becomes_tapes_where_the_recorder_would_have_put_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left(tmp_path, "hello", b"second", second=2)
    left(tmp_path, "hello", b"first", second=1)
    left(tmp_path, "other", b"kept", file="one-file.yaml")
    assert recover(tmp_path) == 0
    (tape,) = (tmp_path / "openai").glob("m-hello-*.yaml")
    assert [one.response.body for one in load_file(tape).interactions] == [b"first", b"second"]
    assert {one.response.stream.end.type for one in load_file(tape).interactions} == {"interrupted"}
    assert load_file(tmp_path / "one-file.yaml").interactions[0].response.body == b"kept"
    out, err = capsys.readouterr()
    assert f"{tape}: 5 bytes in 1 chunk, interrupted\n" in out
    assert (len(out.splitlines()), err) == (3, "")
    assert not (tmp_path / ".tokentape-spool").exists()


def test_it_is_added_to_the_tape_of_the_same_request(tmp_path: Path) -> None:
    left(tmp_path, "hello", b"first")
    recover(tmp_path)
    (made,) = (tmp_path / "openai").glob("*.yaml")
    kept = made.rename(tmp_path / "kept.yaml")
    left(tmp_path, "hello", b"second")
    recover(tmp_path)
    assert [one.response.body for one in load_file(kept).interactions] == [b"first", b"second"]
    assert list((tmp_path / "openai").glob("*.yaml")) == []


def test_json_is_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recover(tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    left(tmp_path, "hello", b"first")
    assert recover(tmp_path, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {"tape": row["tape"], "bytes": 5, "chunks": 1, "ending": "interrupted", "masked": False}
    assert load_file(row["tape"]).interactions


def test_nothing_to_recover_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recover(tmp_path) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"tokentape: nothing to recover in {tmp_path / '.tokentape-spool'}\n")


def test_what_is_no_tape_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "broken.yaml").write_text("version: [\n")
    left(tmp_path, "hello", b"kept")
    assert recover(tmp_path) == 0
    out, err = capsys.readouterr()
    assert (out.count("\n"), err) == (1, "")
    assert (tmp_path / "broken.yaml").read_text() == "version: [\n"


def test_what_is_live_is_left_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, meta_of(Request("GET", "http://h/"), file="", provider="p", dialect="raw", recorded_at="x"))
    assert recover(tmp_path) == 0
    assert spool.path.exists()
    spool.remove()


def test_damage_is_told_and_the_others_are_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = left(tmp_path, "a", b"x")
    damaged.write_bytes(b"something else")
    left(tmp_path, "b", b"good")
    assert recover(tmp_path) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err.startswith(f"tokentape: error: {damaged}: ")
    assert damaged.exists()


@pytest.mark.parametrize("file", ["../out.yaml", "/tmp/out.yaml"])
def test_a_spool_file_does_not_lead_out_of_the_folder(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tapes"
    path = left(folder, "a", b"x", file=file)
    assert recover(folder) == 1
    assert "which is not in" in capsys.readouterr().err
    assert path.exists()
    assert list(tmp_path.rglob("*.yaml")) == []


def test_a_secret_that_was_left_is_masked_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    left(tmp_path, "a", b"it is " + SECRET.encode())
    assert recover(tmp_path, "--json") == 1
    out, err = capsys.readouterr()
    (row,) = json.loads(out)
    assert row["masked"] is True
    assert "a secret was left" in err
    (taped,) = load_file(row["tape"]).interactions
    assert (taped.response.stream.source, taped.response.body) == ("edited", b"it is " + b"*" * len(SECRET))
