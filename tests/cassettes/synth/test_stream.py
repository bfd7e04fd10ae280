"""Synthetic interactions: they fold to what was asked for, are timed as measured, and are the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cassettes import dialects, folding, providers, yamlio
from cassettes.check import check_answer
from cassettes.dialects.base import at
from cassettes.dialects.delta import Delta
from cassettes.events import event_ends, event_kind
from cassettes.grammar import GRAMMARS
from cassettes.model import Cassette, Interaction, Request, header
from cassettes.synth.answer import Answer, Call
from cassettes.synth.rhythm import rhythm_of
from cassettes.synth.stream import Manner, Synthetic, failure, synthetic
from cassettes.timeline import to_timeline
from cassettes.timing import Pace

REQUEST = Request("POST", "https://host.example/path", (), b"{}")
PAIRS = [
    (name, dialect)
    for name, row in providers.load().items()
    for dialect in row.dialects
    if dialects.get(dialect).speaks
]
MAIN = [("openai", "openai-chat"), ("openai", "openai-responses"), ("anthropic", "anthropic"), ("google", "gemini")]
THOUGHTLESS = {("openai", "openai-chat"), ("azure", "openai-chat")}


def manner_of(provider: str, dialect: str, **fields: Any) -> Manner:
    return Manner(providers.load()[provider], dialects.get(dialect), **fields)


def made(answer: Answer, provider: str = "openai", dialect: str = "openai-chat", **fields: Any) -> Synthetic:
    manner = manner_of(provider, dialect, **fields)
    answer = answer.counted()
    return synthetic(REQUEST, answer, manner.voice("model", answer), manner)


def said(interaction: Interaction) -> Delta:
    """All that is said, as one delta, each kind joined; calls by number."""
    dialect = dialects.get(interaction.response.stream.dialect)
    parts = [dialect.delta(value) for value in folding.payloads(interaction.response)]
    return Delta(*("".join(getattr(part, name) for part in parts) for name in ("text", "reasoning", "refusal")))


def calls_of(interaction: Interaction) -> list[tuple[str, str]]:
    """Names and arguments of the calls of the whole answer, in whatever grammar."""
    folded = dialects.get(interaction.response.stream.dialect).fold(folding.payloads(interaction.response))
    assert folded is not None
    body: Any = folded.body
    found: list[Any] = [one["function"] for one in at(body, "choices", 0, "message", "tool_calls") or []]  # type: ignore[attr-defined]
    found += [one for one in body.get("output", []) if one["type"] == "function_call"]
    found += [{**one, "arguments": one["input"]} for one in body.get("content", []) if one["type"] == "tool_use"]
    parts: Any = at(body, "candidates", 0, "content", "parts") or []
    found += [
        {"name": one["functionCall"]["name"], "arguments": one["functionCall"]["args"]}
        for one in parts
        if "functionCall" in one
    ]
    return [(one["name"], one["arguments"]) for one in found]


TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)
OBJECT = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@settings(max_examples=25)
@given(TEXT, TEXT, TEXT, OBJECT)
@example("\r\n\x00\u2028\u2029\x85data: [DONE]\n\n\ufeff", '"}\\', "\x1b[31m", {"\x00": "\u2028"})
@example("", "", "", {})
def test_whatever_is_said_comes_back_in_every_dialect(text: str, reasoning: str, refusal: str, arguments: Any) -> None:
    answer = Answer(text, reasoning, refusal, (Call("f", json.dumps(arguments)), Call("g", "{}")))
    for provider, dialect in [*MAIN, ("xai", "openai-chat"), ("xai", "openai-responses"), ("mistral", "openai-chat")]:
        interaction = made(answer, provider, dialect).interaction
        found = said(interaction)
        assert found.text == text
        assert found.reasoning == ("" if (provider, dialect) in THOUGHTLESS else reasoning)
        assert found.refusal == refusal
        told = [(name, json.loads(given) if isinstance(given, str) else given) for name, given in calls_of(interaction)]
        assert told == [("f", arguments), ("g", {})]


@pytest.mark.parametrize(("provider", "dialect"), PAIRS)
def test_every_provider_says_it_in_whole_events(provider: str, dialect: str) -> None:
    synth = made(Answer("안녕 world 🎉", "hm", calls=(Call("f", '{"a": 1}'),)), provider, dialect)
    response = synth.interaction.response
    ends = event_ends(response.body, event_kind(response.headers, response.code, response.body))
    assert ends[-1] == len(response.body)
    assert (response.stream.source, response.stream.pacing) == ("synthetic", "synthetic")
    assert (response.stream.provider, response.stream.dialect) == (provider, dialect)
    assert said(synth.interaction).text == "안녕 world 🎉"
    unsaid = [one.what for one in synth.unsaid if not one.what.startswith("usage")]
    assert unsaid == (["reasoning"] if (provider, dialect) in THOUGHTLESS else [])
    again = yamlio.load(yamlio.dump(Cassette((synth.interaction,))), "tape")
    assert again.interactions == (synth.interaction,)
    assert again.notes == ()


@pytest.mark.parametrize(
    ("provider", "dialect"),
    [pytest.param(*pair, marks=[] if pair == MAIN[-1] else [pytest.mark.slow]) for pair in MAIN],
)
def test_a_megabyte_survives(provider: str, dialect: str) -> None:
    text = "스트림 stream, 42! " * 55_000
    assert len(text.encode()) > 1 << 20
    assert said(made(Answer(text), provider, dialect).interaction).text == text


@pytest.mark.parametrize(("provider", "dialect"), [*MAIN, ("xai", "openai-chat"), ("openrouter", "openai-chat")])
def test_gaps_follow_the_measured_quantiles(provider: str, dialect: str) -> None:
    stream = made(Answer("word " * 12_000), provider, dialect).interaction.response.stream
    rhythm = rhythm_of(provider, dialect)
    gaps = sorted(chunk.gap_ms for chunk in stream.chunks[8:-8])
    assert len(gaps) > 500
    for share in (5, 10, 15):
        # Chance is given one step of the table on either side.
        assert rhythm.said_ms[share - 1] - 0.1 <= gaps[len(gaps) * share // 20] <= rhythm.said_ms[share + 1] + 0.1
    assert rhythm.head_ms[0] <= stream.headers_ms <= rhythm.head_ms[-1]


def test_a_pace_of_ones_own_stands_in_for_the_measured() -> None:
    stream = made(Answer("word " * 50), pace=Pace(tps=100, ttft_ms=50)).interaction.response.stream
    timeline = to_timeline(made(Answer("word " * 50), pace=Pace(tps=100, ttft_ms=50)).interaction)
    assert timeline.frames[0].at_ms == 50
    assert sorted(chunk.gap_ms for chunk in stream.chunks)[len(stream.chunks) // 2] == 10


def test_the_same_seed_makes_the_same_bytes_in_another_process_too() -> None:
    def digest(seed: str) -> str:
        interaction = made(Answer("안녕 " * 50, calls=(Call("f", '{"a": 1}'),)), "anthropic", "anthropic", seed=seed)
        return hashlib.sha256(yamlio.dump(Cassette((interaction.interaction,)))).hexdigest()

    assert digest("1") == digest("1") != digest("2")
    code = (
        "import sys; sys.path.insert(0, 'tests/cassettes/synth'); import hashlib\n"
        "from cassettes import yamlio\nfrom cassettes.model import Cassette\nfrom test_stream import made, Answer, Call\n"
        "one = made(Answer('안녕 ' * 50, calls=(Call('f', '{\"a\": 1}'),)), 'anthropic', 'anthropic', seed='1')\n"
        "print(hashlib.sha256(yamlio.dump(Cassette((one.interaction,)))).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest("1")


def test_other_answers_have_other_ids() -> None:
    def ident(text: str) -> object:
        return at(next(folding.payloads(made(Answer(text)).interaction.response)), "id")

    assert ident("a") == ident("a") != ident("b")


def test_comments_come_before_the_first_event_where_the_provider_sends_them() -> None:
    bodies = [made(Answer(str(n)), "openrouter").interaction.response.body for n in range(20)]
    assert any(body.startswith(b": OPENROUTER PROCESSING\n\n") for body in bodies)
    assert any(body.startswith(b"data: ") for body in bodies)


def test_an_error_inside_the_stream_ends_it() -> None:
    interaction = made(Answer("a", error="over")).interaction
    dialect = dialects.get("openai-chat")
    assert [dialect.delta(value).error for value in folding.payloads(interaction.response)][-2:] == ["over", ""]


@pytest.mark.parametrize(("provider", "dialect"), PAIRS)
def test_an_error_response_is_the_providers_own(provider: str, dialect: str) -> None:
    response = failure(REQUEST, 429, "slow down", manner_of(provider, dialect)).response
    assert (response.code, response.message) == (429, "Too Many Requests")
    assert b"slow down" in response.body
    assert header(response.headers, "content-length") == str(len(response.body))
    assert (response.stream.framing, response.stream.source) == ("length", "synthetic")


KINDS = {
    "text": Answer("Hello 세계 🎉, how are you? <b>Fine</b>."),
    "calls": Answer(calls=(Call("f", '{"a": 1}'), Call("g"))),
    "text and a call": Answer("Let me see.", calls=(Call("f", '{"a": 1}'),)),
    "thoughts": Answer("Yes.", "Let me think about it."),
    "thoughts and a call": Answer("", "Let me think.", calls=(Call("f"),)),
    "a refusal": Answer(refusal="I cannot help with that."),
    "too long": Answer("Once upon a", finish="length"),
    "filtered": Answer("Once", finish="content_filter"),
    "an error": Answer("Once upon a", error="overloaded"),
    "nothing": Answer(),
}


GRAMMATICAL = [pair for pair in PAIRS if pair[1] in GRAMMARS]


def checks_clean(provider: str, dialect: str, kind: str, model: str = "", **asked: Any) -> None:
    manner = manner_of(provider, dialect, seed="7")
    answer = KINDS[kind].counted()
    voice = manner.voice(model or manner.row.default_model, answer, **asked)
    one = synthetic(REQUEST, answer, voice, manner).interaction
    assert check_answer(one) == ((), ""), (kind, model, asked)


@pytest.mark.parametrize(("provider", "dialect"), GRAMMATICAL)
def test_what_is_said_checks_clean(provider: str, dialect: str) -> None:
    for kind in KINDS:
        checks_clean(provider, dialect, kind)
    checks_clean(provider, dialect, "text and a call", choices=2)


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "dialect"), GRAMMATICAL)
def test_it_does_so_whatever_the_model_and_whatever_was_asked(provider: str, dialect: str) -> None:
    for kind in KINDS:
        for model in ("gpt-4o", "gpt-5.4", "gemini-3-flash", "grok-4"):
            checks_clean(provider, dialect, kind, model)
            checks_clean(provider, dialect, kind, model, include_usage=False, obfuscated=False)
