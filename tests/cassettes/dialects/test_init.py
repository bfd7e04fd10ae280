"""The registry of dialects, and what they make of real streams."""

import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from cassettes import dialects
from cassettes.dialects import raw
from cassettes.events import event_ends
from cassettes.model import EventKind, TokentapeError

TAPES = Path(__file__).resolve().parents[3] / "../shared/tapes"
BUILT_IN = ("openai-chat", "openai-responses", "anthropic", "gemini", "ollama", "cohere", "raw")
ENTRIES = {
    "legacy": "cassettes.dialects.raw:DIALECT",
    "broken": "cassettes.dialects.nowhere:DIALECT",
    "class": "cassettes.dialects.raw:Raw",
    "gemini": "cassettes.dialects.raw:DIALECT",
}


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    caches = (dialects._installed, dialects._loaded, dialects._usable)
    entries = [metadata.EntryPoint(name, value, dialects.GROUP) for name, value in ENTRIES.items()]
    monkeypatch.setattr(metadata, "entry_points", lambda group: entries if group == dialects.GROUP else [])
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_every_built_in_dialect_is_found_by_its_name() -> None:
    assert dialects.names()[: len(BUILT_IN)] == BUILT_IN
    assert [dialects.get(name).name for name in dialects.names()] == list(dialects.names())


def test_an_unknown_name_is_played_as_raw() -> None:
    assert dialects.get("klingon") is raw.DIALECT


@pytest.mark.usefixtures("_installed")
def test_installed_dialects_are_loaded_on_demand() -> None:
    assert dialects.names()[len(BUILT_IN) :] == ("broken", "class", "legacy")
    assert dialects.get("legacy") is raw.DIALECT
    assert dialects.get("gemini") is not raw.DIALECT


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(("name", "why"), [("broken", "does not load: ModuleNotFoundError"), ("class", "is a ABCMeta")])
def test_a_bad_entry_point_is_named(name: str, why: str) -> None:
    with pytest.raises(TokentapeError, match=why) as caught:
        dialects.get(name)
    assert ENTRIES[name] in str(caught.value)


@pytest.mark.usefixtures("_installed")
def test_a_bad_entry_point_breaks_no_request() -> None:
    assert [dialect.name for dialect in dialects.claimants("POST", "/x/v1/messages")] == ["anthropic"]
    assert dialects.claimants("POST", "/x") == ()


def _texts(name: str, body: bytes) -> list[str]:
    kind: EventKind = "sse"
    ends = event_ends(body, kind)
    return [dialects.get(name).text(body[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("openai-chat", "openai-chat/prism-php__*.txt"),
        ("openai-chat", "deepseek-chat/prism-php__*.txt"),
        ("openai-responses", "openai-responses/prism-php__*.txt"),
        ("anthropic", "anthropic-messages/prism-php__*.txt"),
        ("gemini", "gemini-streamGenerateContent/prism-php__*.txt"),
        ("gemini", "vertex-streamGenerateContent/FirebaseExtended__*.txt"),
    ],
)
def test_real_streams_have_text(name: str, pattern: str) -> None:
    bodies = [file.read_bytes() for file in sorted(TAPES.glob(pattern))]
    if not bodies:
        pytest.skip("the public recordings (../shared/tapes) are not here")
    assert any("".join(_texts(name, body)) for body in bodies)
    if name == "openai-responses":
        for body in bodies:
            assert "".join(_texts(name, body)) == _done_text(body)


def _done_text(body: bytes) -> str:
    """The whole texts that a Responses stream repeats at the end of each item."""
    lines = [line[6:] for line in body.splitlines() if line.startswith(b'data: {"type":"response.output_text.done"')]
    return "".join(json.loads(line)["text"] for line in lines)
