"""What comes in pieces inside a chat message: texts, tool calls, lists of entries."""

from cassettes.dialects.openai_pieces import Calls, Entries, Fields, Text, extend, inner, keep, number


def text(*parts: str | list[object]) -> object:
    held = Text()
    for part in parts:
        held.add(part)
    return held.value()


def calls(*parts: object) -> list[Fields]:
    held = Calls()
    for part in parts:
        held.add([part])
    return held.body()


def call(ident: str, name: str, arguments: str) -> Fields:
    return {"id": ident, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_texts_are_joined_and_runs_of_parts_become_one() -> None:
    assert text("Mo", "", "ss") == "Moss"
    assert text([]) == []
    assert text(["", {"type": "text", "text": ""}]) == []
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": one}]} for one in ("so ", "green")]
    reference = {"type": "reference", "reference_ids": [1]}
    assert text([thought[0]], [thought[1]], "Mo", "ss", [reference, {"type": "text", "text": "."}]) == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "so green"}]},
        {"type": "text", "text": "Moss"},
        reference,
        {"type": "text", "text": "."},
    ]


def test_tool_calls_are_told_apart_by_index() -> None:
    assert calls(
        {"index": 1, "id": "b", "type": "function", "function": {"name": "two", "arguments": ""}},
        {"index": 0, "id": "a", "type": "function", "function": {"name": "one", "arguments": ""}},
        {"index": 1, "function": {"arguments": '{"x"'}},
        {"index": 0, "function": {"arguments": "{}"}},
        {"index": 1, "function": {"arguments": ":1}"}},
        "no call",
    ) == [call("a", "one", "{}"), call("b", "two", '{"x":1}')]


def test_tool_calls_without_an_index_are_told_apart_by_id() -> None:
    assert calls(
        {"id": "a", "function": {"name": "one", "arguments": "{"}},
        {"function": {"arguments": "}"}},
        {"id": "b", "function": {"name": "two", "arguments": {"x": 1}}},
    ) == [call("a", "one", "{}"), call("b", "two", '{"x":1}')]


def test_calls_that_share_an_index_stay_two_if_each_has_an_id_and_a_name() -> None:
    assert calls(
        {"index": 0, "id": "a", "function": {"name": "one", "arguments": "{}"}},
        {"index": 0, "id": "b", "function": {"name": "two", "arguments": "{}"}},
        {"index": 0, "id": "another for every piece", "function": {"arguments": " "}},
    ) == [call("a", "one", "{}"), call("b", "two", "{} ")]


def test_names_come_whole_in_parts_or_again_and_again() -> None:
    assert calls({"index": 0, "function": {"name": "get_"}}, {"index": 0, "function": {"name": "moss"}}) == [
        call("", "get_moss", "")
    ]
    again = {"index": 0, "id": "a", "function": {"name": "moss", "arguments": "{}"}}
    assert calls(again, again) == [call("a", "moss", "{}{}")]


def test_what_else_a_call_has_is_kept() -> None:
    custom = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": "select"}}
    assert calls(custom, {"index": 0, "custom": {"input": " 1"}, "extra_content": {"google": {}}}) == [
        {"id": "a", "type": "custom", "extra_content": {"google": {}}, "custom": {"name": "sql", "input": "select 1"}}
    ]
    assert calls({"index": 0, "type": None}) == [call("", "", "")]


def test_arguments_that_are_no_text_become_json() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert calls({"index": 0, "function": {"arguments": [1]}}, {"index": 0, "function": {"arguments": None}}) == [
        call("", "", "[1]")
    ]
    assert calls({"index": 0, "function": {"arguments": deep}}) == [call("", "", "")]


def test_entries_of_one_index_and_type_become_one() -> None:
    held = Entries()
    held.add([{"type": "reasoning.text", "text": "so ", "signature": "", "format": "f", "index": 0}])
    held.add([{"type": "reasoning.text", "text": "green", "signature": "s", "format": "f", "index": 0}, 5])
    held.add([{"type": "reasoning.encrypted", "data": one, "index": 0} for one in ("x", "y")])
    assert held.body() == [
        {"type": "reasoning.text", "text": "so green", "signature": "s", "format": "f", "index": 0},
        5,
        {"type": "reasoning.encrypted", "data": "x", "index": 0},
        {"type": "reasoning.encrypted", "data": "y", "index": 0},
    ]


def test_the_last_value_that_says_something_wins_and_chunks_stay_as_they_are() -> None:
    fields: Fields = {}
    chunk: Fields = {"id": "1", "filter": {"hate": False}}
    for value in (None, "a", "", None, "b"):
        keep(fields, "word", value)
    keep(fields, "nothing", None)
    keep(fields, "x", chunk)
    keep(fields, "x", {"seed": 1})
    assert fields == {"word": "b", "nothing": None, "x": {"id": "1", "filter": {"hate": False}, "seed": 1}}
    assert chunk == {"id": "1", "filter": {"hate": False}}


def test_places_are_made_as_they_are_needed() -> None:
    fields: Fields = {"a": 1}
    inner(fields, "a")["b"] = 2
    values: list[object] = [1]
    extend(fields, "c", values)
    extend(fields, "c", [2])
    assert fields == {"a": {"b": 2}, "c": [1, 2]}
    assert values == [1]
    assert [number(one) for one in (0, 3, -1, True, 1.0, "1", None)] == [0, 3, None, None, None, None, None]
