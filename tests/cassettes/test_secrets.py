"""What is a secret: headers, parameters, variables, and what only looks like one."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from cassettes.secrets import (
    header_rule,
    is_credential,
    is_secret_parameter,
    scheme_length,
    secrets_from_env,
    secrets_from_request,
)

KEY = "q7Hx2mVt9Lb4Zr8Kc1Ws"


DUMMIES = """
    x test sk-test shortkey123 dummy-key your-api-key YOUR_API_KEY sk-your-api-key-here test-api-key-1234 not-needed-here
    sk-ant-api03-your-key-here sk-no-key-required tokentape-dummy-openai sk-tokentape-1f2e3d4c5b runyour-v1-YOUR_API_KEY
    xxxxxxxxxxxxxxxx sk-xxxxxxxxxxxxxxxxxxxx 000000000000 **************** abababababab
"""


@pytest.mark.parametrize("dummy", ["", *DUMMIES.split()])
def test_dummies_are_no_credentials(dummy: str) -> None:
    assert not is_credential(dummy.encode())


@pytest.mark.parametrize(
    "value", [KEY, KEY[:12], "my-secret-token-123456", "sk-test-" + KEY, "correct horse battery", "\xff" * 4 + KEY]
)
def test_real_values_are_credentials(value: str) -> None:
    assert is_credential(value.encode("latin-1"))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Authorization", "authorization"),
        ("proxy-authorization", "authorization"),
        ("cf-aig-authorization", "authorization"),
        ("X-API-Key", "credential"),
        ("api-key", "credential"),
        ("x-goog-api-key", "credential"),
        ("x-auth-token", "credential"),
        ("x-amz-security-token", "credential"),
        ("ocp-apim-subscription-key", "credential"),
        ("Cookie", "cookie"),
        ("set-cookie", "set-cookie"),
        ("OpenAI-Organization", "organisation"),
        ("openai-project", "organisation"),
        ("anthropic-organization-id", "organisation"),
        ("content-type", None),
        ("idempotency-key", None),
        ("www-authenticate", None),
        ("anthropic-ratelimit-tokens-remaining", None),
        ("x-ratelimit-limit-tokens", None),
    ],
)
def test_the_rule_of_a_header(name: str, rule: str | None) -> None:
    assert header_rule(name) == rule


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("Bearer abc", 7),
        ("basic  abc", 7),
        ("AWS4-HMAC-SHA256 Credential=x", 17),
        ("abc def", 0),
        ("abc", 0),
        ("Bearerabc", 0),
    ],
)
def test_only_a_known_scheme_is_told_from_the_credential(value: str, kept: int) -> None:
    assert scheme_length(value) == kept


@pytest.mark.parametrize(
    "name", ["key", "api_key", "API-Key", "access_token", "token", "sig", "X-Amz-Signature", "%6Bey", "client_secret"]
)
def test_secret_parameters(name: str) -> None:
    assert is_secret_parameter(name)


@pytest.mark.parametrize(
    "name", ["", "alt", "pageToken", "continuationToken", "max_tokens", "keyword", "starting_after"]
)
def test_ordinary_parameters(name: str) -> None:
    assert not is_secret_parameter(name)


def test_the_environment_gives_its_key_variables() -> None:
    environ = {
        "OPENAI_API_KEY": f" {KEY}1\n",
        "github_token": KEY + "2",
        "DB_PASSWORD": KEY + "3",
        "GEMINI_API_KEYS": f"{KEY}4, {KEY}5",
        "HTTPS_PROXY": f"http://user:{KEY}%2F@proxy:3128",
        "AWS_SECRET_ACCESS_KEY": f"/{KEY}/6",
        "API_KEY_2": KEY + "7",
    }
    kept = {
        "PATH": KEY,
        "MONKEY": KEY,
        "TOKENIZER": KEY,
        "ANTHROPIC_API_KEY": "dummy-key-here",
        "XAI_API_KEY": "short",
        "GOOGLE_APPLICATION_CREDENTIALS": "/etc/accounts/robot-77.json",
        "OPENAI_BASE_URL": "https://api.openai.com/v1",
    }
    expected = [f"{KEY}{n}" for n in range(1, 6)] + [f"/{KEY}/6", f"{KEY}7", f"{KEY}%2F", f"{KEY}/", f"{KEY}4, {KEY}5"]
    assert set(secrets_from_env(environ | kept)) == {value.encode() for value in expected}


def test_a_request_gives_its_credentials() -> None:
    basic = b64encode(f"user:{KEY}0".encode()).decode()
    headers = (
        ("Authorization", f"Bearer {KEY}1"),
        ("Proxy-Authorization", f"Basic {basic}"),
        ("X-Api-Key", f"{KEY}2"),
        ("Cookie", f'theme=dark; sid={KEY}3; t="{KEY}4"'),
        ("Set-Cookie", f"id={KEY}5==; Path=/a-rather-long-path; HttpOnly"),
        ("X-Request-Id", f"{KEY}6"),
    )
    uri = f"https://user:{KEY}7@host/path?alt=sse&key={KEY}%2F8&page={KEY}9#key={KEY}"
    expected = [f"{KEY}{n}" for n in (0, 1, 2, 3, 4)] + [
        f"{KEY}5==",
        f"{KEY}7",
        f"{KEY}%2F8",
        f"{KEY}/8",
        basic,
        f"user:{KEY}0",
    ]
    assert set(secrets_from_request(headers, uri)) == {value.encode() for value in expected}


def test_a_signed_request_gives_credential_and_signature() -> None:
    value = f"AWS4-HMAC-SHA256 Credential={KEY}/eu/s3, SignedHeaders=host;x-amz-date, Signature={KEY}ff"
    found = secrets_from_request((("authorization", value),), "https://host/")
    assert {f"{KEY}/eu/s3".encode(), f"{KEY}ff".encode()} < set(found)
    assert b"host;x-amz-date" not in found


def test_dummies_in_a_request_are_left_out() -> None:
    assert (
        secrets_from_request((("authorization", "Bearer sk-test"), ("x-api-key", "YOUR_API_KEY")), "https://h/?key=x")
        == ()
    )


def test_import_does_not_touch_the_environment() -> None:
    script = "import os; del os.environ; import cassettes.redact"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, cwd=Path(__file__).parents[2])
