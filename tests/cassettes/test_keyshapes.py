"""The table of shapes: what real keys look like, and ordinary words that begin as they do."""

from __future__ import annotations

import json
import random
import re
import string
from base64 import urlsafe_b64encode

import pytest

from cassettes.keyshapes import SHAPES, Shape

RANDOM = random.Random(7)
ALNUM = string.ascii_letters + string.digits
TOKEN = ALNUM + "-_"


def made(start: str, size: int, letters: str = ALNUM) -> str:
    return start + "".join(RANDOM.choices(letters, k=size))


def jwt(header: str) -> str:
    return ".".join(
        urlsafe_b64encode(part).decode().rstrip("=") for part in (header.encode(), b'{"sub":"1234567890"}', b"s" * 32)
    )


KEYS = [
    made("sk-", 48),
    made("sk-", 32, "0123456789abcdef"),
    made("sk-", 48, string.ascii_lowercase),
    made("sk-proj-", 156, TOKEN),
    made("sk-svcacct-", 156, TOKEN),
    made("sk-ant-api03-", 95, TOKEN),
    made("sk-ant-oat01-", 95, TOKEN),
    made("sk-or-v1-", 64, "0123456789abcdef"),
    made("sk-lf-", 8, "0123456789abcdef") + made("-", 27, "0123456789abcdef"),
    made("sk_live_", 24),
    made("AIza", 35, TOKEN),
    made("ya29.", 100, TOKEN),
    made("xai-", 80),
    made("gsk_", 52),
    made("runyour-v1-", 32),
    made("hf_", 34, string.ascii_letters),
    made("ghp_", 36),
    made("github_pat_", 22) + made("_", 59),
    made("AKIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    made("r8_", 37),
    made("pplx-", 48),
    made("nvapi-", 64, TOKEN),
    made("tgp_v1_", 43, TOKEN),
    made("csk-", 48),
    jwt('{"alg":"HS256","typ":"JWT"}'),
    jwt('{"typ": "JWT", "alg": "RS256"}'),
    jwt('{"b64":false,"alg":"RS256"}'),
    "-----BEGIN PRIVATE KEY-----\n" + made("", 64) + "\n" + made("", 60) + "==",
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n" + made("", 64),
    "-----BEGIN OPENSSH PRIVATE KEY-----\r\n" + made("", 70),
]


def match(text: str) -> re.Match[bytes] | None:
    data = text.encode()
    return next(
        (found for shape in SHAPES if data.startswith(shape.literal) and (found := shape.whole.match(data))), None
    )


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:14].strip())
def test_a_real_key_is_matched_to_its_end(key: str) -> None:
    found = match(key + '" and more')
    assert found is not None
    assert found[0].decode() == key


@pytest.mark.parametrize(
    "words",
    [
        "sk-learn",
        "sk-test",
        "sk-estimator-doc-link",
        "sk-toggleable__label-arrow",
        "sk-container-id-1",
        "sk-internationalization",
        "sk-proj-your-openai-api-key-goes-here",
        "sk-ant-api03-your-anthropic-key-here",
        "sk-...",
        "sk_buff_head_init_class",
        "hf_internal_testing_tiny_random_model_name",
        "xai-sdk-python-and-more-words-to-come-after-it-all",
        "ghp_short",
        "AKIA",
        "AIzaShort",
        "eyJhIjoxfQ",
        "eyJhIjoxfQ.words",
        "fw_update",
        "r8_t",
        "npm_config_registry_and_a_long_variable_name",
        "dapi",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY----- is how the file begins, and then come the lines",
        "-----BEGIN CERTIFICATE-----\n" + "A" * 64,
    ],
)
def test_ordinary_words_are_not(words: str) -> None:
    assert match(words) is None


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.literal.decode())
def test_a_match_is_decided_within_its_bound(shape: Shape) -> None:
    """The law of streams needs it: more bytes of the run never turn a match into none, or none into a match."""
    keys = [key.encode() for key in KEYS if key.encode().startswith(shape.literal)]
    for key in [*keys, *(shape.literal + unit * 400 for unit in (b"a-", b"A1", b"a"))]:
        run = (key + b"a1" * 400)[: shape.bound + 300]
        reached = shape.reach.match(run)
        assert reached is not None
        decided = {shape.whole.match(run[:size]) is not None for size in range(shape.bound, reached.end() + 1)}
        assert len(decided) <= 1


def test_no_literal_begins_another_one() -> None:
    literals = {shape.literal for shape in SHAPES}
    assert not [(a, b) for a in literals for b in literals if a != b and a.startswith(b)]


def test_members_of_jose_headers_begin_as_the_table_says() -> None:
    for member in ("alg", "typ", "kid", "enc", "cty", "x5t", "x5u", "jku", "zip", "jwk"):
        encoded = urlsafe_b64encode(json.dumps({member: "value"}, separators=(",", ":")).encode()).decode()
        assert match(f"{encoded}{'A' * 20}") is not None, member
