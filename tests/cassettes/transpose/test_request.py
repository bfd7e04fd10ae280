"""A request in another grammar, there and back, and what goes around its body."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import dialects, providers
from cassettes.conversation import turns
from cassettes.matching import entry_of
from cassettes.model import Interaction, Request, Response, Stream
from cassettes.transpose.request import READERS, WRITERS, Asked, Wanted, transposed
from cassettes.transpose.talk import Choice, Form, Losses, Part, Talk, Tool, Turn

CHAT = "https://api.openai.com/v1/chat/completions"
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6)
NAMES = st.sampled_from(("weather", "clock", "look_up"))
VALUES = st.dictionaries(WORDS, WORDS | st.integers(-9, 9) | st.booleans(), max_size=2)


@st.composite
def talks(draw: st.DrawFn) -> Talk:
    """A talk of what every grammar can hold."""
    made = [Turn("system", (Part("text", draw(WORDS)),))] if draw(st.booleans()) else []
    for number in range(draw(st.integers(1, 2))):
        made.append(Turn("user", (Part("text", draw(WORDS)),)))
        text = (Part("text", draw(WORDS)),) if draw(st.booleans()) else ()
        calls = tuple(
            Part("call", "", f"call_{number}{place}", draw(NAMES), draw(VALUES))
            for place in range(draw(st.integers(0 if text else 1, 2)))
        )
        made.append(Turn("assistant", text + calls))
        if calls:
            made.append(Turn("tool", tuple(Part("result", draw(WORDS), call.id, call.name) for call in calls)))
    made.append(Turn("user", (Part("text", draw(WORDS)),)))
    tools = tuple(Tool(name, "about", {"type": "object"}) for name in draw(st.sets(NAMES, max_size=2)))
    settings = draw(st.fixed_dictionaries({}, optional={"temperature": st.floats(0, 1), "top_p": st.floats(0, 1)}))
    return Talk("m", tuple(made), tools, {"max_tokens": draw(st.integers(1, 99)), **settings})


@given(talks(), st.sampled_from(list(permutations(WRITERS, 2))))
def test_there_and_back_keeps_what_all_can_hold(talk: Talk, pair: tuple[str, str]) -> None:
    first, second = pair
    losses = Losses()
    one = WRITERS[first](talk, losses)
    other = WRITERS[second](READERS[first](one, losses), losses)
    again = READERS[second](other, losses)
    back = WRITERS[first](again, losses)
    assert turns(first, back) == turns(first, one)
    assert (again.turns, again.tools, again.settings) == (talk.turns, talk.tools, talk.settings)
    assert not losses.all()


@given(talks(), st.sampled_from(list(WRITERS)))
def test_what_is_written_is_what_the_matcher_reads(talk: Talk, name: str) -> None:
    """The turns by `cassettes.conversation`, which knows nothing of this package."""
    found = turns(name, WRITERS[name](talk, Losses())) or []
    said = [turn[1:] for turn in found]
    wanted: list[tuple[object, ...]] = []
    for turn in talk.turns:
        for part in turn.parts:
            if part.kind == "call":
                wanted.append(("call", part.name, part.value))
            elif part.kind == "result" and name == "gemini":
                wanted.append(("result", json.dumps({"result": part.text}, sort_keys=True)))
            else:
                wanted.append((part.kind, part.text))
    assert said == wanted


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "anthropic", "gemini"])
@pytest.mark.parametrize("kind", ["auto", "none", "required", "tool"])
def test_the_choice_of_tools_and_the_form_of_the_answer(name: str, kind: str) -> None:
    form = Form({"type": "object", "properties": {"a": {"type": "string"}}})
    talk = Talk("m", (), (Tool("f", "a", {"type": "object"}),), {}, Choice(kind, "f" if kind == "tool" else ""), form)
    losses = Losses()
    again = READERS[name](WRITERS[name](talk, losses), losses)
    assert (again.choice, again.form.schema if again.form else None) == (talk.choice, form.schema)
    assert not losses.all()


def asked(
    body: object, to: Wanted, uri: str = CHAT, headers: tuple[tuple[str, str], ...] = ()
) -> tuple[Asked, list[str]]:
    request = Request("POST", uri, headers, b"" if body is None else json.dumps(body).encode())
    entry = entry_of("t", 1, Interaction(request, Response(200, "OK", (), b"", Stream())))
    losses = Losses()
    made = transposed(request, entry.dialect, entry.path, to, losses)
    return made, [loss.what for loss in losses.all()]


def target(name: str, model: str = "") -> Wanted:
    return Wanted(name, providers.for_dialect(name), model)


BODY: dict[str, Any] = {"model": "gpt-5.1", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


def test_address_headers_and_model_are_those_of_the_provider() -> None:
    headers = (("Authorization", "Bearer x"), ("User-Agent", "u"), ("X-Stainless-Lang", "python"), ("Host", "h"))
    made, lost = asked(BODY, target("gemini"), headers=headers)
    google = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert made.request.uri == google
    assert [name for name, _ in made.request.headers] == ["content-type", "accept"]
    assert lost == ["model gpt-5.1", "request headers: User-Agent, X-Stainless-Lang"]
    assert asked(BODY, target("gemini", "gemini-x"))[0].request.uri.endswith("/gemini-x:streamGenerateContent?alt=sse")


def test_who_asked_for_no_stream_asks_for_none() -> None:
    plain = {**BODY, "stream": False}
    assert asked(plain, target("anthropic"))[0].body["stream"] is False
    assert asked(plain, target("gemini"))[0].request.uri.endswith(":generateContent")
    there = asked(plain, target("ollama"))[0]
    assert (there.body["stream"], there.streams) == (False, False)
    gemini = "https://generativelanguage.googleapis.com/v1/models/g:generateContent"
    back = asked({"contents": [{"parts": [{"text": "Hi"}]}]}, target("openai-chat"), gemini)[0]
    assert back.body["stream"] is False
    assert "stream_options" not in back.body


def test_a_request_that_nobody_knows_stays_unknown() -> None:
    made, lost = asked(None, target("anthropic"))
    assert (made.request.body, made.streams, lost) == (b"", True, [])


def test_a_grammar_without_a_writer_keeps_the_last_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cassettes.transpose.request.WRITERS", {})
    made, lost = asked(BODY, Wanted("ollama"))
    assert made.body["messages"] == [{"role": "user", "content": "Hi"}]
    assert "request but for the last text of the user" in lost
    assert made.request.uri == "https://unknown.invalid/api/chat"
    assert dialects.get("ollama").prompt(made.body) == "Hi"
