"""The face: naming a format, converting, and what bad input is told."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.convert import convert, formats, sniff
from cassettes.model import Cassette, CassetteError

SSE = b"data: one\n\ndata: [DONE]\n\n"
VCRPY = b"""\
interactions:
- request: {method: POST, uri: 'https://api.openai.com/v1/chat/completions', headers: {}, body: '{}'}
  response:
    status: {code: 200, message: OK}
    headers: {content-type: [text/event-stream]}
    body: {string: "data: one\\n\\n"}
version: 1
"""


def test_formats_are_unique_names() -> None:
    assert len(set(formats())) == len(formats())
    assert {"vcrpy", "go-vcr", "ruby-vcr", "req_llm", "mastra", "raw-sse"} <= set(formats())


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (VCRPY, "a.yaml", "vcrpy"),
        (gzip.compress(VCRPY, mtime=0), "a.yaml.gz", "vcrpy"),
        (b"interactions: []\nversion: 1\n", "a.yaml", "vcrpy"),
        (SSE, "a.txt", "raw-sse"),
        (gzip.compress(SSE, mtime=0), "a.gz", "raw-sse"),
        (b'{"a":1}\n{"a":2}', "a.txt", "payload-lines"),
        (b"", "a.yaml", None),
        (b"hello", "README", None),
        (b"{}", "a.json", None),
        (b"[1, 2]", "a.json", None),
        (b"\xff\xfe\x00", "a.bin", None),
        (b"\x1f\x8bnot gzip", "a.gz", None),
    ],
)
def test_sniff(data: bytes, name: str, expected: str | None) -> None:
    assert sniff(data, name) == expected


def test_an_empty_vcrpy_cassette_is_an_empty_cassette() -> None:
    assert convert(b"interactions: []\nversion: 1\n", "a.yaml") == Cassette()


def test_a_gzipped_file_is_read_through_its_gzip() -> None:
    assert convert(gzip.compress(VCRPY), "a.yaml.gz") == convert(VCRPY, "a.yaml.gz")


def test_a_tape_of_our_own_is_not_imported() -> None:
    ours = VCRPY.replace(b"    body:", b"    stream: {v: 1}\n    body:")
    assert sniff(ours, "a.yaml") is None
    with pytest.raises(CassetteError, match="tokentape cassette already"):
        convert(ours, "a.yaml")


@pytest.mark.parametrize(
    ("data", "name", "place", "words"),
    [
        (b"hello: [\n", "README", "README:2:1", "raw-sse"),
        (b"hello: [\n", "a.yaml", "a.yaml:2:1", "not YAML"),
        (b'{"a": ', "a.json", "a.json:1:7", "broken JSON"),
        (b"a: 1", "a.yaml", "a.yaml", "none of the recordings read here: .*go-vcr"),
        (VCRPY.replace(b"200", b"99"), "a.yaml", "a.yaml:2:3", "status should be a number from 100 to 599"),
        (VCRPY.replace(b"POST", b'"P\\nT"'), "a.yaml", "a.yaml:2:3", "method holds a line break"),
        (VCRPY.replace(b"{content", b"{'a b': x, content"), "a.yaml", "a.yaml:2:3", "not a token"),
        (VCRPY.replace(b"{string", b"{blob"), "a.yaml", "a.yaml:2:3", "body should have a string, found 'blob'"),
        (b"[" * 100_000, "a.json", "a.json", "nested"),
        (b"[" * 900, "a.yaml", "a.yaml:1:33", "nesting"),
    ],
)
def test_bad_input_gets_one_line_with_its_place(data: bytes, name: str, place: str, words: str) -> None:
    with pytest.raises(CassetteError, match=words) as caught:
        convert(data, name)
    assert caught.value.place == place
    assert str(caught.value).startswith(f"{place}: ")
    assert "\n" not in str(caught.value)


def test_the_place_is_that_of_the_second_interaction() -> None:
    two = VCRPY.split(b"version")[0]
    data = two + two.removeprefix(b"interactions:\n").replace(b"code: 200", b"code: often")
    with pytest.raises(CassetteError, match="#2: status") as caught:
        convert(data, "a.yaml")
    assert caught.value.place == "a.yaml:7:3"


def test_aliases_that_stand_for_a_billion_are_refused() -> None:
    bomb = b"a: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 9):
        refs = b", ".join([b"*a%d" % (level - 1)] * 10)
        bomb += b"a%d: &a%d [%s]\n" % (level, level, refs)
    with pytest.raises(CassetteError):
        convert(bomb + VCRPY.replace(b"body: '{}'", b"body: *a8"), "a.yaml")


def outcome(data: bytes, name: str) -> Cassette | str:
    """The cassette, or what its reader is told; any other exception gets through and fails the test."""
    try:
        return convert(data, name)
    except CassetteError as error:
        return str(error)


# fmt: off
_KEYS = st.sampled_from([
    "interactions", "http_interactions", "recordings", "log", "entries", "request", "response", "url", "uri", "method",
    "headers", "body", "string", "status", "code", "chunks", "chunkTimings", "body_chunks", "content", "text",
    "encoding", "b64", "isStreaming", "duration", "recorded_at", "parsed_body",
])
# fmt: on
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("base64")
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=12
)
_EXCHANGES = st.fixed_dictionaries(
    {"request": st.dictionaries(_KEYS, _TREES, max_size=4), "response": st.dictionaries(_KEYS, _TREES, max_size=5)}
)


@given(
    st.one_of(
        _TREES,
        _EXCHANGES,
        st.lists(_EXCHANGES, max_size=2),
        st.builds(
            lambda key, found: {key: found},
            st.sampled_from(["interactions", "http_interactions", "recordings"]),
            st.lists(_EXCHANGES, max_size=2),
        ),
        st.builds(lambda found: {"log": {"entries": found}}, st.lists(_EXCHANGES, max_size=2)),
    )
)
def test_whatever_the_shape_it_is_a_cassette_or_a_cassette_error(value: object) -> None:
    converted = outcome(json.dumps(value).encode(), "a.json")
    for one in converted.interactions if isinstance(converted, Cassette) else ():
        assert one.response.stream.source == "imported"
        assert sum(chunk.size for chunk in one.response.stream.chunks) == len(one.response.body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_cassette_or_a_cassette_error(data: bytes) -> None:
    assert isinstance(outcome(data, "a.yaml"), Cassette | str)
