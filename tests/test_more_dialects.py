"""The dialects beside the four main ones through record and replay: the same bytes, and a tape that says whose they are."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace
from wires import ask, dechunked, post, tools

from cassettes import dialects, folding
from cassettes.model import Cassette
from cassettes.store import shipped_root
from cassettes.transpose import transposed, wanted
from cassettes.yamlio import dump, load_file

(HELLO,) = load_file(shipped_root() / "openai" / "hello.yaml").interactions
PLACES = {
    # dialect: the mount it is recorded and played at, its path there, the upstream's mount
    "ollama": ("ollama", "/api/chat", "/ollama"),
    "cohere": ("cohere", "/v2/chat", "/cohere"),
    "ai-sdk-ui": ("app", "/api/chat", "/app"),
    "ag-ui": ("mine", "/any/agent", "/app"),  # a name that is no provider's, a path that no grammar knows
}
CLOSING = "Connection: close"


def test_recorded_and_replayed(tmp_path: Path) -> None:
    made = {}
    (tmp_path / "served").mkdir()
    for name, (_, path, _) in PLACES.items():
        one = transposed(HELLO, wanted(name)).interaction
        assert one is not None
        request = replace(
            one.request, uri=one.request.uri.removesuffix("/agent") + path if name == "ag-ui" else one.request.uri
        )
        made[name] = replace(one, request=request)
        (tmp_path / "served" / f"{name}.yaml").write_bytes(dump(Cassette((made[name],))))
    bodies = {name: one.request.body for name, one in made.items()}
    with tools(tmp_path / "a", ("serve", str(tmp_path / "served"), "--speed", "max")) as (upstream,):
        to = [f"{mount}={upstream.url}{theirs}" for mount, _, theirs in PLACES.values()]
        options = [word for one in to for word in ("--upstream", one)]
        with tools(tmp_path / "b", ("record", "-o", str(tmp_path / "tapes"), *options)) as (recorder,):
            live = {
                name: ask(recorder.url, post(f"/{mount}{path}", bodies[name], CLOSING))
                for name, (mount, path, _) in PLACES.items()
            }
    tapes = {
        one.response.stream.dialect: one
        for file in (tmp_path / "tapes").rglob("*.yaml")
        for one in load_file(file).interactions
    }
    assert set(tapes) == set(PLACES)
    with tools(tmp_path / "c", ("serve", str(tmp_path / "tapes"), "--speed", "max")) as (server,):
        for name, (mount, path, _) in PLACES.items():
            again = ask(server.url, post(f"/{mount}{path}", bodies[name], CLOSING))
            body = made[name].response.body
            assert b"".join(dechunked(live[name].wire_body)[0]) == tapes[name].response.body == body, name
            assert b"".join(dechunked(again.wire_body)[0]) == body, name
            stream = tapes[name].response.stream
            assert (stream.provider, stream.source) == (mount, "recorded")
            text = "".join(dialects.get(name).delta(value).text for value in folding.payloads(tapes[name].response))
            assert text.startswith("Hello! 안녕하세요!")
        for name in ("ollama", "cohere"):
            mount, path, _ = PLACES[name]
            asked = json.dumps({**json.loads(bodies[name]), "stream": False}).encode()
            whole = json.loads(ask(server.url, post(f"/{mount}{path}", asked, CLOSING)).wire_body)
            assert "Hello! 안녕하세요!" in json.dumps(whole, ensure_ascii=False)
