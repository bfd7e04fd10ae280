"""The agent's own tests: a tape for each, recorded by `pytest --tokentape-record=once`."""

from __future__ import annotations

import pytest
from agent import Agent

CALLS = ["look", "read", "write", "run", "look"]


def work() -> tuple[str, list[str]]:
    agent = Agent({name: lambda name=name, **where: f"{name} at {where['place']}" for name in CALLS})
    return agent.do("Do it."), agent.called


@pytest.mark.tokentape(strict=True)
def test_the_whole_loop(tokentape):
    assert work() == ("about , time 1, streamed", CALLS)
    assert len(tokentape.requests) == len(CALLS) + 1


@pytest.mark.tokentape("test_the_whole_loop", faults="status#1:503,retry-after-ms=1")
def test_each_turn_is_refused_once(tokentape):
    assert work() == ("about , time 1, streamed", CALLS)
    assert [one.status for one in tokentape.requests] == [503, 200] * (len(CALLS) + 1)
