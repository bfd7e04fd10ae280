"""list, show, verify, edit, import, schema, doctor: what is printed for people and for programs."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import tokentape
from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.shipped import shipped_names
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load_file

SHIPPED = [*shipped_names()]
HELLO = shipped_root() / "openai" / "hello.yaml"
NASTY = "\x1b[31m\x1b]0;owned\x07\x9b2J\u202e\u2028"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command: (status, stdout, stderr)."""

    def command(*argv: object) -> tuple[int, str, str]:
        status = tokentape.main([str(word) for word in argv])
        return status, *capsys.readouterr()

    return command


def nasty(folder: Path) -> Path:
    """A tape that is full of what acts on terminals, wherever it has a place for text."""
    event = (
        f'data: {{"choices":[{{"delta":{{"content":{json.dumps("say " + NASTY, ensure_ascii=False)}}}}}]}}\n\n'.encode()
    )
    headers = (("content-type", "text/event-stream"), ("x-odd", "v" + NASTY.replace("\u2028", "")))
    stream = Stream(provider="p", dialect="openai-chat", chunks=(Chunk(1.0, len(event)),), trailers=headers)
    request = Request("POST", "http://h/v1/chat/completions", headers, b'{"model":"m"}')
    path = folder / f"odd{NASTY}.yaml"
    path.write_bytes(
        dump(Cassette((Interaction(request, Response(200, "Fine " + NASTY[:4], headers, event, stream)),)))
    )
    return path


def acts_on_a_terminal(text: str) -> bool:
    return any(not char.isprintable() and char != "\n" for char in text)


# list


def test_list_has_a_line_for_each_interaction(run: Any, tmp_path: Path) -> None:
    status, out, err = run("list")
    assert (status, err) == (0, "")
    assert [line.split("#1")[0] for line in out.splitlines()] == SHIPPED
    assert "200 openai/openai-chat 25 events 6856 bytes 1008 ms eof synthetic" in " ".join(out.split())


def test_list_takes_files_folders_and_shipped_names(run: Any, tmp_path: Path) -> None:
    shutil.copy(HELLO, tmp_path / "mine.yaml")
    status, out, _ = run("list", tmp_path, HELLO, "google/hello", "xai/typical", "--json")
    assert status == 0
    rows = json.loads(out)
    typical = [name for name in SHIPPED if name.startswith("xai/typical/")]
    assert sorted(row["provider"] for row in rows) == ["google", "openai", "openai", *["xai"] * len(typical)]
    assert "mine#1" in [row["tape"] for row in rows]


def test_list_tells_of_unfinished_recordings(run: Any, tmp_path: Path) -> None:
    from recorder.spool import Spool, meta_of

    request = Request("POST", "http://h/x")
    Spool(tmp_path, meta_of(request, file="", provider="up", dialect="raw", recorded_at="2026-11-20")).close()
    told = f"tokentape: note: a killed recorder left 1 unfinished here; `tokentape recover {tmp_path}` keeps them"
    status, out, err = run("list", tmp_path)
    assert (status, out, err.splitlines()[0]) == (3, "", told)
    (tmp_path / "hello.yaml").write_bytes(HELLO.read_bytes())
    status, out, err = run("list", tmp_path, "--json")
    assert (status, len(json.loads(out)), err) == (0, 1, f"{told}\n")


def test_list_as_json_has_the_facts_of_show(run: Any) -> None:
    rows = json.loads(run("list", "--json")[1])
    assert [row["tape"] for row in rows] == [f"{name}#1" for name in SHIPPED]
    hello = rows[SHIPPED.index("openai/hello")]
    assert hello["status"] == {"code": 200, "message": "OK"}
    assert (hello["events"], hello["bytes"], hello["source"]) == (25, 6856, "synthetic")
    assert (
        json.loads(run("show", "openai/hello", "--json")[1])[0].items()
        >= {key: value for key, value in hello.items() if key != "tape"}.items()
    )


# show


def test_show_says_all_there_is(run: Any) -> None:
    status, out, err = run("show", "openai/hello")
    assert (status, err) == (0, "")
    for words in ("openai/hello#1  POST https://api.openai.com", "TTFT", "gaps", "ending", "25 sse events", "Hello!"):
        assert words in out


