"""Who ended an answer, and how."""

from array import array

import pytest

from mockserver.outcomes import ended
from mockserver.plan import Plan


def plan(action, advances=True):
    return Plan(b"", array("d"), array("q"), action, 0.0, 200, 0, advances)


@pytest.mark.parametrize(
    ("outcome", "action", "advances", "stopping", "expected"),
    [
        ("played", "keep", True, False, ("tape", "kept-alive")),
        ("played", "close", True, False, ("tape", "fin")),
        ("played", "reset", False, False, ("fault", "reset")),
        ("played", "keep", False, False, ("fault", "kept-alive")),
        ("played", "truncate", False, False, ("fault", "fin")),
        ("played", "stall", True, False, ("client", "client-left")),
        ("played", "half-close", False, True, ("shutdown", "aborted")),
        ("client-left", "keep", True, False, ("client", "client-left")),
        ("client-left", "reset", False, True, ("shutdown", "aborted")),
        ("dropped", "keep", True, False, ("control", "reset")),
    ],
)
def test_who_ended_it(outcome, action, advances, stopping, expected):
    assert ended(outcome, plan(action, advances), stopping=stopping) == expected
