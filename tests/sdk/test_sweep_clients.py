"""`tokentape sweep` with the SDKs as clients: their loops notice a broken connection, and no clean end at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sdk import environments
from wires import tokentape

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sdk-sweep")]

PYTHON = """
from openai import OpenAI
asked = [{"role": "user", "content": "Hello"}]
for chunk in OpenAI().chat.completions.create(model="gpt-5.1", messages=asked, stream=True):
    print(chunk.choices[0].delta.content if chunk.choices else "")
"""
NODE = """
import Anthropic from '@anthropic-ai/sdk';
const messages = [{ role: 'user', content: 'Hello' }];
const asked = { model: 'claude-sonnet-4-5', max_tokens: 9, messages, stream: true };
for await (const event of await new Anthropic().messages.create(asked)) console.log(event.type);
"""


def command(which: str, folder: Path) -> tuple[str, ...]:
    """The client: a loop over a raw stream, with the SDK's own settings."""
    if which == "node":
        (folder / "client.mjs").write_text(NODE)
        return environments.node()[0], str(folder / "client.mjs")
    (folder / "client.py").write_text(PYTHON)
    return str(environments.python("new")), str(folder / "client.py")


@pytest.mark.parametrize(("which", "tape"), [("new", "openai/hello"), ("node", "anthropic/hello")])
def test_a_raw_loop_notices_breaks_and_no_clean_end(
    which: str, tape: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    client = command(which, request.getfixturevalue("node_bench") if which == "node" else tmp_path)
    for kind, status, judgement in (("cut", 0, "rejected"), ("end-early", 1, "accepted")):
        asked = ("--kind", kind, "--every", "byte", "--sample", "3", "--seed", "3", "--json")
        done = tokentape("sweep", tape, *asked, "--", *client, environ=environments.QUIET)
        assert done.returncode == status, done.stderr
        told = json.loads(done.stdout)
        found = told[judgement] if judgement == "rejected" else sum(one["runs"] for one in told[judgement])
        assert (told["runs"], found) == (3, 3), told
