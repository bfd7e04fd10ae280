"""The same conversation in another dialect, there and back, over made and over public recordings."""

from __future__ import annotations

import json
from itertools import accumulate, permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import dialects, folding, providers
from cassettes.conversation import turns
from cassettes.convert import convert
from cassettes.dialects.counts import counts
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.finish import meaning
from cassettes.dialects.speech import Voice, gathered_usage, in_turn, last_finish, whole_calls
from cassettes.matching import entry_of
from cassettes.model import Cassette, Chunk, Interaction, Request, Response, Stream, TokentapeError
from cassettes.timeline import to_timeline
from cassettes.transpose import TargetError, transposed, wanted
from cassettes.yamlio import dump

TAPES = Path(__file__).resolve().parents[3] / "../shared/tapes"
NAMES = ("openai-chat", "openai-responses", "anthropic", "gemini", "ollama", "cohere")
PAIRS = list(permutations(NAMES, 2))
ASKED = {
    "model": "gpt-5.1",
    "messages": [{"role": "system", "content": "be"}, {"role": "user", "content": "Weather in 서울?"}],
    "tools": [
        {"type": "function", "function": {"name": "weather", "description": "d", "parameters": {"type": "object"}}}
    ],
    "max_tokens": 99,
    "stream": True,
}
SAID = [
    Delta("Looking "),
    Delta("it up."),
    Delta(tools=(ToolPart(0, "call_a", "weather", '{"city":'),)),
    Delta(tools=(ToolPart(0, arguments='"서울"}'),)),
    Delta(finish="tool_calls"),
    Delta(usage={"prompt_tokens": 9, "completion_tokens": 12}),
]


def tape(said: list[Delta] = SAID, asked: object = None, gap: float = 20.5, **fields: Any) -> Interaction:
    """A tape of OpenAI's chat on which each event comes `gap` ms after the one before."""
    dialect = dialects.get("openai-chat")
    events = dialect.speak(said, Voice("deepseek", "deepseek-chat")).events
    chunks = tuple(Chunk(gap, len(event.data)) for event in events)
    stream = Stream(provider="deepseek", dialect="openai-chat", headers_ms=100.0, chunks=chunks, **fields)
    body = json.dumps(ASKED if asked is None else asked).encode()
    request = Request("POST", "https://api.deepseek.com/v1/chat/completions", (("User-Agent", "x"),), body)
    headers = (("content-type", dialect.stream_type), ("x-request-id", "r"), ("date", "Fri, 20 Nov 2026 09:30:00 GMT"))
    return Interaction(request, Response(200, "OK", headers, b"".join(event.data for event in events), stream))


def heard(interaction: Interaction) -> dict[str, Any]:
    """What an answer says, whatever the dialect."""
    dialect = dialects.get(interaction.response.stream.dialect)
    said = [dialect.delta(value) for value in folding.payloads(interaction.response)]
    calls = [piece.tool for piece in whole_calls(in_turn(said)) if piece.kind == "tool"]
    told = counts(gathered_usage(said) or {})
    return {
        "text": "".join(delta.text for delta in said),
        "reasoning": "".join(delta.reasoning for delta in said),
        "calls": [(call.name, json.loads(call.arguments or "{}")) for call in calls],
        "usage": (told.input, told.output),
        "finish": meaning(last_finish(said)[1]),
        "error": "".join(delta.error for delta in said),
    }


def text_times(interaction: Interaction) -> list[float]:
    """When each text had come, in ms."""
    stream, dialect = interaction.response.stream, dialects.get(interaction.response.stream.dialect)
    ends = list(accumulate(chunk.size for chunk in stream.chunks))
    offsets = list(accumulate((chunk.gap_ms for chunk in stream.chunks), initial=stream.headers_ms))[1:]
    times, at = [], 0
    for event in folding.events(interaction.response):
        at += len(event)
        if dialect.text(event):
            times.append(round(next(offset for offset, end in zip(offsets, ends, strict=True) if end >= at), 1))
    return times


