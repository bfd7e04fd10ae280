"""A tape as places are counted on it: wire bytes, events, names."""

import msgspec
import pytest
from faulted import EVENTS, body, plan_of, side, tape
from hypothesis import given
from hypothesis import strategies as st

from cassettes.model import Ending
from mockserver.faults.grammar import FaultError
from mockserver.faults.tapeside import event_names
from mockserver.plan import Asking, compile_plan


@given(
    st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6), st.integers(0, 300), st.sampled_from([0, 3])
)
def test_wire_bytes_are_those_of_the_plan(datas, number, missing):
    timeline = tape(*datas, end=Ending(type="cut", missing=missing) if missing else Ending())
    if missing:
        last = timeline.frames[-1]._replace(more=True)
        timeline = msgspec.structs.replace(timeline, frames=(*timeline.frames[:-1], last))
    wire = body(compile_plan(timeline, Asking()))
    if number > len(wire):
        with pytest.raises(FaultError, match=f"{len(wire)} wire bytes"):
            side(timeline).on_wire(number)
        return
    assert body(plan_of(f"cut@{number}w", timeline)) == wire[:number]


def test_events():
    whole = side(tape())
    assert [whole.event(number) for number in (0, 4)] == [EVENTS[0], EVENTS[3]]
    assert whole.event_at(0) == 0
    assert whole.event_at(len(EVENTS[0])) == 1
    for position, said in [(3, "event 0e starts at byte 0"), (whole.events[-1], "the tape has 5, 0e to 4e")]:
        with pytest.raises(FaultError) as caught:
            whole.event_at(position)
        assert said in str(caught.value)
    with pytest.raises(FaultError, match="no events"):
        side(tape(b"plain"), "none").event_at(0)


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (b"event: ping\ndata: {}\n\n", ("ping",)),
        (b'data: {"type":"x"}\n\n', ("x",)),
        (b'event: x\ndata: {"type":"x"}\n\n', ("x",)),
        (b'event: a\ndata: {"type":"b"}\n\n', ("a", "b")),
        (b": c\n\n", ()),
        (b"data: [DONE]\n\n", ()),
        (b'{"type":"t"}\n', ("t",)),
    ],
)
def test_names_of_an_event(event, names):
    assert event_names(event) == names
