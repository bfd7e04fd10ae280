"""What all speakers need: chance by a seed, bytes of an event, the pieces of an answer in order."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import sse
from cassettes.dialects.delta import Delta, ToolPart
from cassettes.dialects.speech import (
    Piece,
    Saying,
    Speech,
    Spoken,
    Unsaid,
    Voice,
    dumps,
    encoded,
    gathered_usage,
    in_turn,
    last_finish,
    pieces,
)
from cassettes.dialects.speech import sse as block


def test_a_seed_decides_every_id_and_a_name_tells_them_apart() -> None:
    one, same, other = Voice(seed="7"), Voice(seed="7", model="m"), Voice(seed="8")
    assert one.token("a", 24) == same.token("a", 24)
    assert len({one.token("a", 24), one.token("b", 24), other.token("a", 24)}) == 3
    assert [part and len(part) for part in one.uuid("a").split("-")] == [8, 4, 4, 4, 12]
    assert set(one.hexes("a", 64)) <= set("0123456789abcdef")


def test_another_process_draws_the_same() -> None:
    code = "from cassettes.dialects.speech import Voice; print(Voice(seed='7').token('a', 24))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == Voice(seed="7").token("a", 24)


@pytest.mark.parametrize(
    ("value", "spaced", "text"),
    [
        ({"a": "모 \u2028\x85", "b": [1]}, False, '{"a":"모 \\u2028\\u0085","b":[1]}'),
        ({"a": 1, "b": 2}, True, '{"a": 1,"b": 2}'),
        ("\r\n\x00", False, '"\\r\\n\\u0000"'),
    ],
)
def test_json_is_one_line_for_every_reader(value: object, spaced: bool, text: str) -> None:
    assert dumps(value, spaced=spaced) == text
    assert len(text.splitlines()) == 1


def test_half_a_surrogate_pair_becomes_its_escape() -> None:
    assert json.loads(encoded(dumps("\ud83d"))) == "\ud83d"


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_an_event_is_a_block_that_a_parser_reads_back(eol: str) -> None:
    blocks, rest = sse.parse(block('{"a":1}', "name", eol))
    assert not rest
    assert blocks[0].message is not None
    assert (blocks[0].message.event, blocks[0].message.data) == ("name", '{"a":1}')


def test_what_cannot_be_said_is_told_once() -> None:
    saying = Saying()
    saying.now = 2
    saying.add(b"x")
    saying.leave_out("reasoning", "no place")
    saying.now = 3
    saying.leave_out("reasoning", "no place")
    saying.add(b"y")
    assert saying.speech() == Speech((Spoken(b"x", 2), Spoken(b"y", 3)), (Unsaid(2, "reasoning", "no place"),))
    assert saying.speech().body == b"xy"
    assert len(saying) == 2


def test_usage_and_finish_are_those_of_the_whole_answer() -> None:
    said = [Delta(usage={"input_tokens": 3, "output_tokens": 1}), Delta(finish="a"), Delta(usage={"output_tokens": 9})]
    assert gathered_usage(said) == {"input_tokens": 3, "output_tokens": 9}
    assert last_finish(said) == (1, "a")
    assert (gathered_usage([]), last_finish([])) == (None, (-1, ""))


def test_one_delta_may_say_several_things() -> None:
    call = ToolPart(0, "i", "f")
    assert list(pieces([Delta(), Delta("t", "r", tools=(call,))])) == [
        Piece(1, "reasoning", "r"),
        Piece(1, "text", "t"),
        Piece(1, "tool", tool=call),
    ]


def test_a_call_goes_on_to_its_end_and_the_rest_waits() -> None:
    said = [
        Delta(tools=(ToolPart(5, name="a"),)),
        Delta("between"),
        Delta(tools=(ToolPart(9, name="b", arguments="1"),)),
        Delta(tools=(ToolPart(5, arguments="2"),)),
        Delta(tools=(ToolPart(9, arguments="3"),)),
    ]
    told = [(piece.at, piece.kind, piece.text or piece.tool.arguments, piece.tool.number) for piece in in_turn(said)]
    assert told == [
        (0, "tool", "", 0),
        (3, "tool", "2", 0),
        (3, "text", "between", 0),
        (3, "tool", "1", 1),
        (4, "tool", "3", 1),
    ]


DELTAS = st.lists(
    st.one_of(
        st.builds(Delta, text=st.text(max_size=3)),
        st.builds(lambda n, a: Delta(tools=(ToolPart(n, arguments=a),)), st.integers(0, 3), st.text(max_size=2)),
    )
)


@given(DELTAS)
def test_in_turn_nothing_is_lost_and_no_call_is_interrupted(said: list[Delta]) -> None:
    told = list(in_turn(said))
    assert len(told) == len(list(pieces(said)))
    assert [piece.at for piece in told] == sorted(piece.at for piece in told)
    runs = [piece.tool.number for piece in told if piece.kind == "tool"]
    assert runs == sorted(runs)
    for kind in ("text", "tool"):
        assert sorted(p.text + p.tool.arguments for p in told if p.kind == kind) == sorted(
            p.text + p.tool.arguments for p in pieces(said) if p.kind == kind
        )