def made(interaction: Interaction, to: str, provider: str = "", model: str = "") -> Interaction:
    found = transposed(interaction, wanted(to, provider, model)).interaction
    assert found is not None
    return found


@pytest.mark.parametrize("to", NAMES[1:])
def test_a_call_its_request_and_its_time(to: str) -> None:
    one = made(tape(), to)
    assert heard(one) | {"finish": "tools"} == heard(tape())  # Gemini and Ollama end calls with their word for all
    assert text_times(one) == text_times(tape())
    stream = one.response.stream
    assert (stream.dialect, stream.source, stream.headers_ms) == (to, "edited", 100.0)
    # Its last byte may come earlier, as `[DONE]` says nothing; it ends when the other one ended.
    assert stream.end.type == "eof"
    assert to_timeline(one).end_at_ms == pytest.approx(to_timeline(tape()).end_at_ms, abs=0.05)
    entry = entry_of("t", 1, one)
    assert (entry.dialect, entry.provider, entry.operation is not None) == (to, providers.for_dialect(to).name, True)
    said = [
        ("assistant" if turn[0] == "model" else turn[0], *turn[1:]) for turn in turns(to, json.loads(one.request.body))
    ]
    assert said == [("system", "text", "be"), ("user", "text", "Weather in 서울?")]
    assert dict(one.response.headers)["date"].startswith("Fri")
    dump(Cassette((one,)))


def test_what_has_no_counterpart_is_told() -> None:
    asked = {**ASKED, "logit_bias": {"5": 1}, "seed": 3}
    said = [Delta(reasoning="Hm."), *SAID[:-1], Delta(usage={"prompt_tokens": 9, "completion_tokens": 12, "cost": 0.1})]
    told = [loss.what for loss in transposed(tape(said, asked), wanted("openai-responses")).losses]
    assert set(told) >= {"request.logit_bias", "request.seed", "request headers: User-Agent"}
    assert set(told) >= {"response headers: x-request-id", "answer: usage.cost"}
    thoughts = transposed(tape(said), wanted("openai-chat", "openai")).losses
    assert "answer: reasoning" in [loss.what for loss in thoughts]


def test_a_model_that_is_named_is_said_and_not_complained_of() -> None:
    found = transposed(tape(), wanted("anthropic", model="claude-x"))
    assert not [loss for loss in found.losses if loss.what.startswith("model")]
    assert found.interaction is not None
    assert json.loads(found.interaction.request.body)["model"] == "claude-x"
    assert b'"model":"claude-x"' in found.interaction.response.body


def test_a_provider_stands_for_its_dialect_and_its_style() -> None:
    assert wanted("groq").dialect == "openai-chat"
    one = made(tape(), "groq")
    assert one.request.uri == "https://api.groq.com/openai/v1/chat/completions"
    assert b"x_groq" in one.response.body
    assert made(tape(), "openai-chat", "azure").request.uri == "https://resource.invalid/openai/v1/chat/completions"


@pytest.mark.parametrize(
    ("to", "provider", "words"),
    [
        ("antropic", "", "did you mean anthropic"),
        ("xyzzy-9", "", "no dialect 'xyzzy-9' (known: openai-chat"),
        ("raw", "", "no grammar to say"),
        ("anthropic", "groq", "Groq does not speak anthropic"),
        ("anthropic", "grok-1", "no provider 'grok-1'"),
    ],
)
def test_a_target_that_cannot_be(to: str, provider: str, words: str) -> None:
    with pytest.raises(TokentapeError, match=r"\w") as caught:
        wanted(to, provider)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert to != "raw" or isinstance(caught.value, TargetError)


def test_its_own_dialect_is_left_as_it_is() -> None:
    one = tape()
    assert transposed(one, wanted("deepseek")).interaction is one


