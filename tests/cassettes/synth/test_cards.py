"""Test cards: what each gets, and what is said of one that does not exist."""

from __future__ import annotations

import json

import pytest

from cassettes.synth.asked import Tool, Wishes
from cassettes.synth.cards import KOREAN, MARKDOWN, CardError, card_of, listed, reply_to

TOOLS = (Tool("first", {}), Tool("second", {"type": "object", "properties": {"n": {"type": "integer"}}}))


@pytest.mark.parametrize(
    ("prompt", "model", "card"),
    [
        ("tt:markdown", "gpt", "tt:markdown"),
        (" TT:Error 429\n", "gpt", "TT:Error 429"),
        ("hello", "tt:long", "tt:long"),
        ("tt:long", "tt:korean", "tt:long"),
        ("what is tt:long?", "gpt", None),
    ],
)
def test_a_prompt_or_a_model_is_a_card(prompt: str, model: str, card: str | None) -> None:
    assert card_of(Wishes(prompt=prompt, model=model)) == card


def test_every_card_that_is_listed_is_played() -> None:
    assert len(listed()) == 9
    for card in listed():
        assert reply_to(card, Wishes()) is not None


def test_what_cards_say() -> None:
    assert reply_to("tt:markdown", Wishes()).answer.text == MARKDOWN
    assert reply_to("tt:KOREAN ", Wishes()).answer.text == KOREAN
    assert len(reply_to("tt:long", Wishes()).answer.text) > 10_000
    assert reply_to("tt:reasoning", Wishes()).answer.reasoning
    assert reply_to("tt:refusal", Wishes()).answer.refusal
    assert (reply_to("tt:error 429", Wishes()).status, reply_to("tt:error:503", Wishes()).status) == (429, 503)
    assert reply_to("tt:fault reset@3e;jitter:5ms", Wishes()).faults == "reset@3e;jitter:5ms"
    assert reply_to("tt:case utf8-split", Wishes()).faults == "case:utf8-split"


def test_the_tool_card_calls_what_is_offered() -> None:
    def called(card: str, **fields: object) -> list[tuple[str, object]]:
        answer = reply_to(card, Wishes(**fields)).answer  # type: ignore[arg-type]
        return [(call.name, json.loads(call.arguments)) for call in answer.calls]

    assert called("tt:tool") == [("get_weather", {"city": "서울", "unit": "celsius"})]
    assert called("tt:tool", tools=TOOLS) == [("first", {})]
    assert called("tt:tool second", tools=TOOLS) == [("second", {"n": 1})]
    assert called("tt:tool", tools=TOOLS, results=("done",)) == []
    assert reply_to("tt:tool", Wishes(tools=TOOLS, results=("done",))).answer.text == "The tool said: done"


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("tt:markdwn", "there is no test card 'tt:markdwn'; did you mean tt:markdown?"),
        ("tt:", "there is no test card 'tt:'; there are tt:markdown, tt:long, "),
        ("tt:error", "tt:error: found '', expected a status from 400 to 599, as tt:error 429"),
        ("tt:error 200", "tt:error: found '200', expected a status"),
        ("tt:error 4290", "tt:error: found '4290', expected a status"),
        ("tt:fault", "tt:fault: expected a fault, as tt:fault reset@3e"),
        ("tt:case", "tt:case: expected a case"),
        ("tt:markdown twice", "tt:markdown: found 'twice' behind it; expected tt:markdown alone"),
        ("tt:tool thrid", "tt:tool: no tool 'thrid' is offered; there are first, second"),
    ],
)
def test_a_card_that_does_not_exist_is_one_line(card: str, said: str) -> None:
    with pytest.raises(CardError) as raised:
        reply_to(card, Wishes(tools=TOOLS))
    assert str(raised.value).startswith(said)
    assert "\n" not in str(raised.value)