def test_show_text_is_only_the_text(run: Any) -> None:
    status, out, _ = run("show", HELLO, "--text")
    assert status == 0
    assert out.startswith("Hello! 안녕하세요! 👋")
    assert out.count("\n") == 1


def test_show_takes_one_interaction_of_many(run: Any, tmp_path: Path) -> None:
    one = load_file(HELLO).interactions[0]
    path = tmp_path / "two.yaml.gz"
    path.write_bytes(dump(Cassette((one, one)), compress=True))
    assert [line for line in run("show", path)[1].splitlines() if "#" in line and "POST" in line] == [
        f"{tmp_path / 'two'}#{n}  POST https://api.openai.com/v1/chat/completions" for n in (1, 2)
    ]
    assert [row["number"] for row in json.loads(run("show", path, "-n", 2, "--json")[1])] == [2]
    assert run("show", path, "-n", 3)[0] == 3


def test_show_lists_as_many_chunks_as_it_is_told(run: Any) -> None:
    few, many = (run("show", "openai/hello", "--rows", rows)[1] for rows in (2, 99))
    assert "(22 chunks not listed)" in few
    assert "not listed" not in many


# Nothing that acts on a terminal


@pytest.mark.parametrize("options", [["list"], ["show"], ["show", "--text"], ["verify", "--draw", "--speed", "max"]])
def test_a_tape_full_of_escapes_prints_none(options: list[str], run: Any, tmp_path: Path) -> None:
    status, out, err = run(*options, nasty(tmp_path))
    assert (status, err) == (0, "")
    assert out
    assert not acts_on_a_terminal(out)


@pytest.mark.parametrize("options", [["list"], ["show"], ["verify", "--speed", "max"]])
def test_nor_as_json_which_keeps_what_it_is(options: list[str], run: Any, tmp_path: Path) -> None:
    status, out, _ = run(*options, nasty(tmp_path), "--json")
    assert status == 0
    assert not acts_on_a_terminal(out)
    if options == ["show"]:
        assert json.loads(out)[0]["text"] == "say " + NASTY


# verify


def test_verify_compares_and_says_how_exact_it_was(run: Any) -> None:
    status, out, err = run("verify", "openai/hello", "--speed", "5")
    assert (status, err) == (0, "")
    assert out.startswith("#1: bytes equal; 24 chunks equal; head equal; ending equal; gap error p50 ")


def test_verify_as_json(run: Any) -> None:
    (row,) = json.loads(run("verify", "xai/hello", "--speed", "max", "--json")[1])
    assert (row["number"], row["same"], row["bytes"]["wanted"]) == (1, True, 8255)


