"""Function calls whose arguments come in pieces."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.dialects.gemini_calls import Call


def put_together(*calls: dict[str, object], **beside: object) -> dict[str, object]:
    """The part that these calls make, one event after the other."""
    parts = [{"functionCall": call} for call in calls]
    call = Call(parts[0] | beside)
    for part in parts:
        call.add(part)
    return call.whole()


def args_of(*pieces: dict[str, object], args: dict[str, object] | None = None) -> object:
    call = put_together({"name": "f", "args": args, "willContinue": True}, {"partialArgs": list(pieces)})[
        "functionCall"
    ]
    assert isinstance(call, dict)
    return call["args"]


def test_a_call_that_came_whole_stays_as_it_is() -> None:
    call: dict[str, object] = {"id": "c1", "name": "f", "args": {"city": "Seoul"}}
    assert put_together(call, thoughtSignature="s") == {"functionCall": call, "thoughtSignature": "s"}
    assert put_together({"name": "f"}) == {"functionCall": {"name": "f"}}
    assert put_together({"name": "f", "args": {}}) == {"functionCall": {"name": "f", "args": {}}}


def test_a_call_in_pieces_is_a_call() -> None:
    whole = put_together(
        {"name": "read", "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.id", "stringValue": "A", "willContinue": True}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.id", "stringValue": "B"}], "willContinue": True},
        {},
    )
    assert whole == {"functionCall": {"name": "read", "args": {"id": "AB"}}}


def test_a_call_says_whether_it_goes_on() -> None:
    call = Call({})
    assert call.add({"functionCall": {"name": "f", "willContinue": True}})
    assert not call.add({"functionCall": {"willContinue": False}})
    assert not call.add({"functionCall": {}})
    assert not call.add({"functionCall": "f"})


@pytest.mark.parametrize(
    ("pieces", "args"),
    [
        ([{"jsonPath": "$.n", "numberValue": 1.5}], {"n": 1.5}),
        ([{"jsonPath": "$.b", "boolValue": False}], {"b": False}),
        ([{"jsonPath": "$.z", "nullValue": "NULL_VALUE"}], {"z": None}),
        (
            [{"jsonPath": "$.a.b.c", "stringValue": "x"}, {"jsonPath": "$.a.d", "stringValue": "y"}],
            {"a": {"b": {"c": "x"}, "d": "y"}},
        ),
        ([{"jsonPath": "$.l[0]", "numberValue": 1}, {"jsonPath": "$.l[1]", "numberValue": 2}], {"l": [1, 2]}),
        (
            [{"jsonPath": "$.l[0].k", "stringValue": "x"}, {"jsonPath": "$.l[0].m", "stringValue": "y"}],
            {"l": [{"k": "x", "m": "y"}]},
        ),
        ([{"jsonPath": "$['a b']['c.d']", "stringValue": "x"}], {"a b": {"c.d": "x"}}),
        ([{"jsonPath": '$["a"]', "stringValue": "x"}], {"a": "x"}),
        # Said twice without saying that it goes on: the later counts.
        ([{"jsonPath": "$.a", "stringValue": "x"}, {"jsonPath": "$.a", "stringValue": "y"}], {"a": "y"}),
        # What makes no sense is kept, and fills up no list.
        ([{"jsonPath": "a", "stringValue": "x"}], {"a": "x"}),
        ([{"jsonPath": "$..a", "stringValue": "x"}], {"$..a": "x"}),
        ([{"jsonPath": "$", "stringValue": "x"}], {"$": "x"}),
        ([{"jsonPath": "$.l[999999999]", "stringValue": "x"}], {"l": [], "$['l'][999999999]": "x"}),
        ([{"jsonPath": "$" + ".a" * 100, "stringValue": "x"}], {"$" + ".a" * 100: "x"}),
        ([{"jsonPath": "$.a", "numberValue": 1}, {"jsonPath": "$.a.b", "numberValue": 2}], {"a": 1, "$['a']['b']": 2}),
        ([{"stringValue": "x"}, {"jsonPath": 3}], {}),
    ],
)
def test_pieces_go_to_their_places(pieces: list[dict[str, object]], args: object) -> None:
    assert args_of(*pieces) == args


def test_arguments_that_came_whole_are_not_written_into() -> None:
    given_args: dict[str, object] = {"a": {"b": 1}}
    assert args_of({"jsonPath": "$.a.c", "numberValue": 2}, args=given_args) == {"a": {"b": 1}, "$['a']['c']": 2}
    assert given_args == {"a": {"b": 1}}


paths = st.lists(st.sampled_from([".a", ".b", "[0]", "[1]", "['c']", ".", "["]), max_size=6).map(
    lambda one: "$" + "".join(one)
)
pieces = st.fixed_dictionaries(
    {"jsonPath": paths},
    optional={"stringValue": st.text(max_size=3), "numberValue": st.integers(), "willContinue": st.booleans()},
)


@given(st.lists(pieces, max_size=12))
def test_no_piece_makes_it_raise_or_touch_what_it_was_given(found: list[dict[str, object]]) -> None:
    before = copy.deepcopy(found)
    args = args_of(*found)
    assert isinstance(args, dict)
    assert found == before


def test_long_texts_are_joined_once() -> None:
    # 200,000 pieces: joining at each of them would take minutes.
    piece = {"jsonPath": "$.text", "stringValue": "x" * 50, "willContinue": True}
    assert args_of(*[piece] * 200_000) == {"text": "x" * 10_000_000}
