"""What users paste from the documentation of providers and gateways: code that prints the text as it comes.

Written here for what ../shared/seeds shows (000 is in `tests/test_clients.py`); the test that has the seeds takes theirs.
Each runs as it stands, with the provider's address replaced by the mount on our server.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple


class Snippet(NamedTuple):
    """Code in `python`, `node` or `bash`, for the API of `provider` at `base` (what is replaced by its mount, `mount`).

    `prints`: `text`, `lines` (each piece on a line of its own), `body` (what curl prints) or `types` (a line for each
    event, its type first). `dialect` is that of the tape that answers.
    """

    name: str
    provider: str
    language: str
    base: str
    mount: str
    code: str
    prints: str = "text"
    dialect: str = "openai-chat"


OPENAI_PY = 'from openai import OpenAI\n\nclient = OpenAI(base_url="{}", api_key="{}")\n'
OPENAI_JS = "import OpenAI from 'openai';\n\nconst client = new OpenAI({{ baseURL: '{}', apiKey: '{}' }});\n"
RUNYOURAI, TOKENHUB = "https://api.runyour.ai/v1", "https://ai-tokenhub.com/v1"
INFRON, GATEWAY = "https://llm.onerouter.pro/v1", "https://gateway.invalid"

CURL = """curl {}/chat/completions \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer {}" \\
  -d '{{"model": "{}", "messages": [{{"role": "user", "content": "Who are you?"}}], "stream": true}}'
"""

CHAT_PY = """
stream = client.chat.completions.create(
    model="{}", messages=[{{"role": "user", "content": "Who are you?"}}], stream=True
)
for chunk in stream:
    token = chunk.choices[0].delta.content
    if token is not None:
        print(token, end="", flush=True)
"""

CHAT_JS = """
const stream = await client.chat.completions.create({{
  model: '{}',
  messages: [{{ role: 'user', content: 'Who are you?' }}],
  stream: true,
}});
for await (const chunk of stream) {{
  const token = chunk.choices?.[0]?.delta?.content;
  if (token) process.stdout.write(token);
}}
"""

RESPONSES_PY = """
for event in client.responses.create(model="openai/gpt-5", input="Count to three.", stream=True):
    print(event.type, event)
"""

RESPONSES_JS = """
const stream = await client.responses.create({ model: 'openai/gpt-5', input: 'Count to three.', stream: true });
for await (const event of stream) console.log(event.type, event);
"""

READER_JS = """
const response = await fetch('https://ai-tokenhub.com/v1/chat/completions', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: 'Bearer YOUR_API_KEY' },
  body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'A poem, please' }], stream: true }),
});
const reader = response.body.getReader();
const decoder = new TextDecoder();
for (;;) {
  const { done, value } = await reader.read();
  if (done) break;
  for (const line of decoder.decode(value).split('\\n')) {
    if (!line.startsWith('data: ') || line === 'data: [DONE]') continue;
    const { choices } = JSON.parse(line.slice(6));
    if (choices[0]?.delta?.content) console.log(choices[0].delta.content);
  }
}
"""

USAGE_PY = """
usage = None
stream = client.chat.completions.create(
    model="gemini-3.5-flash",
    messages=[{"role": "user", "content": "Who are you?"}],
    stream=True,
    stream_options={"include_usage": True},
)
for chunk in stream:
    if chunk.usage:
        assert chunk.choices == []
        usage = chunk.usage
        continue
    print(chunk.choices[0].delta.content or "", end="", flush=True)
assert usage is not None and usage.completion_tokens > 0
"""

USAGE_JS = """
const stream = await client.chat.completions.create({
  model: 'gpt-5',
  messages: [{ role: 'user', content: 'Who are you?' }],
  stream: true,
  stream_options: { include_usage: true },
});
let usage;
for await (const chunk of stream) {
  usage ??= chunk.usage;
  process.stdout.write(chunk.choices[0]?.delta?.content ?? '');
}
if (!(usage.completion_tokens > 0)) throw new Error('no usage');
"""

MESSAGES_PY = """import anthropic

client = anthropic.Anthropic(base_url="https://gateway.invalid", api_key="sk-test")
with client.messages.stream(
    model="claude-sonnet-4-5", max_tokens=256, messages=[{"role": "user", "content": "Who are you?"}]
) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
"""

BUFFER_PY = """import json
import requests

