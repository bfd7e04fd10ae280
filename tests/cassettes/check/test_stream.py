"""A whole stream against the grammar: the rules for bytes, endings, errors; one event left out is always found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from broken import NATIVE, OF_BYTES, STREAMS, Event, Events, body_of, clean, findings, numbered, rules
from hypothesis import given, settings
from hypothesis import strategies as st
from sdk.answers import Answer, Call

from cassettes import sse
from cassettes.check import check_stream
from cassettes.grammar import GRAMMARS
from cassettes.store import FolderStore, shipped_root

every_dialect = pytest.mark.parametrize("dialect", GRAMMARS)


def of_body(dialect: str, body: bytes, **how: object) -> list[str]:
    return rules(check_stream(GRAMMARS[dialect], body, provider=NATIVE[dialect], **how))  # type: ignore[arg-type]


def odd(dialect: str) -> dict[str, bytes]:
    """A body for each rule that every grammar has."""
    first, second, *rest = clean(dialect)
    body = body_of([first, second, *rest])
    start = len(body_of([first]))
    unnamed = Event("" if first.name else "surprise", first.data)
    typed = bool(GRAMMARS[dialect].type_key)
    news = Event("response.surprise", {"type": "response.surprise"}) if typed else Event("", {"surprise": 1})
    if dialect == "openai-responses":
        news.data["sequence_number"] = 1
    new_kind = numbered([first, news, second, *rest]) if dialect == "openai-responses" else [first, news, second, *rest]
    extra = Event(first.name, {**first.data, "surprise": True})
    return {
        "utf-8": body[:start] + b": \xff\ndata: " + body[start:].partition(b"data: ")[2]
        if not first.name
        else body[:start] + body[start:].replace(b"\n", b"\n: \xff\n", 1),
        "bom": b"\xef\xbb\xbf" + body,
        "json": body[:start] + b'data: {"a":\n\n' + body[start:],
        "tail": body[:-1],
        "event-name": body_of([unnamed, second, *rest]),
        "keys": body_of(_without([first, second, *rest])),
        "type": body_of(new_kind),
        "variant": body_of(_odd_value(dialect)),
        "key": body_of([extra, second, *rest]),
        "empty": b": nothing\n\n",
    }


def _without(events: Events) -> Events:
    """The events, one of them, not the first, without a key that it needs."""
    keys = ("index", "response", "model", "modelVersion", "delta", "role")
    at, needed = next((at, key) for at, one in enumerate(events) for key in keys if at and key in one.data)
    kept = {key: value for key, value in events[at].data.items() if key != needed}
    return [*events[:at], Event(events[at].name, kept), *events[at + 1 :]]


def _odd_value(dialect: str) -> Events:
    events = clean(dialect)
    if dialect == "gemini":
        events[-1].data["candidates"][0]["finishReason"] = "TIRED"
    elif dialect == "openai-chat":
        events[-3].data["choices"][0]["finish_reason"] = "tired"
    elif dialect == "anthropic":
        events[-2].data["delta"]["stop_reason"] = "tired"
    elif dialect == "cohere":
        events[-2].data["delta"]["finish_reason"] = "tired"
    elif dialect == "ollama":
        events[-1].data["done_reason"] = "tired"
    elif dialect == "ai-sdk-ui":
        events[-2].data["finishReason"] = "tired"
    elif dialect == "ag-ui":
        events[-1].data["outcome"] = {"type": "tired"}
    else:
        for event in events:
            if event.data.get("item", {}).get("type") == "function_call":
                event.data["item"]["type"] = "hologram_call"
    return events


@every_dialect
def test_each_rule_for_bytes_is_broken_alone(dialect: str) -> None:
    bodies = odd(dialect)
    assert set(bodies) == OF_BYTES
    for rule, body in bodies.items():
        assert set(of_body(dialect, body)) == {rule}, rule


@every_dialect
def test_line_ends_and_comments_do_not_matter(dialect: str) -> None:
    body = body_of(clean(dialect))
    assert of_body(dialect, body.replace(b"\n", b"\r\n")) == []
    assert of_body(dialect, body.replace(b"\n", b"\r")) == []
    assert of_body(dialect, body.replace(b"\n\n", b"\n\n: keep-alive\n\n") + b"retry: 3000\n\n\n\n") == []


@every_dialect
def test_a_stream_that_was_cut_is_not_blamed_for_what_had_not_come(dialect: str) -> None:
    body = body_of(clean(dialect))
    for size in range(0, len(body), 211):
        assert of_body(dialect, body[:size], whole=False) == [], size


@every_dialect
def test_a_tool_may_have_trimmed_the_last_line_ends(dialect: str) -> None:
    body = body_of(clean(dialect)).rstrip(b"\n")
    assert of_body(dialect, body) == ["tail"]
    assert of_body(dialect, body, trimmed=True) == []


def test_the_same_for_many_events_is_said_once() -> None:
    events = [Event("", one.data) for one in clean("anthropic")]
    found = findings("anthropic", events)
    assert sum(one.more + 1 for one in found) == len(events)
    assert len(found) == len({one.kind for one in events})


def test_data_that_is_no_object_is_no_json_for_an_event() -> None:
    body = body_of(clean("anthropic"))
    for data, said in ((b"[1]", "JSON, but no object"), (b"", "empty"), (b"PROCESSING", "no JSON (")):
        (found,) = check_stream(GRAMMARS["anthropic"], b"event: ping\ndata: " + data + b"\n\n" + body)
        assert found.rule.id == "anthropic/json"
        assert said in found.text


def test_an_event_without_a_type_is_one_that_clients_drop() -> None:
    (found,) = findings("anthropic", [*clean("anthropic")[:2], Event("ping", {"ping": 1}), *clean("anthropic")[2:]])
    assert (found.rule.id, found.found) == ("anthropic/keys", "no type")


# One event left out


MISSED = {
    "cohere": {"content-delta", "tool-call-delta"},
    "ai-sdk-ui": {"start", "start-step", "finish-step", "text-delta", "reasoning-delta", "tool-input-delta"},
    "ag-ui": {"REASONING_START", "REASONING_END", "TEXT_MESSAGE_CONTENT", "TOOL_CALL_ARGS"},
}
"""Kinds that a stream may be without."""


def legal_to_miss(dialect: str, event: Event) -> bool:
    """Whether a stream without this event is as good as one with it, by what the grammar knows."""
    if not isinstance(event.data, dict) or dialect == "openai-responses":
        return False
    if dialect == "anthropic":
        said = event.data.get("delta", {}).get("type", "")
        return (
            event.kind == "ping" or said in {"text_delta", "thinking_delta", "signature_delta"} or _says_nothing(event)
        )
    if dialect == "gemini":
        return all("finishReason" not in one for one in event.data["candidates"])
    if dialect in MISSED:
        return event.kind in MISSED[dialect]
    if dialect == "ollama":
        return not event.data["done"]
    choices = event.data["choices"]
    if not choices:
        return True  # usage that no null had promised
    (choice,) = choices
    delta = choice["delta"]
    return (
        not choice.get("finish_reason") and "role" not in delta and ("tool_calls" not in delta or _says_nothing(event))
    )


def _says_nothing(event: Event) -> bool:
    """A piece of arguments whose absence leaves JSON."""
    text = json.dumps(event.data)
    return '"partial_json": ""' in text or '"arguments": " "' in text or '"partial_json": " "' in text


def found_without(dialect: str, events: Events, at: int, provider: str = "") -> bool:
    left = [*events[:at], *events[at + 1 :]]
    return bool(findings(dialect, left, provider))


def library(root: Path) -> list[tuple[str, str, Events]]:
    store = FolderStore([root])
    store.load()
    found = []
    for tape in store.tapes:
        (interaction,) = tape.cassette.interactions
        blocks, _ = sse.parse(interaction.response.body)
        messages = [one.message for one in blocks if one.message]
        if not messages:  # an error, or an answer in one piece
            continue
        events = [
            Event("" if one.event == "message" else one.event, json.loads(one.data) if one.data[0] == "{" else one.data)
            for one in messages
        ]
        found.append((interaction.response.stream.provider, interaction.response.stream.dialect, events))
    return found


LIBRARY = library(shipped_root())
# of the spoken variants, only dialects whose grammar has no room: OpenAI's lets gateways leave out the role
# and pieces of a call's arguments are content
STRICT = [one for hello in sorted(shipped_root().glob("*/*.yaml")) for one in library(hello)]
STRICT += [one for one in LIBRARY if one[1] in ("anthropic", "gemini")]


@pytest.mark.parametrize("number", range(len(LIBRARY)))
def test_the_library_is_clean(number: int) -> None:
    provider, dialect, events = LIBRARY[number]
    assert findings(dialect, events, provider) == ()


@pytest.mark.parametrize("number", range(len(STRICT)))
def test_no_structural_event_of_the_library_can_be_missed(number: int) -> None:
    provider, dialect, events = STRICT[number]
    for at, event in enumerate(events):
        assert found_without(dialect, events, at, provider) != legal_to_miss(dialect, event), event


TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6), min_size=1, max_size=4)
ARGUMENTS = st.dictionaries(st.sampled_from(["city", "날", "n"]), st.integers(1, 99), min_size=1)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Any text, in any pieces, and calls whose arguments are cut in two."""
    calls = []
    for number, arguments in enumerate(draw(st.lists(ARGUMENTS, max_size=2))):
        text = json.dumps(arguments)
        cut = draw(st.integers(1, len(text) - 1))
        calls.append(Call(f"call_{number}", "look_up", (text[:cut], text[cut:])))
    return Answer(tuple(draw(TEXTS)), (), tuple(calls))


