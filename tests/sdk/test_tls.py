"""SDKs over TLS: they trust a wrapped run's throwaway CA, and refuse a server that it does not vouch for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sdk.environments import python, surroundings

pytest.importorskip("trustme")

OPENAI = """
from openai import OpenAI
client = OpenAI(max_retries=0)
parts = client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}], stream=True)
print(client.base_url.scheme, "".join(part.choices[0].delta.content or "" for part in parts if part.choices))
"""
ANTHROPIC = """
from anthropic import Anthropic
client = Anthropic(max_retries=0)
asked = {"model": "claude", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
with client.messages.stream(**asked) as stream:
    print(client.base_url.scheme, "".join(stream.text_stream))
"""
GOOGLE = """
from google import genai
client = genai.Client()
parts = client.models.generate_content_stream(model="gemini-2.0-flash", contents="Hi")
print("https", "".join(part.text or "" for part in parts))
"""


@pytest.mark.parametrize("which", ["new", "old"])
@pytest.mark.parametrize(
    "program",
    [
        pytest.param(OPENAI, id="openai"),
        pytest.param(ANTHROPIC, id="anthropic", marks=pytest.mark.slow),
        pytest.param(GOOGLE, id="google", marks=pytest.mark.slow),
    ],
)
def test_an_sdk_trusts_the_server_that_wraps_it(program: str, which: str) -> None:
    command = [sys.executable, "-m", "tokentape", "serve", "--tls", "--speed", "max", "--"]
    done = subprocess.run(
        [*command, str(python(which)), "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=surroundings(PYTHONPATH=str(Path(__file__).resolve().parents[2])),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    scheme, _, text = done.stdout.partition(" ")
    assert scheme == "https"
    assert text.strip()


def test_an_sdk_refuses_a_server_that_its_ca_does_not_vouch_for() -> None:
    command = [sys.executable, "-m", "tokentape", "serve", "--tls", "--", "env", "-u", "SSL_CERT_FILE"]
    done = subprocess.run(
        [*command, str(python("new")), "-c", OPENAI],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=surroundings(PYTHONPATH=str(Path(__file__).resolve().parents[2])),
    )
    assert done.returncode != 0
    assert "APIConnectionError" in done.stderr
    assert "tokentape: a client does not trust the certificate" in done.stderr
