"""The SDKs' own retries against a scenario: what fails on the first attempt is whole on the second."""

import json
import subprocess

import pytest
from sdk.environments import python, surroundings
from wires import tool

RETRIES = """
import json, sys
from openai import OpenAI
url, retries = json.loads(sys.argv[1])
client = OpenAI(base_url=url, api_key="sk-none", max_retries=retries, timeout=20)
texts, errors = [], []
for number in range(2):
    try:
        stream = client.chat.completions.create(
            model="gpt-4o", stream=True, messages=[{"role": "user", "content": "hi"}])
        texts.append("".join(c.choices[0].delta.content or "" for c in stream if c.choices))
    except Exception as error:
        errors.append(type(error).__name__)
print(json.dumps([texts, errors]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("which", ["new", "old"])
@pytest.mark.parametrize(
    ("attempts", "answers", "broken"),
    [
        ('["status:429,retry-after-ms=1"], []', 2, 0),  # each call: a 429, then the answer
        ("[reset@request], []", 2, 0),
        ('["case:rst-once-then-ok"]', 2, 0),  # its second attempt is whole, and the next call meets its first again
        (
            "[reset@3e], []",
            1,
            1,
        ),  # what has begun is not asked for again (providers.md 2.3): the next call is the retry
    ],
)
def test_the_openai_sdk_retries(tmp_path, which, attempts, answers, broken):
    path = tmp_path / "s.yaml"
    path.write_text(f"rules: [{{attempts: [{attempts}]}}]")
    with tool(tmp_path / "run", "serve", "--scenario", str(path), "--speed", "max") as server:
        done = subprocess.run(
            [str(python(which)), "-c", RETRIES, json.dumps([f"{server.url}/openai/v1", 2])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            env=surroundings(),
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    texts, failed = json.loads(done.stdout)
    assert (len(texts), len(set(texts)), [bool(text) for text in texts]) == (answers, 1, [True] * answers), failed
    assert len(failed) == broken
