"""The control paths over raw sockets: what they list, what they refuse, on loopback and off it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tapes import taped
from wires import Seen, Tool, ask, event, post, tool

pytestmark = pytest.mark.xdist_group("control")

CHAT = "/openai/v1/chat/completions"
EVIL = "Origin: https://evil.example"
KEY = "sk-proj-" + "a1B2c3D4" * 6


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    base = tmp_path_factory.mktemp("control")
    taped(base / "tapes", "one", [event("one"), event("two")])
    taped(base / "tapes" / "deep", "three", [b"{}"], method="GET", headers=(("Content-Type", "application/json"),))
    with tool(base, "serve", str(base / "tapes")) as one:
        yield one
        assert "Traceback" not in one.said()


def control(server: Tool, path: str, *fields: str, method: str = "GET", body: bytes = b"") -> Seen:
    return ask(server.url, post(f"/_tokentape/{path}", body, "Connection: close", *fields, method=method))


def told(seen: Seen) -> Any:
    return json.loads(seen.wire_body)


def test_health(served: Tool) -> None:
    assert told(control(served, "health")) == {"status": "ok", "tapes": 2}


def test_tapes(served: Tool) -> None:
    listed = told(control(served, "tapes"))
    row = {"n": 1, "provider": "up", "dialect": "raw", "status": 200, "ending": "eof"}
    assert listed == {
        "tapes": [
            {"name": "deep/three", "interactions": [{**row, "method": "GET", "path": "/three", "events": 0}]},
            {"name": "one", "interactions": [{**row, "method": "POST", "path": "/one", "events": 2}]},
        ]
    }
    assert told(control(served, "tapes")) == listed


def test_misses_are_listed_counted_and_forgotten(served: Tool) -> None:
    control(served, "misses", method="DELETE")
    for _ in range(2):
        ask(served.url, post(f"{CHAT}?key={KEY}", b'{"model":"m"}', "Connection: close"))
    seen = control(served, "misses")
    listed = told(seen)
    assert KEY.encode() not in seen.raw
    assert listed["total"] == 2
    (row,) = listed["misses"]
    assert (row["method"], row["provider"], row["dialect"], row["count"]) == ("POST", "openai", "openai-chat", 2)
    assert row["path"].startswith(f"{CHAT}?key=")
    assert row.keys() >= {"nearest", "differs", "rule", "deck", "message"}
    assert told(control(served, "misses", method="DELETE")) == listed
    assert told(control(served, "misses")) == {"total": 0, "dropped": 0, "misses": []}


@pytest.mark.parametrize("path", ["health", "tapes", "misses"])
def test_head_and_other_methods(path: str, served: Tool) -> None:
    whole, head = control(served, path), control(served, path, method="HEAD")
    assert head.head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.wire_body == b""
    assert head.header("Content-Length") == str(len(whole.wire_body))
    put = control(served, path, "Content-Type: application/json", method="PUT", body=b"{}")
    assert put.head.startswith(b"HTTP/1.1 405 ")
    assert "GET" in (put.header("Allow") or "")
    assert control(served, path, method="OPTIONS").header("Allow") == put.header("Allow")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("decks/a/b", "there are /_tokentape/health"),
        ("metric", "did you mean /_tokentape/metrics?"),
        ("miss", "did you mean /_tokentape/misses?"),
        ("", "there are /_tokentape/health"),
        ("tapes/one", "there are /_tokentape/health"),
    ],
)
def test_a_path_that_is_not_there(path: str, said: str, served: Tool) -> None:
    seen = control(served, path)
    assert seen.head.startswith(b"HTTP/1.1 404 ")
    assert said in told(seen)["error"]["message"]


@pytest.mark.parametrize("path", ["health", "tapes", "misses", "decks"])
@pytest.mark.parametrize(
    ("fields", "method", "status"),
    [
        ((EVIL,), "GET", b"403"),
        (("Origin: null",), "GET", b"403"),
        (("Sec-Fetch-Site: cross-site",), "GET", b"403"),
        ((EVIL, "Content-Type: application/json"), "DELETE", b"403"),
        (("Content-Type: text/plain",), "POST", b"415"),
    ],
)
def test_what_comes_from_elsewhere_is_refused(
    path: str, fields: tuple[str, ...], method: str, status: bytes, served: Tool
) -> None:
    seen = control(served, path, *fields, method=method)
    assert seen.head[9:12] == status
    assert seen.header("access-control-allow-origin") is None
    assert b"one" not in seen.wire_body.partition(b"only pages")[0]


@pytest.mark.parametrize("path", ["health", "tapes", "misses"])
def test_a_rebound_name_is_refused(path: str, served: Tool) -> None:
    asked = post(f"/_tokentape/{path}", b"", "Connection: close", method="GET")
    seen = ask(served.url, asked.replace(b"Host: 127.0.0.1", b"Host: evil.example:7357"))
    assert seen.head.startswith(b"HTTP/1.1 403 ")
    assert told(seen)["error"]["code"] == "tokentape_foreign_host"


def test_off_loopback_a_token_is_needed(tmp_path: Path) -> None:
    taped(tmp_path / "tapes", "one", [event("one")])
    environ = {"TOKENTAPE_CONTROL_TOKEN": "a-control-token"}
    arguments = ("serve", str(tmp_path / "tapes"), "--host", "0.0.0.0")
    with tool(tmp_path / "a", *arguments, environ=environ) as with_token:
        seen = control(with_token, "tapes")
        assert (seen.head[9:12], seen.header("WWW-Authenticate")) == (b"401", "Bearer")
        assert control(with_token, "tapes", "Authorization: Bearer other").head[9:12] == b"401"
        assert control(with_token, "tapes", "Authorization: Bearer a-control-token").head[9:12] == b"200"
        assert control(with_token, "health").head[9:12] == b"200"
        assert "a-control-token" not in with_token.said()
    with tool(tmp_path / "b", *arguments, environ={"TOKENTAPE_CONTROL_TOKEN": ""}) as without:
        seen = control(without, "tapes", "Authorization: Bearer a-control-token")
        assert seen.head[9:12] == b"403"
        assert "TOKENTAPE_CONTROL_TOKEN" in told(seen)["error"]["message"]
        assert control(without, "health").head[9:12] == b"200"
