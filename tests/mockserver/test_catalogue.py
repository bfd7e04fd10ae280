"""What a server says of its tapes by itself: lists of models, counts of tokens."""

from __future__ import annotations

import pytest

from cassettes.matching import Asked, Index, entry_of
from cassettes.model import Headers, Interaction, Request, Response, Stream
from cassettes.routes import parse
from cassettes.store import shipped_root
from cassettes.yamlio import load_file
from mockserver.catalogue import Catalogue, Said

NAMES = ("openai/hello", "openai/responses-hello", "anthropic/hello", "google/hello", "xai/hello")
INDEX = Index(
    entry_of(name, number, one)
    for name in NAMES
    for number, one in enumerate(load_file(shipped_root() / f"{name}.yaml").interactions, start=1)
)
ANTHROPIC = (("anthropic-version", "2023-06-01"),)


def said(method: str, target: str, body: bytes = b"", headers: Headers = ()) -> Said | None:
    route = parse(method, target, headers)
    return Catalogue(INDEX).answer(Asked(Request(method, target, headers, body), route, body))


def ids(answer: Said | None, *keys: str) -> list[str]:
    assert answer is not None
    assert isinstance(answer.body, dict)
    return [model[keys[1]] for model in answer.body[keys[0]]]


def test_models_of_openai_and_then_its_tapes() -> None:
    names = ids(said("GET", "/openai/v1/models"), "data", "id")
    assert names[-2:] == ["openai/hello", "openai/responses-hello"]
    assert "grok-4" not in names
    assert len(names) == len(set(names))


def test_without_a_mount_every_tape_of_the_dialect_is_a_model() -> None:
    assert {"openai/hello", "xai/hello"} <= set(ids(said("GET", "/v1/models"), "data", "id"))


def test_anthropic_and_gemini_have_shapes_of_their_own() -> None:
    claude = said("GET", "/v1/models", headers=ANTHROPIC)
    assert ids(claude, "data", "id")[-1] == "anthropic/hello"
    assert ids(claude, "data", "type") == ["model"] * len(ids(claude, "data", "id"))
    assert "models/google/hello" in ids(said("GET", "/google/v1beta/models"), "models", "name")


@pytest.mark.parametrize("name", ["openai%2Fhello", "gpt-nowhere"])
def test_one_model(name: str) -> None:
    found = said("GET", f"/openai/v1/models/{name}")
    if name == "gpt-nowhere":
        assert found is None
    else:
        assert found is not None
        assert isinstance(found.body, dict)
        assert found.body["id"] == "openai/hello"


def test_tokens_are_counted() -> None:
    one = said("POST", "/anthropic/v1/messages/count_tokens", b'{"messages":[{"role":"user","content":"Hello."}]}')
    more = said(
        "POST", "/anthropic/v1/messages/count_tokens", b'{"messages":[{"role":"user","content":"%b"}]}' % (b"a" * 999)
    )
    assert one is not None
    assert more is not None
    assert isinstance(one.body, dict)
    assert isinstance(more.body, dict)
    assert 0 < one.body["input_tokens"] < more.body["input_tokens"]


def test_what_a_tape_has_to_answer_is_left_to_it() -> None:
    assert said("POST", "/openai/v1/chat/completions", b"{}") is None
    assert said("POST", "/openai/v1/responses", b"not json") is None


def test_ollama_lists_tags_and_shows_the_model_that_the_body_names() -> None:
    asked = Request("POST", "http://127.0.0.1:11434/api/chat", (), b'{"model": "llama3.2"}')
    one = Interaction(asked, Response(200, "OK", (), b'{"message": {}, "done": true}\n', Stream(provider="ollama")))
    index = Index([entry_of("mine", 1, one)])

    def ask(method: str, target: str, body: bytes = b"") -> Said | None:
        return Catalogue(index).answer(Asked(Request(method, target, (), body), parse(method, target), body))

    assert ids(ask("GET", "/ollama/api/tags"), "models", "name") == ["llama3.2", "mine"]
    shown = ask("POST", "/api/show", b'{"model": "llama3.2"}')
    assert shown is not None
    assert "FROM llama3.2" in str(shown.body)
    assert ask("POST", "/api/show", b'{"model": "other"}') is None
    assert ask("POST", "/api/show") is None