def test_verify_that_finds_a_difference_is_status_1(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import recorder.verify

    whole = recorder.verify.verify

    def other(interactions: list[Interaction], speed: float) -> list[Any]:
        return [one._replace(held=replace(one.held, first_difference=7)) for one in whole(interactions, speed)]

    monkeypatch.setattr(recorder.verify, "verify", other)
    status, out, _ = run("verify", "xai/hello", "--speed", "max")
    assert status == 1
    assert "bytes differ from byte 7 on" in out


# edit


def test_edit_mends_sizes_and_says_what_it_changed(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    path.write_bytes(HELLO.read_bytes().replace(b" 1e\n", b" 4e\n", 1))
    assert run("show", path)[0] == 3
    status, out, err = run("edit", "--fix-sizes", path)
    assert (status, err) == (0, "")
    assert out.startswith(f"{path}: chunks of interaction #1: ")
    (mended,) = load_file(path).interactions
    assert mended.response.body == load_file(HELLO).interactions[0].response.body
    assert json.loads(run("edit", "--fix-sizes", path, "--json")[1]) == {
        "tape": str(path),
        "mended": False,
        "notes": [],
    }


def test_edit_does_not_touch_what_needs_nothing(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    shutil.copy(HELLO, path)
    before = path.stat().st_ino, path.read_bytes()
    assert run("edit", "--fix-sizes", path) == (0, f"{path}: the sizes add up; nothing to mend\n", "")
    assert (path.stat().st_ino, path.read_bytes()) == before


# import, schema, doctor


def test_import_as_json(run: Any, tmp_path: Path) -> None:
    source = tmp_path / "answer.sse"
    source.write_bytes(b'data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: [DONE]\n\n')
    status, out, err = run("import", source, "-o", tmp_path / "made", "--json")
    assert (status, err) == (0, "")
    tape = str(tmp_path / "made" / "answer.yaml")
    assert json.loads(out) == [{"file": str(source), "format": "raw-sse", "tape": tape, "interactions": 1}]
    assert json.loads(run("show", tape, "--json")[1])[0]["source"] == "imported"


def test_list_has_the_good_and_tells_the_bad(run: Any, tmp_path: Path) -> None:
    shutil.copyfile(HELLO, tmp_path / "good.yaml")
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "broken.yaml").write_text("version: [\n")
    status, out, err = run("list", tmp_path)
    assert status == 3
    assert [line.split()[0] for line in out.splitlines()] == ["good#1"]
    assert [line.partition(".yaml")[0] for line in err.splitlines()] == [
        f"tokentape: error: {tmp_path / name}" for name in ("broken", "compose")
    ]
    status, out, err = run("list", tmp_path / "broken.yaml", "--json")
    assert (status, json.loads(out), err.count("\n")) == (3, [], 1)


@pytest.mark.parametrize("command", ["show", "verify"])
def test_one_tape_is_no_folder(command: str, run: Any, tmp_path: Path) -> None:
    shown = f"this is a folder, expected one tape; `tokentape list {tmp_path}` lists those in it"
    assert run(command, tmp_path) == (3, "", f"tokentape: error: {tmp_path}: {shown}\n")
    assert "`tokentape list openai` lists" in run(command, "openai")[2]


def test_a_shipped_tape_is_not_edited(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, err = run("edit", "--fix-sizes", "openai/hello")
    shown = f"this tape ships with tokentape and stays as it is; copy it first: `cp {HELLO} .`"
    assert (status, err) == (3, f"tokentape: error: openai/hello: {shown}\n")


def test_gzip_that_is_none_is_said_so(run: Any, tmp_path: Path) -> None:
    tape = tmp_path / "a.yaml.gz"
    tape.write_bytes(b"PK\x03\x04\xff\xfe")
    status, _, err = run("show", tape)
    assert status == 3
    assert err.startswith(
        f"tokentape: error: {tape}: found no gzip data (it starts with the bytes 50 4b 03 04), expected"
    )


def test_a_recording_without_interactions_makes_no_tape(run: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.har").write_text('{"log": {"entries": []}}')
    status, out, err = run("import", tmp_path / "empty.har", "-o", tmp_path / "tapes")
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert "empty.har: found no interactions in it, expected one at least" in err
    assert not (tmp_path / "tapes").exists()


def test_schema_without_a_name_says_which_there_are_in_one_line(run: Any) -> None:
    line = "Missing argument 'NAME'. Choose from: cassette, scenario (see tokentape schema --help)"
    assert run("schema") == (2, "", f"tokentape: error: {line}\n")


@pytest.mark.parametrize("name", ["cassette", "scenario"])
def test_schema_is_json_schema(run: Any, name: str) -> None:
    status, out, _ = run("schema", name)
    assert status == 0
    assert json.loads(out)["$schema"].startswith("https://json-schema.org/")
    assert json.loads(out)["title"] == f"tokentape {name}"
    assert run("schema", name, "--json")[1] == out


def test_doctor_prints_a_line_for_each_finding(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run("doctor")
    assert (status, err) == (0, "")
    assert any(line.startswith("ok    python: ") for line in out.splitlines())
    rows = json.loads(run("doctor", "--json")[1])
    assert [sorted(row) for row in rows] == [["check", "level", "text"]] * len(rows)
    assert len(rows) == len(out.splitlines())


def test_doctor_that_finds_something_broken_is_status_1(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    status, out, _ = run("doctor")
    assert status == 1
    assert "error cassettes: something without a file hides ours" in out


@pytest.mark.parametrize("name", tokentape.COMMANDS)
def test_examples_come_first_in_every_help(name: str, run: Any) -> None:
    status, out, _ = run(name, "--help")
    assert status == 0
    lines = [line.strip() for line in out.splitlines() if line.strip()]
    assert lines[1] == "Examples:"
    assert f"tokentape {name}" in lines[2]
