"""Taking escapes off, level by level, and finding the way back."""

from __future__ import annotations

import json
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.escapes import Layer, Peeled, unescaped

TOKENS = [
    b"a",
    b"7",
    b"u",
    b"0",
    b"\\",
    b"\\n",
    b"\\/",
    b"\\u",
    b"\\u00",
    b"\\u0061",
    b"\\\\u0062",
    b"%",
    b"%2",
    b"%25",
    b"%41",
    b"\\ud55c",
]
escaped = st.lists(st.sampled_from(TOKENS), max_size=12).map(b"".join)


@pytest.mark.parametrize(
    ("raw", "levels"),
    [
        (b"plain", []),
        (b"a\\nb", [b"a\nb"]),
        (b"%41\\u0042\\/", [b"AB/"]),
        (b"\\\\u0041", [b"\\u0041", b"A"]),
        (b"%2541", [b"%41", b"A"]),
        (b"100% \\x", []),
        (b"\\ud55c", ["한".encode()]),
    ],
)
def test_each_level_of_escapes_comes_off(raw: bytes, levels: list[bytes]) -> None:
    assert unescaped(raw) == levels


@given(st.text())
def test_a_json_string_and_a_url_are_read_as_their_own_readers_do(text: str) -> None:
    encoded = json.dumps(text).encode()[1:-1]
    if "%" not in text and all(ord(c) < 0xD800 for c in text):
        assert Layer(encoded, final=True).text == text.encode()
    quoted = "".join(f"%{byte:02x}" for byte in text.encode()).encode()
    assert Layer(quoted, final=True).text == unquote_to_bytes(quoted)


@given(escaped)
def test_positions_go_up_and_come_down_without_splitting_an_escape(raw: bytes) -> None:
    peeled = Peeled(raw, final=True)
    top = len(peeled.texts) - 1
    for at in range(len(peeled.texts[top])):
        start, end = peeled.raw_span(top, at, at + 1)
        assert 0 <= start < end <= len(raw)
        assert peeled.unsplit(start) == start
        assert peeled.position(top, start) <= at
    for cut in range(len(raw) + 1):
        assert peeled.unsplit(peeled.unsplit(cut)) == peeled.unsplit(cut) <= cut


@given(escaped, escaped)
def test_what_was_whole_stays_so_when_more_data_comes(first: bytes, more: bytes) -> None:
    begun, all_of_it = Peeled(first, final=False), Peeled(first + more, final=True)
    cut = begun.unsplit(begun.whole)
    assert all_of_it.unsplit(cut) == cut
    for level in range(min(len(begun.texts), len(all_of_it.texts))):
        size = begun.position(level, cut)
        assert all_of_it.texts[level][:size] == begun.texts[level][:size]


@pytest.mark.parametrize("raw", [b"abc\\", b"abc\\u", b"abc\\u00", b"abc\\u004", b"abc%", b"abc%4", b"abc\\\\u004"])
def test_an_escape_split_by_the_end_waits(raw: bytes) -> None:
    assert Peeled(raw, final=False).whole == 3
