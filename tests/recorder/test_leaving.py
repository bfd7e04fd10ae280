"""What becomes of a recording whose client leaves."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from cassettes.durations import DurationError
from recorder.leaving import LeavingPolicy, Live, leaving_policy
from recorder.recording import Recording
from recorder.upstream import Exchange


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("drain", ("drain", 10.0)),
        ("drain:0s", ("drain", 0.0)),
        ("drain:1.5s", ("drain", 1.5)),
        ("drain:250ms", ("drain", 0.25)),
        ("stop", ("stop", 0.0)),
        ("finish", ("finish", 0.0)),
    ],
)
def test_policies(text: str, policy: tuple[str, float]) -> None:
    assert leaving_policy(text) == policy


@pytest.mark.parametrize("text", ["", "wait", "stop:1s", "finish:", "drain:", "drain:soon", "Drain"])
def test_what_is_no_policy(text: str) -> None:
    with pytest.raises(DurationError, match="expected"):
        leaving_policy(text)


class Fake:
    """Recording and exchange in one: notes what it is told."""

    def __init__(self) -> None:
        self.finished = asyncio.get_running_loop().create_future()
        self.told: list[Any] = []

    def client_left(self, at: float) -> None:
        self.told.append(("left", at))

    def resume(self) -> None:
        self.told.append("resume")

    def give_up(self, ending: str) -> None:
        self.told.append(ending)
        if not self.finished.done():
            self.finished.set_result(None)


def live(fake: Fake, policy: LeavingPolicy) -> Live:
    return Live(cast(Recording, fake), cast(Exchange, fake), policy, lambda: 7.0)


LEFT = [("left", 7.0), "resume"]


async def told(policy: LeavingPolicy) -> list[Any]:
    fake = Fake()
    live(fake, policy).left()
    if policy.what == "drain":
        await fake.finished
    return fake.told


def test_stop_ends_at_once_and_a_drain_when_it_is_over() -> None:
    assert asyncio.run(told(LeavingPolicy("stop"))) == [*LEFT, "client_closed"]
    assert asyncio.run(told(LeavingPolicy("drain", 0.01))) == [*LEFT, "client_closed"]
    assert asyncio.run(told(LeavingPolicy("finish"))) == LEFT


def test_who_stops_a_live_recording_names_its_ending() -> None:
    async def endings() -> list[Any]:
        fake, other = Fake(), Fake()
        live(fake, LeavingPolicy()).stop()
        gone = live(other, LeavingPolicy("finish"))
        gone.left()
        gone.stop()
        return [*fake.told, *other.told]

    assert asyncio.run(endings()) == ["interrupted", *LEFT, "client_closed"]


def test_an_upstream_that_ends_during_the_drain_keeps_its_ending() -> None:
    async def drained() -> list[Any]:
        fake = Fake()
        live(fake, LeavingPolicy("drain", 0.01)).left()
        fake.finished.set_result(None)
        pending = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        await asyncio.sleep(0.03)  # the time of the drain, which must do nothing
        return [*fake.told, *pending]

    assert asyncio.run(drained()) == LEFT


def test_a_client_that_leaves_after_the_end_changes_nothing() -> None:
    async def left() -> list[Any]:
        fake = Fake()
        fake.finished.set_result(None)
        gone = live(fake, LeavingPolicy("stop"))
        gone.left()
        return [*fake.told, gone.has_left]

    assert asyncio.run(left()) == [False]
