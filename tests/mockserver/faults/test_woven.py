"""Pieces that know the tape's bytes: edges, insertions, replacements, rewriting, shifts."""

import pytest
from faulted import side, tape
from hypothesis import given
from hypothesis import strategies as st

from mockserver.faults.grammar import FaultError
from mockserver.faults.places import Place
from mockserver.faults.woven import Woven, size_line


def woven(*pieces):
    return Woven(side(tape(*pieces)))


def at(position):
    return Place("body", position)


def shown(one):
    return [(piece.data, piece.start, piece.stop) for piece in one.pieces]


def test_edges():
    one = woven(b"abc", b"def")
    assert [one.edge(place) for place in (0, 3, 6, 4)] == [0, 1, 2, 2]
    assert shown(one) == [(b"abc", 0, 3), (b"d", 3, 4), (b"ef", 4, 6)]
    assert one.pieces[1].chunk == one.pieces[2].chunk != one.pieces[0].chunk


def test_insertions_come_in_the_order_of_writing():
    one = woven(b"abc")
    one.insert(at(1), b"1")
    one.insert(at(1), b"2")
    one.insert(at(0), b"0")
    assert one.joined == b"0a12bc"
    assert one.edge(1) == 4
    assert len({piece.chunk for piece in one.pieces}) == 4


def test_what_was_replaced_keeps_its_place():
    one = woven(b"abc", b"def")
    one.put(1, 5, b"XYZUVW")
    assert one.joined == b"aXYZUVWf"
    one.insert(at(5), b"!")
    one.put(2, 3, b"")
    assert one.joined == b"aXZUVW!f"
    assert one.data_between(1, 5) == b"XZUVW"


@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=5), st.data())
def test_rewriting_is_replacing_in_the_whole(pieces, data):
    one, whole = woven(*pieces), b"".join(pieces)
    marks = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=8)))
    edits = [
        (start, stop, data.draw(st.binary(max_size=3))) for start, stop in zip(marks[::2], marks[1::2], strict=False)
    ]
    expected, last = b"", 0
    for start, stop, text in edits:
        expected += whole[last:start] + text
        last = stop
    one.rewrite(edits)
    assert one.joined == expected + whole[last:]
    assert [(piece.start, piece.stop) for piece in one.pieces] == [(p.start, p.stop) for p in woven(*pieces).pieces]


def test_shifts_never_overtake_and_leave_what_is_fixed():
    one = woven(b"a", b"b", b"c")
    one.insert(at(1), b"!", at_ms=25.0, fixed=True)
    one.shift(one.edge(1), 100.0)
    assert [piece.at_ms for piece in one.pieces] == [20.0, 25.0, 130.0, 140.0]
    one.shift(2, -1000.0)
    assert [piece.at_ms for piece in one.pieces] == [20.0, 25.0, 25.0, 25.0]
    assert one.end_at_ms == 25.0


def test_a_copy_is_its_own():
    one = woven(b"abc")
    twin = one.copy()
    twin.insert(at(1), b"!")
    twin.bad_sizes[1] = b"x"
    assert (one.joined, one.bad_sizes) == (b"abc", {})


def test_a_replaced_answer_has_no_events():
    one = woven(b"data: a\n\n")
    assert one.head is not None
    one.answer("html", one.head, b"page")
    assert one.joined == b"page"
    with pytest.raises(FaultError, match="replaced by html"):
        one.events_only()


def test_the_end():
    one = woven(b"abc")
    assert one.is_end(at(3))
    assert not one.is_end(at(2))
    assert not one.is_end(Place("body", 3, 2))
    assert size_line(26, b"a=b") == b"1a;a=b\r\n"
