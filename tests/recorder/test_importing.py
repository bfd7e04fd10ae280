"""`tokentape import`: names, masks, and nothing that is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassettes.model import CassetteError
from cassettes.redact import Redactor
from cassettes.yamlio import load_file
from recorder.importing import Importing, TakenNameError

SECRET = b"hunter-horse-battery-staple-9"


def sse(text: bytes = b"hi") -> bytes:
    return b'data: {"choices":[{"delta":{"content":"' + text + b'"}}]}\n\ndata: [DONE]\n\n'


def importing(folder: Path, *, overwrite: bool = False) -> Importing:
    return Importing(folder / "tapes", Redactor([SECRET]), overwrite=overwrite)


def test_a_recording_becomes_a_tape_of_its_name(tmp_path: Path) -> None:
    source = tmp_path / "answer.v2.sse"
    source.write_bytes(sse())
    one = importing(tmp_path).take(source)
    assert one == (source, "raw-sse", tmp_path / "tapes" / "answer.v2.yaml", 1)
    (taped,) = load_file(one.tape).interactions
    assert taped.response.stream.source == "imported"
    assert taped.response.body == sse()


def test_what_is_imported_is_masked(tmp_path: Path) -> None:
    source = tmp_path / "a.sse"
    source.write_bytes(sse(SECRET))
    assert SECRET not in importing(tmp_path).take(source).tape.read_bytes()


def test_a_tape_that_is_there_stays_unless_it_may_go(tmp_path: Path) -> None:
    source = tmp_path / "a.sse"
    source.write_bytes(sse(b"one"))
    importing(tmp_path).take(source)
    source.write_bytes(sse(b"two"))
    with pytest.raises(TakenNameError, match="--overwrite"):
        importing(tmp_path).take(source)
    assert b"one" in (tmp_path / "tapes" / "a.yaml").read_bytes()
    importing(tmp_path, overwrite=True).take(source)
    assert b"two" in (tmp_path / "tapes" / "a.yaml").read_bytes()


def test_two_files_of_one_name_do_not_become_one_tape(tmp_path: Path) -> None:
    run = importing(tmp_path, overwrite=True)
    for number in (1, 2):
        source = tmp_path / str(number) / "a.sse"
        source.parent.mkdir()
        source.write_bytes(sse(b"%d" % number))
    run.take(tmp_path / "1" / "a.sse")
    with pytest.raises(TakenNameError, match="another folder"):
        run.take(tmp_path / "2" / "a.sse")


def test_what_is_no_recording_makes_no_folder(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"\xff\xd8\xff" * 99)
    with pytest.raises(CassetteError, match=r"a\.jpg"):
        importing(tmp_path).take(source)
    assert not (tmp_path / "tapes").exists()
