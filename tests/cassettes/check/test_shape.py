"""The keys of one event: missing, mistyped, unknown, and what a provider may do otherwise."""

from __future__ import annotations

from cassettes.check.shape import Misfit, Shapes
from cassettes.grammar import GRAMMARS
from cassettes.grammar.table import Quirk

ANTHROPIC, CHAT = GRAMMARS["anthropic"], GRAMMARS["openai-chat"]
START = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
CHUNK = {
    "id": "x",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}],
}


def misfits(event: dict[str, object], *quirks: Quirk) -> list[Misfit]:
    shapes = Shapes(CHAT if "choices" in event else ANTHROPIC, quirks)
    kind = shapes.kind_of(event)
    assert kind
    return list(shapes.misfits(kind, event))


def test_what_fits() -> None:
    assert misfits(START) == []
    assert misfits(CHUNK) == []


def test_what_is_missing_is_named_where_its_object_is_there() -> None:
    assert misfits({"type": "content_block_start"}) == [
        Misfit("keys", "no index", "integer"),
        Misfit("keys", "no content_block", "object"),
    ]
    assert misfits({**CHUNK, "choices": [{"index": 0, "delta": {}}]}) == [
        Misfit("keys", "no choices[].finish_reason", "string or null")
    ]
    assert misfits({**CHUNK, "choices": []}) == []


def test_types_are_told() -> None:
    assert misfits({**START, "index": "0"}) == [Misfit("keys", "index is a string", "integer")]
    assert misfits({**CHUNK, "choices": None}) == [Misfit("keys", "choices is null", "list")]
    assert misfits({**CHUNK, "usage": []}) == [Misfit("keys", "usage is a list", "object or null")]


def test_a_variant_needs_keys_of_its_own() -> None:
    assert misfits({**START, "content_block": {"type": "tool_use", "id": "t", "name": "n"}}) == [
        Misfit("keys", "no content_block.input", "object")
    ]
    assert misfits({**START, "content_block": {"type": "hologram"}}) == [
        Misfit("variant", "content_block.type is 'hologram', which is in no table")
    ]
    assert misfits({**START, "content_block": {"type": 7}})[0].rule == "variant"


def test_unknown_keys_are_told_where_the_table_knows_the_keys() -> None:
    assert misfits({**START, "surprise": 1}) == [Misfit("key", "the key surprise, which is in no table")]
    assert misfits({**START, "content_block": {"type": "text", "text": "", "citations": []}}) == []
    odd = {**CHUNK, "choices": [{**CHUNK["choices"][0], "delta": {"mood": "fine"}}]}
    assert misfits(odd) == [Misfit("key", "the key choices[].delta.mood, which is in no table")]


def test_a_quirk_leaves_out_adds_and_says() -> None:
    quirk = Quirk(("p",), "seen", lacks=("chunk:model",), adds=("chunk:choices[].delta.mood",), says=("object=",))
    event = {**CHUNK, "object": "", "choices": [{"index": 0, "delta": {"mood": "x"}, "finish_reason": None}]}
    del event["model"]
    assert misfits(event, quirk) == []
    assert {one.rule for one in misfits(event)} == {"keys", "key", "variant"}


def test_kinds_are_told_by_type_or_by_what_is_in_them() -> None:
    shapes = Shapes(CHAT, ())
    kinds = {name: shapes.kind_of(event) for name, event in {
        "error": {"error": {"message": "x"}, "choices": []},
        "chunk": CHUNK,
        "other": {"type": "ping"},
    }.items()}  # fmt: skip
    assert {name: kind and kind.name for name, kind in kinds.items()} == {
        "error": "error",
        "chunk": "chunk",
        "other": None,
    }
    assert Shapes(ANTHROPIC, ()).kind_of({"type": "surprise"}) is None
    assert Shapes(ANTHROPIC, ()).kind_of({"type": 1}) is None


def test_values_deep_in_an_event_do_not_matter() -> None:
    deep: object = 1
    for _ in range(500):
        deep = {"deeper": [deep]}
    assert misfits({**CHUNK, "usage": {"details": deep}}) == []
