"""A server in a thread of this process: `serve()`, for tests and notebooks. Soon ready, soon gone.

How it starts and stops; what tests see of it is `mock`, what they change `embedded`. Imports `cassettes` and this
package.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from cassettes.matching import Index
from cassettes.normalise import NO_RULES, Rules, rules_of
from cassettes.redact import Redactor
from cassettes.secrets import secrets_from_env
from cassettes.shipped import shipped_root
from cassettes.synth.improvise import Improviser
from mockserver import setup
from mockserver.choose import Playing
from mockserver.embedded import Embedded, EmbeddedError, Episode, Faults, ScenarioGiven, levels, strictly
from mockserver.handed import Shelf, Source, source
from mockserver.mock import Mock
from mockserver.tapes import index_of


class Plan(NamedTuple):
    """What `Serving` starts: made when its block is entered, so that a mistake is told there."""

    house: Embedded
    begin: Callable[[], Mock]
    finish: Callable[[Mock], None]


class Serving:
    """What `serve` and `record` return: a context manager, plain or async, whose value is the `Mock`."""

    def __init__(self, plan: Callable[[], Plan], host: str, port: int) -> None:
        self._plan = plan
        self._address = (host, port)
        self._running: tuple[Plan, Mock] | None = None

    def _open(self) -> tuple[Plan, Future[str]]:
        if self._running is not None:
            raise EmbeddedError("this server runs already: call serve() once for each `with`")
        plan = self._plan()
        return plan, plan.house.open(*self._address)

    def _begin(self, plan: Plan) -> Mock:
        mock = plan.begin()
        self._running = plan, mock
        return mock

    def _end(self, error: object) -> None:
        """After the server has stopped."""
        running, self._running = self._running, None
        if running is not None:
            running[0].house.join()
            if error is None:
                running[0].finish(running[1])

    def __enter__(self) -> Mock:
        plan, opened = self._open()
        try:
            opened.result()
            return self._begin(plan)
        except BaseException:
            plan.house.close().result()
            plan.house.join()
            raise

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._running is not None:
            self._running[0].house.close().result()
        self._end(error)

    async def __aenter__(self) -> Mock:
        plan, opened = self._open()
        try:
            await _awaited(opened)
            return self._begin(plan)
        except BaseException:
            plan.house.close().result()
            plan.house.join()
            raise

    async def __aexit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._running is not None:
            await _awaited(self._running[0].house.close())
        self._end(error)


async def _awaited(future: Future[Any]) -> None:
    """Lets an asyncio loop go on meanwhile; other loops (trio's) wait, for some milliseconds."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        future.result()
    else:
        await asyncio.wrap_future(future)


def serve(
    *tapes: str | os.PathLike[str],
    speed: str | float | None = None,
    ttft: str | None = None,
    tps: str | float | None = None,
    max_gap: str | None = None,
    jitter: str | None = None,
    match: str | None = None,
    after_last: str | None = None,
    seed: int | None = None,
    faults: Faults | None = None,
    scenario: ScenarioGiven | None = None,
    ignore: Sequence[str] = (),
    normalize: Sequence[str] = (),
    strict: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Serving:
    """A server of `tapes` (files, folders, names of shipped tapes; none: the shipped library, and what it does not hold
    is made up unless `match` or `strict` is given) for a `with` block.

    All else is as on the command line of `tokentape serve`, and so are the values: `speed="max"`, `ttft="300ms"`. By
    default requests are matched by value, and by route alone where a shipped tape is among the tapes. `faults` and
    `scenario` are those of the main deck. `strict`: the end of the block raises AssertionError for requests that found
    no tape and for interactions that were never played. Entering raises TokentapeError for what cannot be used.
    """
    given = {"speed": speed, "ttft": ttft, "tps": tps, "max_gap": max_gap, "jitter": jitter}
    given |= {"match": match, "after_last": after_last, "seed": seed}

    def plan() -> Plan:
        sources = [source(Path(one)) for one in tapes] or [Source(shipped_root(), shipped_root())]
        rules = rules_of(ignore, normalize) if ignore or normalize else NO_RULES
        held = Shelf().held(sources, rules)
        made = setup.given(strictly(given, strict=strict))
        # As on the command line: whoever names nothing gets an answer to everything.
        anything = not (tapes or match or strict)
        playing = setup.playing_of(made, Playing(levels=levels("last-user" if anything else None, sources)))
        improviser = Improviser(seed=playing.seed) if anything else None
        house = Embedded(Index(held.entries, rules), playing, improviser=improviser)

        def begin() -> Mock:
            if faults is not None:
                house.break_with("", faults)
            if scenario is not None:
                house.direct("", scenario)
            return Mock(house, strict=strict)

        return Plan(house, begin, lambda mock: mock.assert_clean(mock.allowed) if strict else None)

    return Serving(plan, host, port)


def recording(
    episode: Callable[[Redactor, Callable[[str], None]], Episode],
    *,
    upstreams: Collection[str] = (),
    rules: Rules = NO_RULES,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Serving:
    """A server that records what it has no tape for. `episode` makes the recorder, given a redactor and whom to tell;
    `upstreams`: names of mounts that are no provider's. Leaving the block raises EmbeddedError for what was lost."""

    def plan() -> Plan:
        redactor, said = Redactor(secrets_from_env(os.environ)), list[str]()
        made = episode(redactor, said.append)
        index = Index((), rules) if made.plays is None else index_of(made.plays, rules=rules)
        house = Embedded(
            index,
            Playing(levels=("key",), repeat=made.repeat),
            redactor=redactor,
            said=said,
            upstreams=upstreams,
            standby=made.standby,
            records=True,
        )

        def finish(_mock: Mock) -> None:
            if made.standby is not None and made.standby.failures:
                raise EmbeddedError(next((line for line in said if " error: " in line), "a recording was not kept"))

        return Plan(house, lambda: Mock(house), finish)

    return Serving(plan, host, port)