@settings(max_examples=60)
@given(st.sampled_from(sorted(STREAMS)), answers(), st.data())
def test_any_answer_is_clean_and_an_event_that_is_left_out_is_found(
    dialect: str, answer: Answer, data: st.DataObject
) -> None:
    events = clean(dialect, answer)
    assert findings(dialect, events) == ()
    at = data.draw(st.integers(0, len(events) - 1))
    if not legal_to_miss(dialect, events[at]):
        assert found_without(dialect, events, at)


@settings(max_examples=60)
@given(st.sampled_from(sorted(STREAMS)), st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.booleans())
def test_no_bytes_make_it_fail(dialect: str, noise: bytes, whole: bool) -> None:
    body = body_of(clean(dialect))
    for mixed in (noise, b"data: " + noise + b"\n\n", body[:300] + noise + body[300:]):
        for kind in ("sse", "ndjson", "json-array"):
            check_stream(GRAMMARS[dialect], mixed, kind, whole=whole)  # type: ignore[arg-type]


_KEYS = ["type", "index", "delta", "choices", "candidates", "finish_reason", "tool_calls", "item", "error", "usage"]
_TYPES = [kind.name for grammar in GRAMMARS.values() for kind in grammar.kinds]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=80)
@given(st.sampled_from(sorted(STREAMS)), st.lists(st.tuples(st.sampled_from(_TYPES), JSON), max_size=6))
def test_no_json_makes_it_fail(dialect: str, events: list[tuple[str, object]]) -> None:
    body = b"".join(
        b"data: " + json.dumps({**one, "type": kind} if isinstance(one, dict) else one).encode() + b"\n\n"
        for kind, one in events
    )
    check_stream(GRAMMARS[dialect], body)


def test_the_folder_of_the_library_is_there() -> None:
    assert Path(shipped_root()).is_dir()
    assert len(LIBRARY) >= 5
