"""A server as a child process: there when asked for, gone afterwards, and a clear word when it cannot come up."""

from __future__ import annotations

import os
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from wires import ask, post, wait_for

from recorder import playback
from recorder.playback import ChildError, child


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that are started."""
    found: list[subprocess.Popen[bytes]] = []

    class Noting(subprocess.Popen[bytes]):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[call-overload]
            found.append(self)

    monkeypatch.setattr(playback.subprocess, "Popen", Noting)
    return found


def test_a_child_serves_until_the_block_ends(started: list[subprocess.Popen[bytes]]) -> None:
    with child(["serve"]) as url:
        assert url.startswith("http://127.0.0.1:")
        assert ask(url, post("/", b"", "Connection: close", method="GET")).head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert started[0].poll() is None
    assert started[0].returncode == 0
    with pytest.raises(ConnectionRefusedError):
        ask(url, post("/", b"", method="GET"))


def test_a_child_ends_with_whoever_fails_inside(started: list[subprocess.Popen[bytes]]) -> None:
    with pytest.raises(ZeroDivisionError), child(["serve"]):
        raise ZeroDivisionError
    assert started[0].returncode == 0


def test_a_child_that_cannot_start_says_why(tmp_path: Path, started: list[subprocess.Popen[bytes]]) -> None:
    with pytest.raises(ChildError, match=r"^the server did not start: .*nowhere: there is no such file") as caught:
        child(["serve", str(tmp_path / "nowhere")]).__enter__()
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    assert started[0].returncode == 3


def test_a_child_that_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch, started: list[subprocess.Popen[bytes]]
) -> None:
    monkeypatch.setattr(playback, "READY_WITHIN", 0.0)
    with pytest.raises(ChildError, match="did not start: it said nothing"):
        child(["serve"]).__enter__()
    wait_for(lambda: started[0].poll() is not None)


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as nobody, suppress(OSError):
        nobody.bind(("127.0.0.1", 0))
        for name in ("http_proxy", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with (
            child(["serve"]) as upstream,
            child(["record", "-o", str(tmp_path), "--upstream", f"openai={upstream}/openai/v1"]) as recorder,
        ):
            seen = ask(recorder, post("/openai/v1/chat/completions", b"{}", "Connection: close"), leave_after=100)
    assert seen.head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert "http_proxy" in os.environ


def test_no_configuration_of_the_user_changes_what_a_child_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tokentape.toml").write_text("sped = 1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKENTAPE_SPEED", "broken")
    with child(["serve", "openai/hello"]) as url:
        assert url.startswith("http://127.0.0.1:")
