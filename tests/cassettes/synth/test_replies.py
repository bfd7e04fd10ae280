"""Tables of patterns and answers, echo, lorem, a file; and what a request's wishes make of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cassettes.synth.answer import Answer, Call
from cassettes.synth.asked import Tool, Wishes
from cassettes.synth.replies import NOTHING_SAID, Replies, RepliesError, Reply, Row, lorem, table, usual_of

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("get_weather", SCHEMA)


def rows(**patterns: Any) -> tuple[Row, ...]:
    return table(patterns, lambda *keys: "file:" + ".".join(keys))


def reply(given: dict[str, Any], prompt: str, **wishes: Any) -> Reply:
    return Replies(rows(**given)).reply(Wishes(prompt=prompt, **wishes), "seed")


def test_the_first_pattern_that_fits_counts() -> None:
    given = {"*weather*": "Sunny.", "/^sum \\d+$/": "3", "*": "else"}
    assert reply(given, "What WEATHER is it\ntoday?").answer.text == "Sunny."
    assert reply(given, "sum 12").answer.text == "3"
    assert reply(given, "sum x").answer.text == "else"
    assert reply({"weather": "x"}, "the weather").answer.text == "the weather"


def test_a_tool_is_called_when_the_table_says_so_and_it_is_offered() -> None:
    given = {"*": {"tool": "get_weather", "arguments": {"city": "서울"}, "then": "21 degrees.", "text": "no tool"}}
    assert reply(given, "x", tools=(WEATHER,)).answer.calls == (Call("get_weather", '{"city": "서울"}'),)
    assert reply(given, "x").answer == Answer("no tool")
    assert reply(given, "x", tools=(WEATHER,), results=("21",)).answer == Answer("21 degrees.")


def test_arguments_that_are_not_said_fit_the_schema() -> None:
    (call,) = reply({"*": {"tool": "get_weather"}}, "x", tools=(WEATHER,)).answer.calls
    assert json.loads(call.arguments) == {"city": "text"}


def test_a_tool_that_is_not_offered_leaves_the_usual_answer() -> None:
    assert reply({"*": {"tool": "get_weather"}}, "hello").answer.text == "hello"


@pytest.mark.parametrize(("must", "called"), [("", "get_weather"), ("get_weather", "get_weather"), ("other", "")])
def test_a_tool_that_has_to_be_called_is(must: str, called: str) -> None:
    found = Replies().reply(Wishes(prompt="x", tools=(WEATHER,), must_call=must), "seed").answer
    assert [call.name for call in found.calls] == ([called] if called else [])


def test_once_a_tool_has_answered_the_answer_is_text() -> None:
    wishes = Wishes(prompt="x", tools=(WEATHER,), must_call="", results=("21 C", ""))
    assert Replies().reply(wishes, "seed").answer == Answer("The tool said: 21 C")
    assert Replies().reply(wishes._replace(results=("",)), "seed").answer == Answer("The tool has answered.")


def test_a_form_that_is_asked_for_is_kept() -> None:
    assert json.loads(reply({}, "x", form=SCHEMA).answer.text) == {"city": "text"}
    assert reply({"*": '{"city": "부산"}'}, "x", form=SCHEMA).answer.text == '{"city": "부산"}'
    assert reply({"*": {"refusal": "no"}}, "x", form=SCHEMA).answer == Answer(refusal="no")


def test_an_error_and_faults_may_be_asked_for() -> None:
    assert reply({"*": {"error": 503, "message": "closed"}}, "x") == Reply(Answer(), 503, "closed")
    assert reply({"*": {"text": "a", "faults": "reset@3e"}}, "x").faults == "reset@3e"


def test_what_is_said_without_a_table(tmp_path: Path) -> None:
    assert Replies().reply(Wishes(prompt="hello"), "seed").answer.text == "hello"
    assert Replies().reply(Wishes(), "seed").answer.text == NOTHING_SAID
    one, other = (Replies(usual="lorem").reply(Wishes(prompt="hello"), seed).answer.text for seed in "ab")
    assert one == lorem("a") != other
    file = tmp_path / "answer.txt"
    file.write_text("from a file\n", encoding="utf-8")
    read = usual_of(str(file), lambda name: Path(name).read_text("utf-8"))
    assert read.reply(Wishes(prompt="x"), "seed").answer.text == "from a file\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a*": {"txt": "x"}}, "file:a*.txt: an answer has no 'txt'; did you mean 'text'?"),
        ({"a*": {"zzz": "x"}}, "file:a*.zzz: an answer has no 'zzz'; expected text, reasoning, refusal"),
        ({"a*": 3}, "file:a*: 'a*': found a number, expected a text or a table"),
        ({"a*": {"text": 3}}, "file:a*.text: text: found a number, expected a text"),
        ({"a*": {"error": "429"}}, "file:a*.error: error: found text, expected a status"),
        ({"a*": {}}, "file:a*: found an empty table, expected text, reasoning, refusal, tool"),
        ({"a*": {"error": 429, "text": "x"}}, "file:a*.text: text is never said beside error; expected one of them"),
        ({"a*": {"error": 200}}, "file:a*.error: error: found 200, expected a status from 400 to 599"),
        ({"a*": {"arguments": {}}}, "file:a*.arguments: arguments goes with tool, which is not here"),
        ({"a*": {"finish": "lenght"}}, "file:a*.finish: finish: found 'lenght'; did you mean 'length'?"),
        ({"/(/": "x"}, "file:/(/: '/(/' is no regular expression: "),
        ({"a*": "\ud800"}, "file:a*: text: found U+D800, half a surrogate pair"),
    ],
)
def test_a_typo_is_one_line_with_its_place(given: dict[str, Any], said: str) -> None:
    with pytest.raises(RepliesError) as raised:
        rows(**given)
    assert str(raised.value).startswith(said)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("ehco", "--answer ehco: No such file or directory; expected echo, lorem or a text file; did you mean echo?"),
        ("/", "--answer /: Is a directory; expected echo, lorem or a text file"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(word: str, said: str) -> None:
    with pytest.raises(RepliesError) as raised:
        usual_of(word, lambda name: Path(name).read_text("utf-8"))
    assert str(raised.value) == said
