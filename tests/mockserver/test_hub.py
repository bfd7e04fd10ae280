"""The hub on every loop with either timer: nothing early, nobody starved, nobody forgotten."""

import asyncio
import socket
import sys
import time
from itertools import pairwise
from random import Random

import pytest

from mockserver import hub as hub_module
from mockserver.hub import Hub

TIMERS = [
    pytest.param(True, id="timerfd", marks=pytest.mark.skipif(sys.platform != "linux", reason="timerfd is Linux's")),
    pytest.param(False, id="call_at"),
]


@pytest.fixture(params=["asyncio", "uvloop"])
def factory(request):
    return None if request.param == "asyncio" else pytest.importorskip("uvloop").new_event_loop


@pytest.fixture(params=TIMERS)
def run(request, factory):
    """Runs `scenario(hub)` on each loop with each timer."""

    async def scene(scenario):
        hub = Hub(asyncio.get_running_loop(), timerfd=request.param)
        try:
            return await asyncio.wait_for(scenario(hub), 20)
        finally:
            hub.close()

    def runner(scenario):
        with asyncio.Runner(loop_factory=factory) as active:
            return active.run(scene(scenario))

    return runner


class Sleeper:
    """Is woken at each of its deadlines in turn; keeps when that was. `over` is set after the last."""

    def __init__(self, *deadlines, log=None):
        self.deadlines = list(deadlines)
        self.woken = []
        self.log = log if log is not None else []
        self.finished = False
        self.over = asyncio.Event()

    def pump(self, now):
        self.woken.append((self.deadlines.pop(0), now, time.monotonic()))
        self.log.append(self)
        if self.deadlines:
            return self.deadlines[0]
        self.finished = True
        self.over.set()
        return None

    def start(self, hub):
        hub.add(self.deadlines[0], self)
        return self


def never_early(sleepers):
    return all(due <= told <= at for sleeper in sleepers for due, told, at in sleeper.woken)


def test_nobody_is_woken_early_or_forgotten(run):
    async def scenario(hub):
        random, start = Random(1), hub.now()
        sleepers = [Sleeper(start + random.uniform(0.0, 0.1)).start(hub) for _ in range(500)]
        for sleeper in sleepers:
            await sleeper.over.wait()
        return sleepers

    sleepers = run(scenario)
    assert never_early(sleepers)
    assert [len(sleeper.woken) for sleeper in sleepers] == [1] * 500


def test_deadlines_of_one_follow_each_other(run):
    async def scenario(hub):
        start = hub.now()
        sleeper = Sleeper(*(start + 0.0007 * number for number in range(100))).start(hub)
        await sleeper.over.wait()
        return sleeper

    sleeper = run(scenario)
    assert never_early([sleeper])
    assert len(sleeper.woken) == 100


def test_an_earlier_deadline_is_not_held_up_by_a_later_one(run):
    async def scenario(hub):
        log = []
        late = Sleeper(hub.now() + 60.0, log=log).start(hub)
        soon = Sleeper(hub.now() + 0.02, log=log).start(hub)
        past = Sleeper(hub.now() - 5.0, log=log).start(hub)
        await soon.over.wait()
        return log, [past, soon], late

    log, expected, late = run(scenario)
    assert log == expected
    assert late.woken == []


def test_equal_deadlines_are_one_wake_up_in_the_order_they_were_added(run):
    async def scenario(hub):
        log, ticks, when = [], set(), hub.now() + 0.02

        class Counting(Sleeper):
            def pump(self, now):
                ticks.add(hub._last_tick)
                return super().pump(now)

        sleepers = [Counting(when, log=log).start(hub) for _ in range(100)]
        for sleeper in sleepers:
            await sleeper.over.wait()
        return log, sleepers, ticks

    log, sleepers, ticks = run(scenario)
    assert log == sleepers
    assert len(ticks) == 1


class Greedy:
    """Has always more to do at once."""

    finished = False

    def __init__(self):
        self.pumps = 0

    def pump(self, now):
        self.pumps += 1
        return now


def test_who_always_wants_more_leaves_the_loop_its_turn(run):
    async def scenario(hub):
        greedy = Greedy()
        hub.add(hub.now(), greedy)
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            far.setblocking(False)
            for number in range(50):
                # Each of these needs the loop to look at its sockets and to run its callbacks.
                await loop.sock_sendall(near, b"%d" % number)
                assert await loop.sock_recv(far, 10) == b"%d" % number
                await asyncio.sleep(0)
        sleeper = Sleeper(hub.now() + 0.01).start(hub)
        await sleeper.over.wait()
        return greedy, sleeper

    greedy, sleeper = run(scenario)
    assert never_early([sleeper])
    assert greedy.pumps > 10


def test_who_has_more_at_once_waits_until_the_others_had_their_turn(run):
    async def scenario(hub):
        log, now = [], hub.now()
        sleepers = [Sleeper(now, now, now, log=log).start(hub) for _ in range(3)]
        for sleeper in sleepers:
            await sleeper.over.wait()
        return log, sleepers

    log, sleepers = run(scenario)
    assert log == sleepers * 3


