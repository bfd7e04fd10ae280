"""Rules of the user's that a configuration file holds, and prompts of a megabyte: chosen over sockets."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from wires import Seen, Tool, ask, post, tool

from cassettes.matching import entry_of
from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream
from cassettes.redact import redact_body
from cassettes.yamlio import dump

PATH = "/openai/v1/chat/completions"
JSON = (("Content-Type", "application/json"), ("Content-Length", "2"))


def asked(prompt: str, **fields: object) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}], **fields}).encode()


def taped(folder: Path, *bodies: bytes) -> Path:
    """A tape for each request, named by its number."""
    folder.mkdir()
    for number, body in enumerate(bodies):
        request = Request("POST", f"https://api.openai.com{PATH.removeprefix('/openai')}", (), redact_body(body))
        stream = Stream(provider="openai", dialect="openai-chat", framing="length", chunks=(Chunk(0.0, 2),))
        one = Interaction(request, Response(200, "OK", JSON, b"{}", stream))
        assert entry_of("", 1, one).operation == "chat"
        (folder / f"{number}.yaml").write_bytes(dump(Cassette((one,))))
    return folder


def sent(server: Tool, body: bytes) -> Seen:
    return ask(server.url, post(PATH, body, "Connection: close"))


@pytest.mark.parametrize("configured", [False, True])
def test_rules_of_a_configuration_file_count(configured: bool, tmp_path: Path) -> None:
    taped(tmp_path / "tapes", asked("Run 17 of build-a4 is over.", temperature=0.1))
    file = tmp_path / "tokentape.toml"
    file.write_text("ignore = ['$.temperature']\nnormalize = ['build-[a-z0-9]+=build']\n" if configured else "")
    environ = {"TOKENTAPE_CONFIG": str(file)}
    with tool(tmp_path, "serve", str(tmp_path / "tapes"), environ=environ) as server:
        seen = sent(server, asked("Run 17 of build-zz9 is over.", temperature=0.7))
        assert seen.head.startswith(b"HTTP/1.1 200 " if configured else b"HTTP/1.1 404 ")
        # The rules loosen what they name and nothing else.
        assert sent(server, asked("Run 18 of build-a4 is over.")).head.startswith(b"HTTP/1.1 404 ")


def test_large_prompts_and_pictures_are_told_apart(tmp_path: Path) -> None:
    prompts = [asked("".join(f"line {n} of {end}\n" for n in range(60_000)) + end) for end in ("one", "two")]
    pictures = [
        asked("What is it?", picture=f"data:image/png;base64,{base64.b64encode(bytes([n]) * 400_000).decode()}")
        for n in (1, 2)
    ]
    assert min(map(len, prompts)) > 1_000_000
    taped(tmp_path / "tapes", *prompts, *pictures)
    with tool(tmp_path, "serve", str(tmp_path / "tapes")) as server:
        for number, body in enumerate([*prompts, *pictures]):
            assert sent(server, body).header("x-tokentape") == f"{number}#1"
            spaced = json.dumps(json.loads(body), indent=1).encode()
            assert sent(server, spaced).header("x-tokentape") == f"{number}#1"
        other = prompts[0].replace(b"line 30000 of one", b"line 30000 of six")
        assert sent(server, other).head.startswith(b"HTTP/1.1 404 ")
