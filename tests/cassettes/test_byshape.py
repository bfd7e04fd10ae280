"""Key-shaped strings are masked in streams; opaque strings and ordinary words are not."""

from __future__ import annotations

import json
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.byshape import ShapeMasker
from cassettes.masking import Span

RANDOM = random.Random(11)
ALNUM = string.ascii_letters + string.digits
KEY = "sk-proj-" + "".join(RANDOM.choices(ALNUM + "-_", k=60)) + "Zz09"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "".join(RANDOM.choices(ALNUM, k=40)) + ".c2ln"
LINES = ["".join(RANDOM.choices(ALNUM + "+/", k=64)) for _ in range(3)]
PEM = "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(LINES) + "\n-----END RSA PRIVATE KEY-----\n"


def masked(text: str) -> str:
    return ShapeMasker().feed(text.encode(), final=True).decode()


@pytest.mark.parametrize(
    "border", ["", " ", '"', "'", "=", ":", "/", "\n", "\\n", "\\\\n", "\\t", "%3D", "\\u0022", "\\u3000", "é", "."]
)
def test_a_key_after_any_border_is_masked(border: str) -> None:
    text = border + KEY + '"'
    assert masked(text) == border + "*" * len(KEY) + '"'


@pytest.mark.parametrize("before", ["ta", "x", "9", "_", "-", "\\u0061", "%61", "\\\\u0041"])
def test_in_a_longer_word_nothing_is_a_key(before: str) -> None:
    assert masked(before + KEY) == before + KEY


def test_a_key_in_escapes_is_masked_whole_and_json_stays_json() -> None:
    escaped = "".join(f"\\u{ord(letter):04X}" if at % 3 else letter for at, letter in enumerate(KEY))
    body = f'{{"a":"\\n{escaped}\\n","b":"\\\\n{KEY}"}}'
    result = masked(body)
    assert len(result) == len(body)
    assert json.loads(result) == {"a": f"\n{'*' * len(escaped)}\n", "b": f"\\n{'*' * len(KEY)}"}


def test_a_private_key_keeps_its_lines() -> None:
    header, *lines = masked(PEM).splitlines()
    assert set(header) == {"*"}
    assert lines == ["*" * 64] * 3 + ["-----END RSA PRIVATE KEY-----"]
    in_json = json.loads(masked(json.dumps({"key": PEM, "x": "-----BEGIN PRIVATE KEY-----\n"})))
    assert LINES[1] not in in_json["key"]
    assert in_json["x"] == "-----BEGIN PRIVATE KEY-----\n"


@pytest.mark.parametrize("name", ["signature", "thoughtSignature", "thought_signature", "encrypted_content"])
@pytest.mark.parametrize("secret", [KEY, JWT])
def test_opaque_strings_are_left_alone_and_their_neighbours_are_not(name: str, secret: str) -> None:
    body = json.dumps({name: f"{secret}/+{secret}", "text": secret, f"my_{name}": secret})
    assert json.loads(masked(body)) == {
        name: f"{secret}/+{secret}",
        "text": "*" * len(secret),
        f"my_{name}": "*" * len(secret),
    }
    nested = json.dumps({"arguments": body})
    assert json.loads(json.loads(masked(nested))["arguments"]) == json.loads(masked(body))


def test_ordinary_prose_is_left_alone() -> None:
    text = """With scikit-learn (sk-learn, sklearn 1.5), use <div class="sk-estimator-doc-link sk-toggleable__label-arrow">,
    a task-0123456789abcdef0123456789abcdef, OPENAI_API_KEY=sk-..., sk-test, sk-proj-your-key-goes-here-please-thank-you."""
    assert masked(text) == text


def test_nothing_is_held_after_a_line_and_only_a_possible_key_is_held_before() -> None:
    masker = ShapeMasker()
    for event in (
        b'data: {"signature":"","x":"50% \\n"}\n\n',
        b"data: sk-learn, risk-\n\n",
        b": ping\n",
        b"words and wor",
        b"ds\n",
    ):
        assert masker.feed(event) == event
    assert masker.feed(b"data: sk") == b"data: "
    assert masker.feed(b"-") == b""
    assert masker.feed(b"learn") == b""
    assert masker.feed(b" ") == b"sk-learn "


def test_a_run_without_end_is_masked_as_it_streams() -> None:
    masker = ShapeMasker()
    released = masker.feed(b"key: gsk_")
    for _ in range(100):
        released += masker.feed(b"A1b2C3d4E5" * 10)
        assert len(masker._held) <= 128
    released += masker.feed(b"! gsk_")
    assert released + masker.feed(b"", final=True) == b"key: " + b"*" * (4 + 100 * 100) + b"! gsk_"


def test_findings_name_their_kind() -> None:
    findings: list[Span] = []
    ShapeMasker(findings).feed(f"a {KEY} b {JWT}".encode(), final=True)
    assert {(span.start, span.end, span.kind) for span in findings} == {
        (2, 2 + len(KEY), "sk- key"),
        (5 + len(KEY), 5 + len(KEY) + len(JWT), "JWT"),
    }


TOKENS = [
    KEY,
    KEY[:20],
    JWT,
    JWT[:30],
    "eyJ" + "b" * 300,
    PEM,
    json.dumps(PEM),
    "AKIA" + "B2" * 8,
    "gsk_" + "a1" * 200,
    "sk-",
    "s",
    "-----BEGIN",
]
TOKENS += [
    '"signature":"',
    '"thoughtSignature" : "',
    '\\"signature\\":\\"',
    '"',
    '\\"',
    '"signat',
    'ure":"',
    ".",
    "-",
    "/",
    " ",
    "\n",
    "x",
    "%",
    "%2",
]
TOKENS += [
    "\\",
    "\\n",
    "\\\\n",
    "\\u",
    "\\u00",
    "\\u0073k-proj",
    "\\u005c",
    "u0041",
    "\\ud55c",
    "%73k-",
    '"}\n\n',
    "x" * 40,
]


@given(st.lists(st.sampled_from(TOKENS), max_size=10), st.data())
def test_the_output_does_not_depend_on_the_splitting(tokens: list[str], draw: st.DataObject) -> None:
    data = "".join(tokens).encode()
    whole = ShapeMasker().feed(data, final=True)
    assert len(whole) == len(data)
    masker = ShapeMasker()
    out = []
    at = 0
    while at < len(data):
        size = draw.draw(st.integers(1, 80))
        out.append(masker.feed(data[at : at + size]))
        at += size
    assert b"".join((*out, masker.feed(b"", final=True))) == whole
