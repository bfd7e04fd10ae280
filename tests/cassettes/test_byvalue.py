"""Every form of a secret is found, in whole data and in streams."""

from __future__ import annotations

import random
import string
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.byvalue import Forms, ValueMasker, forms_of

RANDOM = random.Random(20)
KEY = "".join(RANDOM.choices(string.ascii_letters + string.digits, k=40)).encode()
LONG = "".join(RANDOM.choices(string.ascii_letters + string.digits, k=3000)).encode()
ODD = 'p\\w"d/ %41?>~é'.encode()
FORMS = Forms([KEY, LONG, ODD, b"abcabcabcabc"])


def masked(data: bytes) -> bytes:
    return ValueMasker(FORMS).feed(data, final=True)


def by_character(value: bytes, *spellings: str) -> bytes:
    return b"".join(spellings[at % len(spellings)].format(byte, chr(byte)).encode() for at, byte in enumerate(value))


@pytest.mark.parametrize(
    "spelling",
    [
        KEY,
        by_character(KEY, "%{0:02x}"),
        by_character(KEY, "%{0:02X}", "{1}", "%{0:02x}"),
        by_character(KEY, "%25{0:02X}", "{1}"),
        by_character(KEY, "\\u{0:04x}"),
        by_character(KEY, "\\u{0:04X}", "{1}"),
        by_character(KEY, "\\\\u{0:04x}", "{1}", "\\u{0:04x}"),
        ODD,
        b'p\\\\w\\"d\\/ %41?>~\\u00e9',
        b"p%5Cw%22d%2f+%2541%3F%3e%7E%c3%A9",
        by_character(ODD, "%{0:02x}"),
        LONG,
        LONG[100:900],
    ],
)
def test_every_spelling_is_masked_to_its_last_byte(spelling: bytes) -> None:
    result = masked(b"before " + spelling + b" after")
    assert len(result) == len(spelling) + 13
    if spelling in LONG and spelling != LONG:
        assert result.count(b"*") > 256  # a piece of a long secret is a secret
    else:
        assert result == b"before " + b"*" * len(spelling) + b" after"


@pytest.mark.parametrize("secret", [KEY, ODD, LONG])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("after", range(3))
def test_base64_is_masked_at_every_alignment(secret: bytes, encode: object, before: int, after: int) -> None:
    assert callable(encode)
    encoded = encode(bytes(before) + secret + b"\xff" * after)
    result = masked(encoded)
    left = result.replace(b"*", b"")
    # Characters that share bits with a neighbour may stay: they hold less than a byte at either end.
    assert len(left) <= 4 * (before + after + 5) // 3 + 4
    assert len(result) == len(encoded)


def test_base64_with_escaped_slashes_and_pluses() -> None:
    secret = b"\xff\xfe\xfd>>>???~~~" + KEY
    encoded = b64encode(secret)
    assert b"/" in encoded or b"+" in encoded
    for spelling in (encoded.replace(b"/", b"\\/"), encoded.replace(b"/", b"%2F").replace(b"+", b"%2b")):
        result = ValueMasker(Forms([secret])).feed(b'"' + spelling + b'"', final=True)
        assert len(result.replace(b"*", b"")) <= 6


def test_overlapping_occurrences_are_one() -> None:
    assert masked(b"xabcabcabcabcabcab!") == b"x" + b"*" * 15 + b"ab!"
    assert masked(b"abcabcabcabcabcabc.") == b"*" * 18 + b"."


def test_a_beginning_at_the_end_of_the_data_is_masked_from_eight_bytes_on() -> None:
    assert masked(b"cut " + KEY[:7]) == b"cut " + KEY[:7]
    assert masked(b"cut " + KEY[:8]) == b"cut ********"
    assert masked(b"cut " + KEY[:39]) == b"cut " + b"*" * 39
    assert masked(b"cut " + by_character(KEY[:20], "%{0:02x}") + b"%6") == b"cut " + b"*" * 62


def test_an_escape_is_masked_whole_or_not_at_all() -> None:
    forms = Forms([b"nabcdefghijkl"])
    assert ValueMasker(forms).feed(b'"\\nabcdefghijkl\\n"', final=True) == b'"**************\\n"'


def test_forms_of_long_secrets_are_pieces() -> None:
    assert max(map(len, forms_of(LONG))) < 400


SPELLINGS = [
    KEY,
    KEY[:20],
    KEY[20:],
    ODD,
    by_character(KEY, "\\u{0:04x}", "{1}"),
    by_character(KEY, "%25{0:02x}", "{1}"),
]
SPELLINGS += [
    b64encode(b"a" + KEY),
    LONG[:300],
    b"abcabc",
    b"abc",
    b"\\",
    b"%",
    b"%2",
    b"\\u00",
    b"\\\\",
    b" ",
    b"\n",
    b"\\n",
    b"x",
]


@given(st.lists(st.sampled_from(SPELLINGS), max_size=8), st.data())
def test_the_output_does_not_depend_on_the_splitting(tokens: list[bytes], draw: st.DataObject) -> None:
    data = b"".join(tokens)
    whole = masked(data)
    assert len(whole) == len(data)
    assert masked(whole) == whole
    masker = ValueMasker(FORMS)
    out = []
    at = 0
    while at < len(data):
        size = draw.draw(st.integers(1, 60))
        out.append(masker.feed(data[at : at + size]))
        at += size
        assert len(masker._held) <= 6 * 400
    assert b"".join((*out, masker.feed(b"", final=True))) == whole


def test_only_what_could_begin_a_secret_is_held() -> None:
    masker = ValueMasker(Forms([KEY]))
    for event in (
        b'data: {"x":"words"}\n\n',
        b"data: 50% \\n \\ud55c \\u00e9\n\n",
        b": ping\n",
        b"\\\n",
        KEY[:1] + b"\n",
    ):
        assert masker.feed(event) == event
    assert masker.feed(b"x " + KEY[:30]) == b"x "
    assert masker.feed(b"!") == KEY[:30] + b"!"
