"""The ready file: whole or not there, ours or left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.ready import ReadyFile, ReadyFileError


def test_it_says_where_and_who_and_goes_away(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    ready = ReadyFile(path)
    ready.write("http://127.0.0.1:1")
    assert json.loads(path.read_bytes()) == {"url": "http://127.0.0.1:1", "pid": os.getpid()}
    assert list(tmp_path.iterdir()) == [path]
    ready.remove()
    ready.remove()
    assert list(tmp_path.iterdir()) == []


def test_it_says_whom_to_trust(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    ReadyFile(path).write("https://127.0.0.1:1", tmp_path / "ca.pem")
    said = json.loads(path.read_bytes())
    assert said == {"url": "https://127.0.0.1:1", "pid": os.getpid(), "ca": str(tmp_path / "ca.pem")}


def test_it_replaces_in_one_step(tmp_path: Path) -> None:
    """Whoever waits for the file reads the old one or the new one."""
    path = tmp_path / "ready.json"
    path.write_text("old")
    with path.open() as reader:
        ReadyFile(path).write("http://h:1")
        assert reader.read() == "old"
    assert "http://h:1" in path.read_text()


def dead_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    done.wait()
    return done.pid


def test_what_a_killed_server_left_goes_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    ReadyFile(path).forget_the_dead()
    path.write_text(json.dumps({"url": "http://127.0.0.1:1", "pid": dead_pid()}))
    ReadyFile(path).forget_the_dead()
    assert not path.exists()


@pytest.mark.parametrize("content", ['{"url": "u", "pid": OURS}', "", "[]", '{"pid": "x"}', '{"pid": 1e99}', "\xff"])
def test_what_may_be_someones_stays(content: str, tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    content = content.replace("OURS", str(os.getpid()))
    path.write_text(content)
    ready = ReadyFile(path)
    ready.forget_the_dead()
    ready.remove()
    assert path.read_text() == content


def test_a_file_that_another_server_has_taken_over_stays(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    ready = ReadyFile(path)
    ready.write("http://h:1")
    path.write_text(json.dumps({"url": "http://h:2", "pid": os.getpid() + 1}))
    ready.remove()
    assert "http://h:2" in path.read_text()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReadyFileError, match=r"--ready-file .*no/r\.json.*No such file.*expected a path in a folder"):
        ReadyFile(tmp_path / "no" / "r.json").write("u")


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("folder", "pipe", "link"):
        with pytest.raises(ReadyFileError, match="no regular file"):
            ReadyFile(tmp_path / name).write("u")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link", "pipe"]