headers = {"Authorization": "Bearer YOUR-API-KEY", "Content-Type": "application/json"}
asked = {"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "How tall?"}], "stream": True}
rest = ""
with requests.post("https://llm.onerouter.pro/v1/chat/completions", headers=headers, json=asked, stream=True) as r:
    for piece in r.iter_content(chunk_size=1024, decode_unicode=True):
        rest += piece
        while "\\n" in rest:
            line, rest = rest.split("\\n", 1)
            if line.startswith("data: ") and line != "data: [DONE]":
                print(json.loads(line[6:])["choices"][0]["delta"].get("content") or "", end="", flush=True)
"""

JQ_BASH = """curl -sN -X POST "https://llm.onerouter.pro/v1/chat/completions" \\
  -H "Authorization: Bearer YOUR-API-KEY" -H "Content-Type: application/json" \\
  -d '{"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": "How tall?"}], "stream": true}' |
while IFS= read -r line; do
  [[ "$line" == data:* ]] || continue
  data="${line#data: }"
  [[ "$data" == "[DONE]" ]] && break
  printf "%s" "$(jq -r '.choices[0].delta.content // empty' <<< "$data" 2>/dev/null)"
done
"""

PARSER_JS = """import { createParser } from 'eventsource-parser';

const parser = createParser({
  onEvent({ data }) {
    if (data !== '[DONE]') process.stdout.write(JSON.parse(data).choices[0]?.delta?.content ?? '');
  },
});
const response = await fetch('https://llm.onerouter.pro/v1/chat/completions', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Authorization: 'Bearer YOUR-API-KEY' },
  body: JSON.stringify({ model: 'google/gemini-2.5-flash', messages: [{ role: 'user', content: 'Hi' }], stream: true }),
});
const decoder = new TextDecoder();
for await (const piece of response.body) parser.feed(decoder.decode(piece, { stream: true }));
"""

RUN_KEY = "runyour-v1-YOUR_API_KEY"
RUN = ("runyourai", RUNYOURAI, "/runyourai/v1")
HUB = ("tokenhub", TOKENHUB, "/tokenhub/v1")
OWN = ("infron", INFRON, "/infron/v1")


def _of(service: tuple[str, str, str], name: str, language: str, code: str, prints: str = "text") -> Snippet:
    provider, base, mount = service
    dialect = "openai-responses" if prints == "types" else "openai-chat"
    return Snippet(f"{provider} {name}", provider, language, base, mount, code, prints, dialect)


SNIPPETS = (
    _of(RUN, "curl", "bash", CURL.format(RUNYOURAI, RUN_KEY, "openai/gpt-5.2"), "body"),
    _of(RUN, "python", "python", OPENAI_PY.format(RUNYOURAI, RUN_KEY) + CHAT_PY.format("openai/gpt-5.2")),
    _of(RUN, "node", "node", OPENAI_JS.format(RUNYOURAI, RUN_KEY) + CHAT_JS.format("openai/gpt-5.2")),
    _of(RUN, "responses python", "python", OPENAI_PY.format(RUNYOURAI, RUN_KEY) + RESPONSES_PY, "types"),
    _of(RUN, "responses node", "node", OPENAI_JS.format(RUNYOURAI, RUN_KEY) + RESPONSES_JS, "types"),
    _of(HUB, "curl", "bash", CURL.format(TOKENHUB, "YOUR_API_KEY", "gpt-4o"), "body"),
    _of(HUB, "python", "python", OPENAI_PY.format(TOKENHUB, "YOUR_API_KEY") + CHAT_PY.format("gpt-4o")),
    _of(HUB, "reader", "node", READER_JS, "lines"),
    _of(OWN, "requests", "python", BUFFER_PY),
    _of(OWN, "jq", "bash", JQ_BASH),
    _of(OWN, "eventsource-parser", "node", PARSER_JS),
    Snippet(
        "gateway python",
        "gateway",
        "python",
        GATEWAY,
        "/gateway",
        OPENAI_PY.format(f"{GATEWAY}/v1", "sk-test") + USAGE_PY,
    ),
    Snippet(
        "gateway node", "gateway", "node", GATEWAY, "/gateway", OPENAI_JS.format(f"{GATEWAY}/v1", "sk-test") + USAGE_JS
    ),
    Snippet("gateway messages", "gateway", "python", GATEWAY, "/gateway", MESSAGES_PY, "text", "anthropic"),
)


# The seeds' own

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HOSTS = {
    "https://generativelanguage.googleapis.com": ("google", "/google", "gemini"),
    "https://api.anthropic.com": ("anthropic", "/anthropic", "anthropic"),
    "https://api.openai.com": ("openai", "/openai", "openai-chat"),
    "https://api.x.ai": ("xai", "/xai", "openai-chat"),
    RUNYOURAI: ("runyourai", "/runyourai/v1", "openai-chat"),
    TOKENHUB: ("tokenhub", "/tokenhub/v1", "openai-chat"),
    INFRON: ("infron", "/infron/v1", "openai-chat"),
}
_LANGUAGES = {"sh": "bash", "bash": "bash", "python": "python", "javascript": "node"}


def of_seeds(folder: Path) -> list[Snippet]:
    """The code of the seeds as it stands. What assumes a client gets one in front."""
    found: list[Snippet] = []
    for seed in sorted(folder.glob("00[014]_*.txt")):
        blocks = _FENCE.findall(seed.read_text(encoding="utf-8"))
        for number, (language, code) in enumerate(blocks, 1):
            found.append(_of_seed(f"seed {seed.name[:3]} block {number}", _LANGUAGES[language], code))
    (hub,) = folder.glob("002_*.txt")
    text = hub.read_text(encoding="utf-8")
    # This page lost its fences, and the Python in it its indentation.
    parts = [text.split(mark, 1)[1] for mark in ("\nbash\n", "\npython\n", "\njavascript\n")]
    ends = ("Streaming Response Format", "Using JavaScript", "Streaming Response Structure")
    curl, python, node = (part.split(end, 1)[0] for part, end in zip(parts, ends, strict=True))
    head, loop = python.split("for chunk in stream:\n")
    test, said = loop.split("\n")[:2]
    python = f"{head}for chunk in stream:\n    {test}\n        {said}\n"
    found += [_of_seed("seed 002 curl", "bash", curl), _of_seed("seed 002 python", "python", python)]
    return [*found, _of_seed("seed 002 node", "node", node)]


def _of_seed(name: str, language: str, code: str) -> Snippet:
    if "http" not in code:
        code = {"python": OPENAI_PY, "node": OPENAI_JS}[language].format(RUNYOURAI, RUN_KEY) + code
    base = next(base for base in _HOSTS if base in code)
    provider, mount, dialect = _HOSTS[base]
    prints = "body" if language == "bash" and "jq" not in code else "text"
    if "responses.create" in code:
        prints, dialect = "types", "openai-responses"
    return Snippet(name, provider, language, base, mount, code, "lines" if "getReader" in code else prints, dialect)