def test_what_is_no_conversation_is_left_out_and_told() -> None:
    listed = Interaction(Request("GET", "https://api.openai.com/v1/models"), Response(200, "OK", (), b"{}", Stream()))
    found = transposed(listed, wanted("anthropic"))
    assert found.interaction is None
    assert found.losses[0].what == "GET /v1/models"


def test_a_grammar_that_nobody_knows_is_an_error() -> None:
    one = Interaction(Request("POST", "https://h/x"), Response(200, "OK", (), b"data: x\n\n", Stream()))
    with pytest.raises(TokentapeError, match=r"raw has no grammar to read; set stream\.dialect"):
        transposed(one, wanted("anthropic"))


def test_synthetic_stays_synthetic_and_nothing_becomes_recorded() -> None:
    assert made(tape(source="synthetic"), "gemini").response.stream.source == "synthetic"
    assert made(tape(source="imported"), "gemini").response.stream.source == "edited"


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6)
ARGUMENTS = st.dictionaries(WORDS, WORDS | st.integers(-9, 9) | st.lists(WORDS, max_size=2), max_size=2)


@st.composite
def answers(draw: st.DrawFn) -> list[Delta]:
    """Thoughts, texts, calls, an end and counts."""
    said = [Delta(reasoning=text) for text in draw(st.lists(WORDS, max_size=2))]
    said += [Delta(text) for text in draw(st.lists(WORDS, max_size=3))]
    for number, arguments in enumerate(draw(st.lists(ARGUMENTS, max_size=2))):
        text = json.dumps(arguments)
        cut = len(text) // 2
        said.append(Delta(tools=(ToolPart(number, f"call_{number}", f"f{number}", text[:cut]),)))
        said.append(Delta(tools=(ToolPart(number, arguments=text[cut:]),)))
    calls = any(delta.tools for delta in said)
    said.append(Delta(finish="tool_calls" if calls else draw(st.sampled_from(("stop", "length")))))
    return [
        *said,
        Delta(usage={"prompt_tokens": draw(st.integers(1, 99)), "completion_tokens": draw(st.integers(1, 99))}),
    ]


@given(answers(), st.sampled_from(PAIRS))
def test_there_and_back_keeps_what_both_can_hold(said: list[Delta], pair: tuple[str, str]) -> None:
    first, second = pair
    start = made(tape(said), first) if first != "openai-chat" else tape(said)
    home = {"openai-chat": "deepseek"}.get(first, "")
    to = wanted(second, "deepseek" if second == "openai-chat" else "")
    there = transposed(start, to).interaction
    assert there is not None
    back = made(there, first, home)
    wants, found = heard(start), heard(back)
    if {"gemini", "ollama"} & {second} and wants["calls"]:
        wants["finish"] = found["finish"]  # one word for every whole answer
    assert found == wants
    assert text_times(back) == text_times(there) == text_times(start)


@pytest.mark.skipif(not TAPES.is_dir(), reason="the public recordings (../shared/tapes) are not here")
@pytest.mark.parametrize("folder", ["openai-chat", "anthropic-messages", "gemini-streamGenerateContent", "mistral-chat", "cohere-v2-chat", "ollama-api-chat"])  # fmt: skip
def test_public_recordings_say_the_same_in_every_dialect(folder: str) -> None:
    count = 0
    for file in sorted((TAPES / folder).iterdir())[:12]:
        for one in convert(file.read_bytes(), file.name).interactions:
            entry = entry_of("t", 1, one)
            if not folding.is_stream(one.response) or entry.dialect == "raw":
                continue
            own = Interaction(one.request, one.response)
            said = [dialects.get(entry.dialect).delta(value) for value in folding.payloads(one.response)]
            text, refused = "".join(delta.text for delta in said), any(delta.refusal for delta in said)
            for to in NAMES:
                if to == entry.dialect or refused:
                    continue
                found = made(own, to)
                assert heard(found)["text"] == text, (file.name, to)
                assert bool(text_times(found)) == bool(text), (file.name, to)
                count += 1
    assert count >= 5
