"""The shipped tapes: synthetic, byte-stable, in the wire style of their providers, answering the mission's commands."""

import json
import re
import shlex
from itertools import accumulate
from pathlib import Path

import pytest

from cassettes import dialects, yamlio
from cassettes.events import event_ends
from cassettes.measures import measure
from cassettes.model import header
from cassettes.render import show
from cassettes.sse import parse

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "cassettes" / "library"
SEED = ROOT / "../shared/seeds/000_51209ef183249fa5.txt"

TEXTS = {
    "openai/hello": "Hello! 안녕하세요! 👋 It’s nice to meet you. What would you like to talk about today?",
    "openai/responses-hello": "하나, 둘, 셋! 🎉 That is one, two, three. 더 세어 드릴까요?",
    "anthropic/hello": "Hello! 안녕하세요! 👋 It's nice to meet you. How can I help you today? 무엇이든 편하게 물어보세요.",
    "google/hello": "AI learns patterns from many examples, then uses those patterns to predict what comes next. "
    "쉽게 말해, 많이 보고 배워서 다음에 올 것을 알아맞히는 거예요. 🤖",
    "xai/hello": "Forty-two! 🌌 정답은 42예요. The hard part is finding out what the question was.",
}
DIALECTS = {
    "openai/hello": "openai-chat",
    "openai/responses-hello": "openai-responses",
    "anthropic/hello": "anthropic",
    "google/hello": "gemini",
    "xai/hello": "openai-chat",
}
every_tape = pytest.mark.parametrize("name", TEXTS)


def load(name):
    path = LIBRARY / f"{name}.yaml"
    cassette = yamlio.load(path.read_bytes(), str(path))
    assert cassette.notes == ()
    (interaction,) = cassette.interactions
    return interaction


def payloads(name):
    """The JSON of each message, and the message."""
    blocks, tail = parse(load(name).response.body)
    assert tail == b""
    return [(json.loads(block.message.data), block.message) for block in blocks if block.message.data != "[DONE]"]


def test_these_five_are_made_by_hand_and_the_rest_by_a_command():
    names = {str(path.relative_to(LIBRARY).with_suffix("")) for path in LIBRARY.rglob("*.yaml")}
    assert {name for name in names if "/typical/" not in name} == set(TEXTS)


@every_tape
def test_a_dump_of_the_tape_is_the_file(name):
    path = LIBRARY / f"{name}.yaml"
    assert yamlio.dump(yamlio.load(path.read_bytes(), str(path))) == path.read_bytes()


@every_tape
def test_it_says_that_nobody_recorded_it(name):
    stream = load(name).response.stream
    assert (stream.source, stream.pacing, stream.recorded_at) == ("synthetic", "synthetic", None)
    assert (stream.provider, stream.dialect) == (name.partition("/")[0], DIALECTS[name])
    assert (stream.framing, stream.http, stream.end.type, stream.end.missing) == ("chunked", "1.1", "eof", 0)


@every_tape
def test_text_and_rhythm(name):
    interaction = load(name)
    figures = measure(interaction, dialects.get(DIALECTS[name]).text)
    assert figures.text == TEXTS[name]
    assert figures.tail_bytes == 0
    assert 180 <= figures.first_byte_ms <= 400
    assert 1000 <= figures.timeline.end_at_ms <= 2500
    gaps = [chunk.gap_ms for chunk in interaction.response.stream.chunks[1:]]
    assert len(set(gaps)) > 10
    assert figures.gaps.max <= 120
    assert TEXTS[name].split()[0] in show(interaction, name, texts=dialects.get(DIALECTS[name]).text)


@every_tape
def test_nothing_secret_or_real_in_it(name):
    interaction = load(name)
    for key in ("authorization", "x-api-key", "x-goog-api-key", "openai-organization", "anthropic-organization-id"):
        for headers in (interaction.request.headers, interaction.response.headers):
            assert re.fullmatch(r"(Bearer )?\*+", header(headers, key) or "*")
    assert int(header(interaction.request.headers, "content-length")) == len(interaction.request.body)


def test_one_tape_cuts_characters():
    """A boundary inside a character, once with a pause inside the HTTP chunk (`+`), once between two of them."""
    stream, body = load("openai/hello").response.stream, load("openai/hello").response.body
    edges = list(accumulate(chunk.size for chunk in stream.chunks))
    inside = [number for number, edge in enumerate(edges[:-1]) if body[edge] & 0xC0 == 0x80]
    assert [stream.chunks[number].more for number in inside] == [True, False]
    text = (LIBRARY / "openai/hello.yaml").read_text("utf-8")
    assert re.search(r"^ +[\d.]+ \d+b\+$", text, re.MULTILINE)
    assert re.search(r"^ +[\d.]+ \d+b$", text, re.MULTILINE)
    assert re.search(r"^ +[\d.]+ 2e$", text, re.MULTILINE)


