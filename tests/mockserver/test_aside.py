"""A loop in a thread: what is handed to it is done there, its errors come back, nothing of it stays."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest

from mockserver.aside import Aside


@pytest.fixture
def aside():
    one = Aside("aside")
    one.start()
    yield one
    one.stop()


def test_what_is_called_runs_in_the_thread_and_comes_back(aside):
    assert aside.is_running
    assert aside.call(lambda: threading.current_thread().name) == "aside"
    assert aside.call(lambda: aside.call(lambda: asyncio.get_running_loop().is_running()))
    with pytest.raises(KeyError, match="what was not there"):
        aside.call(lambda: {}["what was not there"])


def test_a_coroutine_runs_beside_the_callers(aside):
    async def later():
        await asyncio.sleep(0)
        return threading.current_thread().name

    assert aside.submit(later()).result() == "aside"

    async def inside():
        assert aside.call(lambda: 5) == 5
        return await asyncio.wrap_future(aside.submit(later()))

    assert asyncio.run(inside()) == "aside"


def test_what_is_still_running_ends_with_it():
    ended = []

    async def endless():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        ended.append(True)

    one = Aside("aside")
    one.start()
    pending = one.submit(endless())
    one.call(lambda: None)
    one.stop()
    assert ended == [True]
    assert pending.done()
    assert not [thread for thread in threading.enumerate() if thread.name == "aside"]
    assert not one.is_running
    one.stop()


def test_it_says_how_it_is_to_be_used_when_it_is_not_running():
    with pytest.raises(RuntimeError, match=r"inside its `with` block"):
        Aside("aside").call(lambda: 1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # policies, from Python 3.14 on
def test_the_users_policy_is_not_asked_for_its_loop():
    class Policy(asyncio.DefaultEventLoopPolicy):
        def new_event_loop(self):
            raise AssertionError("the user's policy was asked for a loop")

    before = asyncio.get_event_loop_policy()
    policy = Policy()
    asyncio.set_event_loop_policy(policy)
    try:
        one = Aside("aside")
        one.start()
        assert one.call(lambda: type(asyncio.get_running_loop())) is asyncio.SelectorEventLoop
        one.stop()
        assert asyncio.get_event_loop_policy() is policy
    finally:
        asyncio.set_event_loop_policy(before)


def test_a_loop_that_cannot_start_says_why(monkeypatch):
    def refused(*_):
        raise OSError("no descriptors left")

    monkeypatch.setattr(asyncio, "SelectorEventLoop", refused)
    with pytest.raises(OSError, match="no descriptors left"):
        Aside("aside").start()
