"""A dialect of an installed package, by the entry point `tokentape.dialects`: converted to, listed, played, folded, made
up, refused in its own words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from wires import Tool, ask, dechunked, post, tokentape, tool

from cassettes.yamlio import load_file

ACME = """
from dataclasses import dataclass

from cassettes.dialects.base import Dialect, Endpoint, at, json_bytes, json_headers
from cassettes.dialects.delta import NOTHING, Delta, Folded
from cassettes.dialects.speech import Saying, dumps, last_finish, pieces, sse


@dataclass(frozen=True)
class Acme(Dialect):
    def prompt(self, body):
        said = at(body, "say_to_me")
        return said if isinstance(said, str) else ""

    def delta(self, payload):
        if at(payload, "over") is True:
            return Delta(finish="stop")
        piece = at(payload, "piece")
        return Delta(piece) if isinstance(piece, str) else NOTHING

    def fold(self, payloads):
        said = [at(one, "piece") for one in payloads]
        return Folded(200, {"whole": "".join(one for one in said if isinstance(one, str))})

    def speak(self, said, voice):
        saying = Saying()
        for piece in pieces(said):
            saying.now = piece.at
            if piece.kind == "text":
                saying.add(sse(dumps({"piece": piece.text})))
            else:
                saying.leave_out(piece.kind, "Acme has words alone")
        if last_finish(said)[1]:
            saying.add(sse(dumps({"over": True})))
        return saying.speech()

    def envelope(self, status, message, code):
        return {"sorry": message, "code": code}

    def request(self, model, prompt, stream=True):
        return "/say", json_headers(stream), json_bytes({"model": model, "say_to_me": prompt, "stream": stream})


DIALECT = Acme(name="acme", endpoints=(Endpoint("chat", "POST", "/say"),), sdk_path="/v1", default_model="acme-1")
"""
ROW = "acme:\n  title: Acme\n  base_url: https://llm.acme.example/v1\n  dialects: [acme]\n"
ASKED = b'{"model":"acme-1","say_to_me":"Hello!","stream":%s}'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with Acme's in it, as an installer leaves it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "acme_tokentape.py").write_text(ACME, encoding="utf-8")
    info = folder / "acme_tokentape-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-tokentape\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[tokentape.dialects]\nacme = acme_tokentape:DIALECT\n", encoding="utf-8")
    (folder / "rows.yaml").write_text(ROW, encoding="utf-8")
    return folder


def test_a_tape_is_converted_to_it(site: Path, tmp_path: Path) -> None:
    made = tmp_path / "tapes" / "hello.yaml"
    rows = ("--providers", str(site / "rows.yaml"))
    done = tokentape(
        "convert", "--to", "acme", *rows, "openai/hello", "-o", str(made), environ={"PYTHONPATH": str(site)}
    )
    assert done.returncode == 0, done.stderr
    assert "request but for the last text of the user" in done.stderr
    (one,) = load_file(made).interactions
    assert one.request.uri == "https://llm.acme.example/v1/say"
    assert (one.response.stream.provider, one.response.stream.dialect) == ("acme", "acme")
    assert json.loads(one.request.body)["say_to_me"] == "Hello!"
    shown = tokentape("show", str(made), "--text", environ={"PYTHONPATH": str(site)})
    assert shown.stdout.startswith("Hello! 안녕하세요!")
    with tool(tmp_path, "serve", str(made), *rows, "--speed", "max", environ={"PYTHONPATH": str(site)}) as server:
        _plays(server)


def _plays(server: Tool) -> None:
    streamed = ask(server.url, post("/acme/v1/say", ASKED % b"true", "Connection: close"))
    events = b"".join(dechunked(streamed.wire_body)[0]).split(b"\n\n")[:-1]
    assert json.loads(events[-1].removeprefix(b"data: ")) == {"over": True}
    whole = ask(server.url, post("/acme/v1/say", ASKED % b"false", "Connection: close"))
    assert json.loads(whole.wire_body)["whole"].startswith("Hello! 안녕하세요!")
    bare = ask(server.url, post("/say", ASKED % b"false", "Connection: close"))
    assert bare.wire_body == whole.wire_body
    missed = ask(server.url, post("/acme/v1/say", b'{"say_to_me":"Bye!"}', "Connection: close"))
    assert json.loads(missed.wire_body)["code"] == "tokentape_no_match"
    wrong = ask(server.url, post("/acme/say", ASKED % b"true", "Connection: close"))
    assert "/acme/v1" in json.loads(wrong.wire_body)["sorry"]


def test_an_answer_is_made_up_in_it(site: Path, tmp_path: Path) -> None:
    rows = ("--providers", str(site / "rows.yaml"))
    with tool(tmp_path, "serve", *rows, "--speed", "max", environ={"PYTHONPATH": str(site)}) as server:
        made = ask(server.url, post("/acme/v1/say", ASKED % b"true", "Connection: close"))
    assert b'{"over":true}' in made.wire_body
    listed = tokentape("providers", *rows, "--coverage", environ={"PYTHONPATH": str(site)})
    assert "| Acme | acme | ✓ | ✓ | ✓ | - | ✓ | - |" in listed.stdout
