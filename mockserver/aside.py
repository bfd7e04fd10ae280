"""An event loop in a thread of its own, so that a server can run in a process that has other things to do.

Knows no server. Of the process around it nothing is changed: not its event loop policy, its signals, its garbage
collector. Imports asyncio and the standard library.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Aside:
    """One thread that runs one loop, from `start` to `stop`. What is handed to it may come from any thread, also from
    one that runs a loop itself."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether something can be handed to it."""
        return self._loop is not None

    def start(self) -> None:
        """Returns once the loop runs, after some 0.5 ms."""
        started: Future[None] = Future()
        # A daemon: a process that dies amid a test must not hang on a server that nobody stopped.
        self._thread = threading.Thread(target=self._main, args=(started,), name=self._name, daemon=True)
        self._thread.start()
        started.result()

    def stop(self) -> None:
        """Ends the loop and what is left in it; returns when the thread is gone."""
        loop, over, thread = self._loop, self._over, self._thread
        self._loop = self._over = self._thread = None
        if loop is not None and over is not None and thread is not None:
            loop.call_soon_threadsafe(over.set)
            thread.join()

    def call(self, function: Callable[[], T]) -> T:
        """What `function` returns or raises, called in the loop's thread."""
        if threading.current_thread() is self._thread:
            return function()
        called: Future[T] = Future()

        def run() -> None:
            try:
                called.set_result(function())
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                called.set_exception(error)

        self._running().call_soon_threadsafe(run)
        return called.result()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Runs `coroutine` in the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._running())

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the server is not running: use it inside its `with` block")
        return self._loop

    def _main(self, started: Future[None]) -> None:
        try:
            # The class itself: a policy of the user's, uvloop's say, is for the user's loops. The runner ends tasks and
            # the threads of `to_thread` with the loop; outside the main thread it touches no signal.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._run(started))
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    async def _run(self, started: Future[None]) -> None:
        self._over = over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        started.set_result(None)
        await over.wait()
