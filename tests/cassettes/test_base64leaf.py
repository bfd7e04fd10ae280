"""Leaves of base64 in request bodies become digests; nothing else moves."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.base64leaf import LONGEST_KEPT, redact_body

CONTENT = bytes(byte * 7 % 251 for byte in range(4000))
ENCODED = b64encode(CONTENT).decode()
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()};bytes=4000"


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (ENCODED, DIGEST),
        (urlsafe_b64encode(CONTENT).decode(), DIGEST),
        (ENCODED.rstrip("="), DIGEST),
        (f"data:image/png;base64,{ENCODED}", f"data:image/png;base64,{DIGEST}"),
        ("\r\n".join(ENCODED[at : at + 76] for at in range(0, len(ENCODED), 76)), DIGEST),
        (ENCODED[:LONGEST_KEPT], ENCODED[:LONGEST_KEPT]),
        (ENCODED + " and words", ENCODED + " and words"),
        (ENCODED[:4500] + "=" + ENCODED[4500:], ENCODED[:4500] + "=" + ENCODED[4500:]),
        (f'he said "{ENCODED}', f'he said "{ENCODED}'),
        (f'he said "{ENCODED}" to me', f'he said "{ENCODED}" to me'),
    ],
    ids=["standard", "url-safe", "unpadded", "data-url", "lines", "4096", "words", "padding-inside", "quote", "quotes"],
)
def test_a_leaf_is_replaced_when_it_is_long_and_base64_alone(leaf: str, expected: str) -> None:
    body = {"a": 1.50, "image": leaf, "한": [leaf, None, "x"]}
    redacted = json.loads(redact_body(json.dumps(body).encode()))
    assert redacted == {"a": 1.5, "image": expected, "한": [expected, None, "x"]}


def test_the_rest_of_the_body_stays_byte_for_byte() -> None:
    before, after = b'{ "b":1.00,\t"a":1,"a":"\\u0041\\/",\n "image" :  ', b' , "z":[ ] }\n'
    assert redact_body(before + b'"' + ENCODED.encode() + b'"' + after) == before + f'"{DIGEST}"'.encode() + after


def test_escaped_slashes_and_pluses_give_the_same_digest() -> None:
    escaped = ENCODED.replace("/", "\\/").replace("+", "\\u002B")
    assert escaped != ENCODED
    assert redact_body(f'["{escaped}"]'.encode()) == redact_body(f'["{ENCODED}"]'.encode()) == f'["{DIGEST}"]'.encode()


@pytest.mark.parametrize(
    "body",
    [
        f'{{"{ENCODED}": 1}}',
        f'--part\r\n\r\n"{ENCODED}"\r\n',
        f'{{"image": "{ENCODED}"',
        "[" * 100_000 + f'"{ENCODED}"',
        ENCODED,
    ],
    ids=["name", "multipart", "cut-off", "deep", "bare"],
)
def test_names_and_what_is_no_json_stay(body: str) -> None:
    assert redact_body(body.encode()) == body.encode()


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=20) | st.just(ENCODED) | st.just(f"data:;base64,{ENCODED}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(values, st.booleans())
def test_it_may_be_applied_again_and_changes_only_leaves(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    once = redact_body(body)
    assert redact_body(once) == once
    assert ENCODED.encode() not in once
    assert once == body.replace(ENCODED.encode(), DIGEST.encode())
