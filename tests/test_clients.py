"""Clients as users have them, with only the base URL changed: curl and the openai SDK get the shipped tapes whole."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from openai import OpenAI
from wires import Tool, tool

from cassettes.model import Response
from cassettes.store import shipped_root
from cassettes.yamlio import load_file

# The four commands that the project began with (../shared/seeds 000): the tape that answers, the provider's base URL,
# our mount for it, and the command.
CURL = {
    "google/hello": (
        "https://generativelanguage.googleapis.com",
        "/google",
        """curl "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse" \
  -H "x-goog-api-key: $GEMINI_API_KEY" \
  -H 'Content-Type: application/json' \
  --no-buffer \
  -d '{
    "contents": [
      {
        "parts": [
          {
            "text": "Explain how AI works"
          }
        ]
      }
    ]
  }'""",
    ),
    "anthropic/hello": (
        "https://api.anthropic.com",
        "/anthropic",
        """curl https://api.anthropic.com/v1/messages \
     --header "anthropic-version: 2023-06-01" \
     --header "content-type: application/json" \
     --header "x-api-key: $ANTHROPIC_API_KEY" \
     --data \
'{
  "model": "claude-sonnet-4-5",
  "messages": [{"role": "user", "content": "Hello"}],
  "max_tokens": 256,
  "stream": true
}'""",
    ),
    "openai/hello": (
        "https://api.openai.com",
        "/openai",
        """curl https://api.openai.com/v1/chat/completions \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer $OPENAI_API_KEY" \
  -d '{
    "model": "gpt-5.1",
    "messages": [
      {
        "role": "developer",
        "content": "You are a helpful assistant."
      },
      {
        "role": "user",
        "content": "Hello!"
      }
    ],
    "stream": true,
    "max_tokens": 1500
  }'""",
    ),
    "xai/hello": (
        "https://api.x.ai",
        "/xai",
        """curl https://api.x.ai/v1/chat/completions \
-H "Content-Type: application/json" \
-H "Authorization: Bearer $XAI_API_KEY" \
-m 3600 \
-d '{
    "messages": [
        {
            "role": "system",
            "content": "You are Grok, a chatbot inspired by the Hitchhikers Guide to the Galaxy."
        },
        {
            "role": "user",
            "content": "What is the meaning of life, the universe, and everything?"
        }
    ],
    "model": "grok-4",
    "stream": true
}'""",
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tool]:
    """The shipped tapes, as `tokentape serve` plays them, but four times as fast."""
    with tool(tmp_path_factory.mktemp("server"), "serve", "--speed", "4") as running:
        yield running


def tape(name: str) -> Response:
    (interaction,) = load_file(shipped_root() / f"{name}.yaml").interactions
    return interaction.response


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
@pytest.mark.parametrize("mounted", [True, False], ids=["mount", "bare"])
@pytest.mark.parametrize("name", CURL)
def test_curl_gets_the_whole_tape(name: str, mounted: bool, server: Tool, tmp_path: Path) -> None:
    base, mount, text = CURL[name]
    command = shlex.split(text.replace(base, server.url + (mount if mounted else "")))
    run = subprocess.run(
        [*command, "-sS", "-D", str(tmp_path / "head"), "--noproxy", "*"], capture_output=True, timeout=30, check=False
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout == tape(name).body
    head = (tmp_path / "head").read_text(encoding="latin-1")
    assert head.startswith("HTTP/1.1 200 OK")
    assert f"x-tokentape: {name}#1" in head


def data_of(name: str) -> list[dict[str, object]]:
    """The JSON of every SSE event on a tape."""
    lines = tape(name).body.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def chat_text(name: str) -> str:
    choices = [choice for event in data_of(name) for choice in event["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def responses_text(name: str) -> str:
    return "".join(event["delta"] for event in data_of(name) if event["type"] == "response.output_text.delta")


def sdk(base_url: str) -> OpenAI:
    return OpenAI(
        base_url=base_url, api_key="sk-test", max_retries=0, timeout=30, http_client=httpx2.Client(trust_env=False)
    )


@pytest.mark.parametrize(
    ("name", "base"), [("openai/hello", "/openai/v1"), ("openai/hello", "/~one/v1"), ("xai/hello", "/xai/v1")]
)
def test_the_openai_sdk_reads_a_chat_stream(name: str, base: str, server: Tool) -> None:
    with sdk(server.url + base) as client:
        messages = [{"role": "user", "content": "Anything at all"}]
        with client.chat.completions.create(model=name, messages=messages, stream=True) as stream:
            chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == chat_text(name)
    assert len(chunks) == len(data_of(name))
    assert chunks[0].id == data_of(name)[0]["id"]


@pytest.mark.parametrize("base", ["/openai/v1", "/v1"])
def test_the_openai_sdk_reads_a_responses_stream(base: str, server: Tool) -> None:
    name = "openai/responses-hello"
    with (
        sdk(server.url + base) as client,
        client.responses.create(model=name, input="Hi", stream=True) as stream,
    ):
        events = list(stream)
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == responses_text(name)
    assert [event.type for event in events] == [event["type"] for event in data_of(name)]
    assert events[-1].response.output_text == text
