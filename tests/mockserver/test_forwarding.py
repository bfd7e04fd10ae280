"""A server whose misses somebody else answers: what it hands over, what it answers itself, when it is over."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tapes import taped

from cassettes.matching import Asked
from cassettes.model import Head, TokentapeError
from cassettes.redact import Redactor
from cassettes.store import FolderStore, shipped_root
from mockserver import running
from mockserver.app import Forward
from mockserver.forwarding import front, run_forwarding
from mockserver.relay import Relay

CLIENT = """
import json, os, sys, urllib.request, urllib.error
root = os.environ["OPENAI_BASE_URL"].removesuffix("/openai/v1")
seen = []
for path in sys.argv[2:]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(root + path, data=b"{}", headers={"content-type": "application/json"})
    try:
        with opener.open(request, timeout=20) as answer:
            seen.append([answer.status, answer.headers.get("x-tokentape"), answer.read().decode()])
    except urllib.error.HTTPError as error:
        seen.append([error.code, error.headers.get("x-should-retry"), error.read().decode()])
open(sys.argv[1], "w").write(json.dumps(seen))
"""


class Answering:
    """A forward that answers everything with a word, and notes what it was asked."""

    def __init__(self, error: TokentapeError | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self._error = error

    async def __call__(self, asked: Asked, relay: Relay) -> Any:
        self.asked.append((asked.request.method, asked.route.path))
        if self._error is not None:
            raise self._error
        relay.head(Head(headers=(("Content-Length", "4"), ("X-Tokentape-Own", "1"))), "length")
        relay.body(b"live")
        relay.end("keep")
        return self

    def left(self) -> None:
        """Nothing is under way."""


@pytest.fixture
def forwarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a server while a client asks it for paths; what the client saw, and what the run returned."""
    # The collector and the switch interval are the pytest process's own here.
    monkeypatch.setattr(running, "_settle_memory", lambda: None)
    monkeypatch.setattr(running, "_share_often", lambda: None)
    calls: list[str] = []

    async def drain() -> None:
        calls.append("drain")

    async def closing() -> None:
        calls.append("closing")

    def run(paths: list[str], forward: Forward | None, store: FolderStore | None = None, **options: Any) -> Any:
        found = tmp_path / "seen.json"
        command = (sys.executable, "-c", CLIENT, str(found), *paths)
        returned = run_forwarding(
            {"command": command, "environ": dict(os.environ)},
            **{
                "store": store,
                "levels": ("key",),
                "repeat": True,
                "upstreams": {"bot": "https://bot.example"},
                "forward": forward,
                "redactor": Redactor(()),
                "ending_drain": 5.0,
                "listening": calls.append,
                "drain": drain,
                "closing": closing,
                **options,
            },
        )
        url, *hooks = calls
        assert url.startswith("http://127.0.0.1:")
        assert hooks == ["drain", "closing"]
        return json.loads(found.read_text()), returned

    return run


def test_a_tape_answers_before_anybody_is_asked(forwarded: Any, tmp_path: Path) -> None:
    taped(tmp_path / "tapes", "here", [b"taped"])
    store = FolderStore([tmp_path / "tapes"])
    store.load()
    forward = Answering()
    seen, returned = forwarded(
        ["/up/here", "/up/there", "/bot/x", "/openai/v1/responses"], forward, store, levels=("order",)
    )
    assert seen == [[200, "here#1", "taped"], *[[200, None, "live"]] * 3]
    assert forward.asked == [("POST", "/there"), ("POST", "/x"), ("POST", "/v1/responses")]
    assert returned == (0, 1)


def test_what_no_upstream_is_for_is_not_forwarded(forwarded: Any) -> None:
    forward = Answering()
    seen, returned = forwarded(["/nobody/knows", "/v1/messages"], forward)
    assert seen[0][:2] == [404, "false"]
    assert "another upstream is mounted by --upstream nobody=URL" in seen[0][2]
    assert seen[1] == [200, None, "live"]
    assert forward.asked == [("POST", "/v1/messages")]
    assert returned == (0, 1)


def test_with_nobody_to_ask_a_miss_says_how_to_record(forwarded: Any) -> None:
    store = FolderStore([shipped_root()])
    store.load()
    seen, returned = forwarded(["/openai/v1/chat/completions"], None, store)
    assert seen[0][:2] == [404, "false"]
    error = json.loads(seen[0][2])["error"]
    assert error["code"] == "tokentape_no_match"
    assert error["message"].startswith("no tape matches: the nearest is openai/")
    assert "#1 (POST /v1/chat/completions)" in error["message"]
    assert error["message"].endswith("; --record-mode new_episodes records what is missing")
    assert returned == (0, 1)


def test_an_upstream_that_fails_is_a_502_in_shape(forwarded: Any, capsys: pytest.CaptureFixture[str]) -> None:
    seen, returned = forwarded(["/anthropic/v1/messages"], Answering(TokentapeError("connection refused")))
    assert seen[0][:2] == [502, "false"]
    body = json.loads(seen[0][2])
    assert body["type"] == "error"
    assert body["error"]["message"] == "connection refused"
    assert body["error"]["details"] == {"error_code": "tokentape_upstream"}
    assert capsys.readouterr().err == "tokentape: error: connection refused\n"
    assert returned == (0, 0)


def test_the_table_of_base_urls() -> None:
    lines = front("http://h:1").splitlines()
    assert lines[0].split() == ["OpenAI", "http://h:1/openai/v1"]
    assert len({line.index("http") for line in lines}) == 1
    assert front("http://h:1", {"bot": "http://b", "xai": "http://x"}).splitlines()[len(lines) :] == [
        f"  {'bot':<{lines[0].index('http') - 4}}  http://h:1/bot"
    ]