def test_openai_chat_style():
    events = payloads("openai/hello")
    keys = ["id", "object", "created", "model", "service_tier", "system_fingerprint", "choices", "obfuscation"]
    assert [list(value) for value, _ in events] == [keys] * len(events)
    assert events[0][0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert events[-1][0]["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert load("openai/hello").response.body.endswith(b"\n\ndata: [DONE]\n\n")
    assert header(load("openai/hello").response.headers, "content-type") == "text/event-stream; charset=utf-8"


def test_openai_responses_style():
    events = payloads("openai/responses-hello")
    assert [value["sequence_number"] for value, _ in events] == list(range(len(events)))
    assert [value["type"] for value, _ in events] == [message.event for _, message in events]
    types = [value["type"] for value, _ in events if value["type"] != "response.output_text.delta"]
    assert types == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert events[-1][0]["response"]["output"][0]["content"][0]["text"] == TEXTS["openai/responses-hello"]
    assert events[-1][0]["response"]["usage"]["total_tokens"] == 43
    assert b"[DONE]" not in load("openai/responses-hello").response.body


def test_anthropic_style():
    body = load("anthropic/hello").response.body
    assert body.count(b'event: ping\ndata: {"type": "ping"}\n\n') == 1
    assert len(re.findall(rb" +\}\n\n", body)) >= 15
    events = payloads("anthropic/hello")
    assert [value["type"] for value, _ in events] == [message.event for _, message in events]
    types = [value["type"] for value, _ in events if value["type"] != "content_block_delta"]
    assert types == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_gemini_style():
    response = load("google/hello").response
    assert header(response.headers, "content-type") == "text/event-stream"
    assert response.body.count(b"\n") == response.body.count(b"\r\n") == 2 * len(event_ends(response.body, "sse"))
    assert response.body.startswith(b'data: {"candidates": [{"content": {"parts": [{"text": "AI"}],"role": "model"},')
    values = [value for value, _ in payloads("google/hello")]
    assert [list(value) for value in values] == [["candidates", "usageMetadata", "modelVersion", "responseId"]] * 17
    assert [value["candidates"][0].get("finishReason") for value in values] == [None] * 16 + ["STOP"]
    for value in values:
        usage = value["usageMetadata"]
        parts = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
        assert usage["totalTokenCount"] == sum(usage[part] for part in parts)


def test_xai_style():
    values = [value for value, _ in payloads("xai/hello")]
    deltas = [value["choices"][0]["delta"] for value in values[:-1]]
    thoughts = [delta["reasoning_content"] for delta in deltas if "reasoning_content" in delta]
    assert "".join(thoughts) == "The user asks the great question; a computer has answered it already."
    assert deltas[0] == {"reasoning_content": "The", "role": "assistant"}
    assert values[-1]["choices"] == []
    assert values[-1]["usage"]["completion_tokens_details"]["reasoning_tokens"] == len(thoughts)
    assert load("xai/hello").response.body.endswith(b"\n\ndata: [DONE]\n\n")


@pytest.mark.parametrize("name", ["openai/hello", "xai/hello"])
def test_the_openai_sdk_knows_every_chunk(name):
    chat = pytest.importorskip("openai.types.chat", reason="the openai SDK is not installed")
    chunks = [chat.ChatCompletionChunk.model_validate_json(message.data) for _, message in payloads(name)]
    deltas = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(deltas) == TEXTS[name]


def test_the_openai_sdk_knows_every_responses_event():
    responses = pytest.importorskip("openai.types.responses", reason="the openai SDK is not installed")
    adapter = pytest.importorskip("pydantic").TypeAdapter(responses.ResponseStreamEvent)
    events = [adapter.validate_json(message.data) for _, message in payloads("openai/responses-hello")]
    assert (
        "".join(event.delta for event in events if event.type == "response.output_text.delta")
        == TEXTS["openai/responses-hello"]
    )
    assert events[-1].response.output_text == TEXTS["openai/responses-hello"]


@pytest.mark.parametrize("name", ["openai/hello", "anthropic/hello", "google/hello", "xai/hello"])
def test_the_request_is_the_missions_command(name):
    if not SEED.exists():
        pytest.skip("../shared/seeds is not here")
    request = load(name).request
    commands = [
        shlex.split(block.replace("\\\n", " "), comments=True)
        for block in re.findall(r"```sh\n(.*?)```", SEED.read_text("utf-8"), re.DOTALL)
    ]
    (command,) = [words for words in commands if request.uri in words]
    (body,) = [word for word in command if word.startswith("{")]
    assert request.body.decode() == body
    sent = [word.partition(":")[0].lower() for word in command if re.match(r"[\w-]+: ", word)]
    assert [wanted for wanted in sent if header(request.headers, wanted) is None] == []