def test_the_finished_are_left_alone(run):
    async def scenario(hub):
        gone = Sleeper(hub.now() + 0.005).start(hub)
        gone.finished = True
        after = Sleeper(hub.now() + 0.02).start(hub)
        await after.over.wait()
        return gone

    assert run(scenario).woken == []


def test_one_that_fails_takes_nobody_along(run):
    class Failing:
        finished = False

        def pump(self, now):
            raise ZeroDivisionError("of a stream")

    async def scenario(hub):
        told = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        when = hub.now() + 0.01
        before = Sleeper(when, when + 0.01).start(hub)
        hub.add(when, Failing())
        after = Sleeper(when).start(hub)
        await before.over.wait()
        await after.over.wait()
        return told

    (context,) = run(scenario)
    assert isinstance(context["exception"], ZeroDivisionError)


def test_one_woken_may_add_another(run):
    async def scenario(hub):
        follower = Sleeper(hub.now() + 0.001)

        class Leader(Sleeper):
            def pump(self, now):
                follower.start(hub)
                return super().pump(now)

        Leader(hub.now() + 0.01).start(hub)
        await follower.over.wait()
        return follower

    assert len(run(scenario).woken) == 1


def test_in_a_crowd_wake_ups_are_spaced_and_still_not_early(run, monkeypatch):
    monkeypatch.setattr(hub_module, "CROWD", 50)
    monkeypatch.setattr(hub_module, "CROWD_SPACING", 0.005)

    async def scenario(hub):
        ticks = set()

        class Counting(Sleeper):
            def pump(self, now):
                ticks.add(hub._last_tick)
                return super().pump(now)

        random, start = Random(2), hub.now()
        waiting = [Sleeper(start + 60.0).start(hub) for _ in range(60)]
        sleepers = [Counting(start + random.uniform(0.0, 0.1)).start(hub) for _ in range(200)]
        for sleeper in sleepers:
            await sleeper.over.wait()
        assert all(not one.woken for one in waiting)
        return sleepers, sorted(ticks)

    sleepers, ticks = run(scenario)
    assert never_early(sleepers)
    # uvloop's own timer fires up to a millisecond early (facts of the clock, not of the hub).
    assert all(later - earlier >= 0.0035 for earlier, later in pairwise(ticks))


def test_streams_whose_client_left_are_not_kept_for_hours(run):
    async def scenario(hub):
        alive = [Sleeper(hub.now() + 3600.0).start(hub) for _ in range(10)]
        for _ in range(5 * hub_module.SWEEP):
            Sleeper(hub.now() + 3600.0).start(hub).finished = True
        assert len(hub._heap) <= 2 * hub_module.SWEEP
        assert set(alive) <= {entry[2] for entry in hub._heap}
        woken = Sleeper(hub.now() + 0.005).start(hub)
        await woken.over.wait()

    run(scenario)


def test_a_closed_hub_wakes_nobody(run):
    async def scenario(hub):
        sleeper = Sleeper(hub.now() + 0.01).start(hub)
        hub.close()
        # A sleep as the thing that is looked at: the deadline passes and nothing comes.
        await asyncio.sleep(0.03)
        return sleeper

    assert run(scenario).woken == []


def test_the_clock_is_the_one_of_all_deadlines(run):
    async def scenario(hub):
        before = time.monotonic()
        now = hub.now()
        await hub.sleep(0.0)
        return before <= now <= time.monotonic()

    assert run(scenario)


def test_the_beginning_of_time_is_no_reason_to_disarm(run):
    # A timerfd that is set to 0 is off; a deadline of 0 is long past.
    async def scenario(hub):
        sleeper = Sleeper(0.0).start(hub)
        await sleeper.over.wait()
        return sleeper

    assert never_early([run(scenario)])


def test_the_timer_of_this_system_is_chosen(factory):
    async def scenario():
        hub = Hub(asyncio.get_running_loop())
        hub.close()
        return type(hub._timer).__name__

    with asyncio.Runner(loop_factory=factory) as active:
        assert active.run(scenario()) == ("_TimerFd" if sys.platform == "linux" else "_CallAt")


def test_the_wall_clock_is_believed_for_a_moment_only():
    now = Hub.now()
    assert Hub.past(None) >= now
    assert now - 0.5 <= Hub.past(time.time() - 0.5) <= Hub.now() - 0.4
    for wall in (time.time() + 60.0, time.time() - 60.0):
        assert Hub.past(wall) >= now


def test_what_is_forgotten_is_not_woken() -> None:
    async def run() -> list[str]:
        loop = asyncio.get_running_loop()
        hub, woken, done = Hub(loop), [], loop.create_future()

        class Woken:
            finished = False

            def __init__(self, name: str) -> None:
                self.name = name

            def pump(self, now: float) -> None:
                woken.append(self.name)
                if self.name == "last":
                    done.set_result(None)

        first = Woken("first")
        hub.add(hub.now() + 0.01, first)
        hub.add(hub.now() + 0.02, Woken("last"))
        hub.forget(first)
        await done
        hub.close()
        return woken

    assert asyncio.run(run()) == ["last"]


def test_the_wall_clock_at_a_time_of_the_hub() -> None:
    assert abs(Hub.wall(Hub.now() - 5.0) - (time.time() - 5.0)) < 1.0
