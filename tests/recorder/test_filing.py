"""Which file a recording goes to, and what the file holds afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cassettes.model import Chunk, Interaction, Request, Response, Stream, TokentapeError
from cassettes.redact import Redactor
from cassettes.store import append
from cassettes.yamlio import load_file
from recorder.filing import Filing, RecordMode, key_of, last_scan, name_of

URL = "https://api.openai.com/v1/chat/completions"


def interaction(
    prompt: str, answer: str = "a", uri: str = URL, provider: str = "openai", dialect: str = "openai-chat"
) -> Interaction:
    body = json.dumps({"model": "gpt", "stream": True, "messages": [{"role": "user", "content": prompt}]}).encode()
    stream = Stream(provider=provider, dialect=dialect, chunks=(Chunk(1.0, len(answer)),), framing="chunked")
    return Interaction(Request("POST", uri, (), body), Response(200, "OK", (), answer.encode(), stream))


def answers(path: Path) -> list[str]:
    return [one.response.body.decode() for one in load_file(path).interactions]


def save(filing: Filing, *interactions: Interaction) -> Path:
    (path,) = {filing.path_of(one) for one in interactions}
    filing.save(path, interactions)
    return path


# Keys and names


def test_a_key_does_not_depend_on_where_it_was_recorded() -> None:
    assert key_of(interaction("a")) == key_of(interaction("a", uri="http://gateway/openai/v9/chat/completions"))
    assert key_of(interaction("a")) != key_of(interaction("b"))
    assert key_of(interaction("a")) != key_of(interaction("a", uri="https://api.openai.com/v1/responses"))
    raw = [interaction("a", uri=f"http://h/api/{name}", provider="bot", dialect="raw") for name in "xy"]
    assert key_of(raw[0]) != key_of(raw[1])


def test_streaming_or_not_is_one_key() -> None:
    streamed = interaction("a")
    body = streamed.request.body.replace(b'"stream": true, ', b"")
    assert key_of(Interaction(Request("POST", URL, (), body), streamed.response)) == key_of(streamed)


def test_a_name_is_made_of_provider_model_prompt_and_key() -> None:
    one = interaction("Hello there, General Kenobi! You are a bold one")
    assert name_of(one) == f"openai/gpt-hello-there-general-kenobi-{key_of(one)[:8]}.yaml"


def test_a_body_that_is_no_json_has_a_name_too() -> None:
    one = interaction("x")
    other = Interaction(Request("POST", URL, (), b"\xff" * 9), one.response)
    assert name_of(other) == f"openai/{key_of(other)[:8]}.yaml"


# Files


def test_an_existing_file_is_found_by_what_is_on_it(tmp_path: Path) -> None:
    kept = tmp_path / "kept.yaml"
    filing = Filing(
        tmp_path, "new_episodes", None, [(kept, interaction("a")), (tmp_path / "later.yaml", interaction("a"))]
    )
    assert filing.path_of(interaction("a", "other")) == kept
    assert filing.path_of(interaction("b")).parent == tmp_path / "openai"


@pytest.mark.parametrize("mode", ["once", "new_episodes", "all", "rewrite"])
def test_what_two_providers_were_asked_alike_stays_apart(mode: RecordMode, tmp_path: Path) -> None:
    theirs = interaction("a", "xai's", uri="https://api.x.ai/v1/chat/completions", provider="xai")
    here = tmp_path / "xai" / "mine.yaml"
    append(here, [theirs])
    filing = Filing(tmp_path, mode, None, [(here, theirs)])
    path = save(filing, interaction("a", "openai's"))
    assert path.relative_to(tmp_path).parts[0] == "openai"
    assert (answers(path), answers(here)) == (["openai's"], ["xai's"])


def test_a_new_answer_of_one_provider_replaces_no_others(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    theirs = interaction("a", "xai's", uri="https://api.x.ai/v1/chat/completions", provider="xai")
    append(file, [theirs, interaction("a", "old")])
    save(Filing(tmp_path, "all", file), interaction("a", "new"))
    assert answers(file) == ["xai's", "new"]


def test_one_file_takes_everything(tmp_path: Path) -> None:
    one_file = tmp_path / "x" / "all.yaml.gz"
    filing = Filing(one_file.parent, "all", one_file)
    assert save(filing, interaction("a", "1")) == save(filing, interaction("b", "2")) == one_file
    assert answers(one_file) == ["1", "2"]


@pytest.mark.parametrize(
    ("mode", "first", "then"),
    [
        ("once", ["a1", "a2", "b1", "new"], ["a1", "a2", "b1", "new", "again", "b2"]),
        ("new_episodes", ["a1", "a2", "b1", "new"], ["a1", "a2", "b1", "new", "again", "b2"]),
        ("all", ["b1", "new"], ["new", "again", "b2"]),
        ("rewrite", ["new"], ["new", "again", "b2"]),
    ],
)
def test_modes(mode: RecordMode, first: list[str], then: list[str], tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    append(path, [interaction("a", "a1"), interaction("a", "a2"), interaction("b", "b1")])
    filing = Filing(tmp_path, mode, path)
    save(filing, interaction("a", "new"))
    assert answers(path) == first
    save(filing, interaction("a", "again"), interaction("b", "b2"))
    assert answers(path) == then


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "all.yaml"
    append(path, [interaction("a", "a1")])
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    for mode in ("once", "all", "rewrite"):
        with pytest.raises(TokentapeError, match="No space left on device"):
            save(Filing(tmp_path, mode, path), interaction("a", "new"))
        assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".tmp"] == []


# The last scan


def test_the_last_scan_masks_what_is_left_and_says_so() -> None:
    secret = "hunter-horse-battery-staple-9"
    redactor = Redactor([secret.encode()])
    clean = redactor.interaction(interaction("a", "nothing"))
    assert last_scan(clean, redactor) == (clean, False)
    for dirty in (interaction("a", f"x{secret}y"), interaction(secret), interaction("a", uri=f"{URL}?x={secret}")):
        masked, found = last_scan(dirty, redactor)
        assert found
        assert masked.response.stream.source == "edited"
        assert secret not in str(masked)
        assert last_scan(masked, redactor) == (masked, False)
