"""The plain values of an event: what adds nothing says so."""

from __future__ import annotations

from cassettes.dialects.delta import NOTHING, Delta, ToolPart


def test_an_event_that_adds_nothing_is_nothing() -> None:
    assert Delta() == NOTHING
    assert not any(NOTHING)


def test_pieces_of_a_call_differ_by_what_they_add() -> None:
    assert ToolPart(0, arguments="{") != ToolPart(0, arguments="}")
    assert any(Delta(tools=(ToolPart(0, id="call_1", name="look_up"),)))
