"""Spool files become tapes: together where they go to one file, and never one at the cost of another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from cassettes.model import Ending, Head, Interaction, Request, TokentapeError
from cassettes.redact import Redactor
from cassettes.yamlio import load_file
from recorder.filing import Filing
from recorder.saving import AT_ONCE, Finished, Saving
from recorder.spool import Spool, meta_of

SECRET = b"hunter-horse-battery-staple-9"


def spool(folder: Path, prompt: str, answer: bytes = b"answer") -> Spool:
    body = b'{"model":"m","messages":[{"role":"user","content":"%s"}]}' % prompt.encode()
    request = Request("POST", "https://api.openai.com/v1/chat/completions", (), body)
    fields = {"file": "", "provider": "openai", "dialect": "openai-chat", "recorded_at": "2026-11-20T09:30:00.000Z"}
    made = Spool(folder, meta_of(request, **fields))
    made.head(1.0, Head(), "chunked")
    made.data(2.0, [(len(answer), 0)], answer)
    made.ending(3.0, Ending())
    return made


def saved(filing: Filing, spools: list[Spool], redactor: Redactor | None = None) -> tuple[Saving, list[str]]:
    """All of them handed in at once."""
    lines: list[str] = []

    async def save() -> Saving:
        saving = Saving(filing, lines.append)
        await asyncio.gather(*(saving.save(Finished(one, redactor or Redactor())) for one in spools))
        saving.close()
        return saving

    return asyncio.run(save()), lines


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> Callable[[], int]:
    calls = []
    whole = getattr(Filing, name)

    def counting(*arguments: object) -> object:
        calls.append(arguments)
        return whole(*arguments)

    monkeypatch.setattr(Filing, name, counting)
    return lambda: len(calls)


def test_a_spool_becomes_a_tape_and_is_gone(tmp_path: Path) -> None:
    saving, lines = saved(Filing(tmp_path), [spool(tmp_path, "hello")])
    (tape,) = tmp_path.rglob("*.yaml")
    assert lines == [f"tokentape: recorded {tape}: 200, 1 chunk, 6 bytes, eof"]
    assert (saving.failures, saving.latest) == (0, tape)
    assert load_file(tape).interactions[0].response.stream.source == "recorded"
    assert list((tmp_path / ".tokentape-spool").iterdir()) == []


def test_what_waits_is_written_in_one_go_per_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time, a file of n recordings would be written n times: quadratic."""
    calls = counted(monkeypatch, "save")
    one_file = tmp_path / "all.yaml"
    spools = [spool(tmp_path, f"prompt {number}", b"%d" % number) for number in range(AT_ONCE + 10)]
    _, lines = saved(Filing(tmp_path, "once", one_file), spools)
    assert [one.response.body for one in load_file(one_file).interactions] == [b"%d" % n for n in range(AT_ONCE + 10)]
    assert len(lines) == AT_ONCE + 10
    assert calls() <= 3


def test_a_secret_that_was_left_is_a_failure_and_the_tape_is_kept(tmp_path: Path) -> None:
    saving, lines = saved(Filing(tmp_path), [spool(tmp_path, "hello", b"it is " + SECRET)], Redactor([SECRET]))
    (tape,) = tmp_path.rglob("*.yaml")
    assert saving.failures == 1
    assert lines[1].startswith(f"tokentape: error: {tape}: a secret was left")
    (taped,) = load_file(tape).interactions
    assert (taped.response.stream.source, taped.response.body) == ("edited", b"it is " + b"*" * len(SECRET))


def test_one_that_cannot_be_saved_is_kept_and_takes_no_other_along(tmp_path: Path) -> None:
    torn, damaged, good = (spool(tmp_path, name) for name in ("torn", "damaged", "good"))
    torn.broken = True
    damaged.path.write_bytes(b"something else")
    saving, lines = saved(Filing(tmp_path), [torn, damaged, good])
    assert saving.failures == 2
    assert [path.name for path in tmp_path.rglob("*.yaml")] == [saving.latest.name if saving.latest else ""]
    assert "the disk refused a write" in lines[0]
    assert "no spool file" in lines[1] or "not a spool file" in lines[1]
    assert f"kept in {torn.path}: `tokentape recover {tmp_path}`" in lines[0]
    assert lines[1].endswith(f"what had arrived is kept in {damaged.path}"), "nothing could make a tape of it"
    assert torn.path.exists()
    assert damaged.path.exists()


def test_no_spool_is_promised_that_is_gone(tmp_path: Path) -> None:
    gone, torn = spool(tmp_path, "gone"), spool(tmp_path, "torn")
    torn.broken = True
    for one in (gone, torn):
        one.path.unlink()
    saving, lines = saved(Filing(tmp_path), [gone, torn])
    assert saving.failures == 2
    assert all(line.endswith("its spool file is gone too, and the recording with it") for line in lines)
    assert "recover" not in "".join(lines)


def test_a_file_that_cannot_be_written_keeps_its_spools(tmp_path: Path) -> None:
    (tmp_path / "openai").write_text("in the way")
    spools = [spool(tmp_path, "a"), spool(tmp_path, "b")]
    saving, lines = saved(Filing(tmp_path), spools)
    assert saving.failures == len(lines) == 2
    assert all("no tape written" in line and "cannot write here" in line for line in lines)
    assert all(one.path.exists() for one in spools)


def test_a_group_that_does_not_fit_is_written_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Filing.save

    def at_most_one(filing: Filing, path: Path, interactions: list[Interaction]) -> None:
        if len(interactions) > 1:
            raise TokentapeError("over 64 MB")
        whole(filing, path, interactions)

    monkeypatch.setattr(Filing, "save", at_most_one)
    saving, lines = saved(Filing(tmp_path), [spool(tmp_path, "same") for _ in range(3)])
    (tape,) = tmp_path.rglob("*.yaml")
    assert (saving.failures, len(lines)) == (0, 3)
    assert len(load_file(tape).interactions) == 3


def test_a_mistake_of_ours_is_told_and_the_recording_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("recorder.saving.read", broken)
    saving, lines = saved(Filing(tmp_path), [spool(tmp_path, "a")])
    assert saving.failures == 1
    assert "no tape written (ZeroDivisionError: ours)" in lines[0]
    assert list((tmp_path / ".tokentape-spool").glob("*.spool"))
