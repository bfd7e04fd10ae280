"""Interactions that go or change, and every other byte that stays."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cassettes.model import Cassette, CassetteError, Interaction, Request
from cassettes.spans import asked_with, layout, without
from cassettes.store import shipped_root
from cassettes.yamlio import dump, load, load_file

NAMES = ("anthropic/hello", "google/hello", "openai/hello", "openai/responses-hello", "xai/hello")
HELLOS = [load_file(shipped_root() / f"{name}.yaml").interactions[0] for name in NAMES]
DATA = dump(Cassette(tuple(HELLOS)))
OTHER = Request("POST", "https://api.example/v1/x", (("A", "1"), ("Empty", "")), b'{\n  "a": "\xec\x95\x88"\n}\n')
VCRPY = b"""interactions:
- request:
    body: null
    headers: {}
    method: GET
    uri: http://example.com/1
  response:
    body: {string: one}
    headers: {}
    status: {code: 200, message: OK}
-   response:
        body: {string: two}
        headers: {}
        status: {code: 200, message: OK}
    request: {body: null, headers: {}, method: GET, uri: 'http://example.com/2'}
version: 1
# the end
"""


def held(data: bytes) -> list[str]:
    return [one.request.uri for one in load(data, "x").interactions]


@settings(max_examples=20)
@given(st.sets(st.integers(1, len(HELLOS))))
def test_what_stays_is_as_if_the_rest_had_never_been(dropped: set[int]) -> None:
    kept = tuple(one for n, one in enumerate(HELLOS, 1) if n not in dropped)
    found = without(DATA, "x", dropped)
    if kept:
        assert found == dump(Cassette(kept))
    else:
        assert found is None  # nothing would be left: the file is to go


@settings(max_examples=10)
@given(st.integers(1, len(HELLOS)))
def test_another_request_and_the_same_answers(number: int) -> None:
    changed: list[Interaction] = list(HELLOS)
    changed[number - 1] = replace(HELLOS[number - 1], request=OTHER)
    assert asked_with(DATA, "x", {number: OTHER}) == dump(Cassette(tuple(changed)))


def test_vcrpys_layout_and_what_follows_the_interactions() -> None:
    first, second = without(VCRPY, "x", {2}), without(VCRPY, "x", {1})
    assert first is not None
    assert second is not None
    assert (held(first), held(second)) == (["http://example.com/1"], ["http://example.com/2"])
    assert first.endswith(b"message: OK}\nversion: 1\n# the end\n")
    assert first + second[len(b"interactions:\n") :] != VCRPY
    assert VCRPY.startswith(first[: first.index(b"version")])
    changed = asked_with(VCRPY, "x", {1: OTHER, 2: OTHER})
    assert changed is not None
    assert held(changed) == [OTHER.uri] * 2
    assert [one.response.body for one in load(changed, "x").interactions] == [b"one", b"two"]


def test_line_ends_a_bom_and_gzip_stay() -> None:
    odd = b"\xef\xbb\xbf" + VCRPY.replace(b"\n", b"\r\n")
    found = without(odd, "x", {1})
    assert found is not None
    assert found.startswith(b"\xef\xbb\xbfinteractions:\r\n-   response:\r\n")
    packed = without(gzip.compress(VCRPY, mtime=0), "x.yaml.gz", {1})
    assert packed is not None
    assert gzip.decompress(packed) == without(VCRPY, "x", {1})


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 1, "interactions": [{"request": {"method": "GET", "uri": "http://a", "headers": {}, "body": null},'
        ' "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": ""}}}]}',
        "interactions:\n- &a\n  request: {method: GET, uri: http://a, headers: {}, body: null}\n"
        "  response: {status: {code: 200, message: OK}, headers: {}, body: {string: ''}}\n- *a\nversion: 1\n",
    ],
    ids=["flow", "aliases"],
)
def test_of_other_layouts_nothing_is_known(text: str) -> None:
    assert layout(text.encode(), "x") is None
    assert without(text.encode(), "x", {1}) is None
    assert asked_with(text.encode(), "x", {1: OTHER}) is None


def test_what_is_no_cassette_is_said() -> None:
    with pytest.raises(CassetteError):
        layout(b"interactions: 3\n", "x")
