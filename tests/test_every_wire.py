"""Every fault, every form of a place and every case on both event loops, plain and over TLS: a socket shows the bytes
that the plan says, to the last one, and its ending.

That a plan is the right one is the matter of tests/mockserver/faults and tests/mockserver/cases; here it is the wire's.
The plans are made in this process, so that with each of them it is shown as well that another process makes the same.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest
from cased import DOORS, tapes_of_all
from faultwire import LOOPS, write_tapes
from tapes import taped
from wires import Seen, Tool, ask, connected, post, tools

from cassettes.matching import Asked, Index, entry_of
from cassettes.model import Request
from cassettes.routes import parse
from cassettes.yamlio import load_file
from mockserver.cases.script import script_of, whole
from mockserver.cases.table import table
from mockserver.choose import Chooser, Playing
from mockserver.decks import Deck
from mockserver.faults.grammar import FaultError, url_segment
from mockserver.faults.table import get, names
from mockserver.faulty import wanted
from mockserver.plan import Action, Asking, Plan
from mockserver.resuming import had_of
from mockserver.staging import Moment, Stage, staged

pytest.importorskip("trustme")
pytestmark = pytest.mark.xdist_group("every wire")

SEED = 5
SOON = 0.6
"""Seconds: what is due later is not waited for."""
FIELDS = (("Content-Type", "application/json"), ("Connection", "close"))
WAYS = [f"{loop}{' tls' if tls else ''}" for tls, loop in product((False, True), LOOPS)]
DATE = re.compile(rb"(?<=: )[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
ENDED: dict[Action, str] = {"close": "eof", "half-close": "eof", "reset": "reset", "truncate": "truncated"}

PLACES = [
    f"{ending}@{place}"
    for ending in ("reset", "cut", "half-close", "no-close-notify", "end-early")
    for place in (
        *("request", "headers", "0b", "2e", "2c", "30b", "30w", "3w", "1w", "50%", "33.3pct", "=three", "9ms", "end"),
    )
]
MORE = [
    *("stall@2e:20ms", "stall@request", "linger:20ms", "pause@2e:30ms", "latency:20ms", "ttft:30ms", "buffer"),
    *("split:1", "split:framing", "merge:2", "eol:cr", "eol:mixed", "no-final-blank:yes", "drip:3", "head-drip:2"),
    *("content-length:-3", "http10", "trailer:x=y;reset@end", "encode:gzip", "encode:gzip-members;cut@2e"),
    *("corrupt@5b:9;jitter:9ms", "keepalive:5ms,text=hi;pause@2e:30ms;cut@3e", "status:429,retry-after=date:2"),
    *("error@2e:overloaded;reset@2e", "early-hints;head-drip:9;reset@3e", "huge-event@1e:2mb", "case:rst-mid-chunk"),
    *("reset@1000000b", "no-close-notify@1000000b"),
]


SPOKEN = "spoken"
"""The tape of a whole answer, of more events than any example needs."""
NOWHERE = {"end-early@request", "end-early@headers"}
"""A clean end has a head before it."""


class Wish(NamedTuple):
    """A request for a broken answer: faults, which dialect's tape, how often it is asked, in which run of a test."""

    faults: str
    tape: str = "one"
    times: int = 1
    run: str = ""

    @property
    def target(self) -> str:
        """Where it is asked for, in a deck of its own."""
        door = DOORS.get(self.tape)
        path = f"/{door.provider}{door.path}" if door else f"/up/{self.tape}"
        deck = re.sub(r"[^A-Za-z0-9._-]", "_", f"{self.run}{self.tape}.{self.faults}")[:64]
        return f"/~{deck}/!{url_segment(self.faults)}{path}"

    @property
    def body(self) -> bytes:
        """The request's."""
        return json.dumps(DOORS[self.tape].body).encode() if self.tape in DOORS and self.tape != "raw" else b""


def faults() -> list[Wish]:
    """Every fault by its example, every form of a place, and what is particular to sockets."""
    wishes = [Wish(get(name).example, SPOKEN) for name in names()]
    wishes += [Wish(text, "big" if "1000000b" in text else "one") for text in (*PLACES, *MORE)]
    return [*wishes, *(Wish(text, tape) for text in PLACES[::5] for tape in ("length", "close"))]


def cases(*, every: bool) -> list[Wish]:
    """Every case in one of its dialects, or in all of them; twice where another attempt meets something else."""
    wishes = []
    for number, case in enumerate(one for one in table().values() if not one.unserved):
        some = case.dialects if every else case.dialects[number % len(case.dialects) :][:1]
        wishes += [Wish(f"case:{case.id}", dialect, 2 if "#" in case.faults else 1, "all." * every) for dialect in some]
    return wishes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tapes = tmp_path_factory.mktemp("every") / "tapes"
    write_tapes(tapes)
    taped(tapes, SPOKEN, [*whole(script_of("anthropic")).chunks], gaps=[2.0] * 3)
    path = tapes / f"{SPOKEN}.yaml"
    path.write_text(path.read_text().replace("dialect: raw", "dialect: anthropic"))
    return tapes_of_all(tapes)


@pytest.fixture(scope="module")
def servers(folder: Path) -> Iterator[dict[str, Tool]]:
    common = ("serve", str(folder), "--no-mark", "--seed", str(SEED))
    commands = [(*common, "--loop", way.split()[0], *(["--tls"] if "tls" in way else [])) for way in WAYS]
    with tools(folder.parent / "run", *commands) as running:
        yield dict(zip(WAYS, running, strict=True))
        for one in running:
            assert "Traceback" not in one.said()


@pytest.fixture(scope="module")
def chooser(folder: Path) -> Chooser:
    entries = [
        entry_of(path.stem, number, one)
        for path in sorted(folder.iterdir())
        for number, one in enumerate(load_file(path).interactions, 1)
    ]
    return Chooser(Index(entries), Playing(mark=False, seed=SEED))


def planned(wish: Wish, chooser: Chooser, *, tls: bool) -> list[Plan | None]:
    """The plan of each time that it is asked; None where it is refused."""
    deck, found = Deck(re.match(r"/~([^/]+)", wish.target)[1]), []  # type: ignore[index]
    for _ in range(wish.times):
        asked = Asked(
            Request("POST", wish.target, FIELDS, wish.body),
            parse("POST", wish.target, FIELDS, chooser.index.providers, wish.body),
            wish.body,
        )
        wish_for = wanted((), asked.route, FIELDS, wish.target, tls=tls)
        asking = Asking(keep_alive=False, had=had_of(asked))
        stage = Stage(asked, asking, chooser.find(asked), wish_for)
        try:
            chosen = staged(stage, chooser, None, deck, Moment(0.0, time.time))
        except FaultError:
            found.append(None)
            continue
        assert chosen is not None, wish
        assert chosen.attempt is not None
        deck.counting.end(chosen.attempt)
        found.append(chosen.plan)
    return found


def shown(server: Tool, wish: Wish, plan: Plan | None) -> str:
    """What is wrong with what a client gets; empty where nothing is."""
    request = post(wish.target, wish.body, *(f"{name}: {value}" for name, value in FIELDS))
    if plan is None:
        refused = ask(server.url, request, ca=server.ca)
        return "" if refused.head.startswith(b"HTTP/1.1 422 ") else f"expected a 422: {refused.raw[:100]!r}"
    until = sum(due <= SOON for due in plan.due)
    wire = plan.wire[: plan.ends[until - 1] if until else 0]
    over = until == len(plan.due) and plan.end_due <= SOON and plan.action in ENDED
    if not wire and not over:
        return _silent(server, request)
    seen = ask(server.url, request, ca=server.ca, until=None if over else lambda data: len(data) >= len(wire))
    return _compared(seen, wire, ENDED[plan.action] if over else "until")


def _silent(server: Tool, request: bytes) -> str:
    with connected(server.url, ca=server.ca) as client:
        client.sendall(request)
        (client.below if server.ca else client).settimeout(0.3)
        try:
            return f"expected silence: {client.recv(100)!r}"
        except TimeoutError:
            return ""


def _compared(seen: Seen, wire: bytes, ended: str) -> str:
    got, wire = (DATE.sub(b"DATE", data) for data in (seen.raw, wire))
    if ended == "until":
        got = got[: len(wire)]
    if got != wire:
        at = next((at for at, (one, other) in enumerate(zip(got, wire, strict=False)) if one != other), None)
        at = min(len(got), len(wire)) if at is None else at
        return f"byte {at} of {len(wire)}, {len(got)} came: {got[at : at + 60]!r}, not {wire[at : at + 60]!r}"
    return "" if seen.ended == ended else f"it ended with {seen.ended}, not {ended}"


def flaws(server: Tool, wishes: list[Wish], chooser: Chooser) -> list[str]:
    """What is wrong on one server."""
    tls = bool(server.ca)
    plans = {wish: planned(wish, chooser, tls=tls) for wish in dict.fromkeys(wishes)}
    refused = {wish.faults for wish, made in plans.items() if None in made}
    cannot = "half-close" if tls else "no-close-notify"
    assert refused == {one.faults for one in plans if one.faults.startswith(cannot) or one.faults in NOWHERE}

    def run(wish: Wish) -> list[str]:
        told = [shown(server, wish, plan) for plan in plans[wish]]
        return [f"{wish.tape} {wish.faults}, attempt {number}: {one}" for number, one in enumerate(told, 1) if one]

    with ThreadPoolExecutor(16) as pool:
        return [one for told in pool.map(run, plans) for one in told]


@pytest.mark.parametrize("way", WAYS)
def test_every_fault_and_every_place(way: str, servers: dict[str, Tool], chooser: Chooser) -> None:
    assert flaws(servers[way], faults(), chooser) == []


@pytest.mark.parametrize("way", WAYS[1:])
def test_every_case(way: str, servers: dict[str, Tool], chooser: Chooser) -> None:
    assert flaws(servers[way], cases(every=False), chooser) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", WAYS)
def test_every_case_in_every_dialect(way: str, servers: dict[str, Tool], chooser: Chooser) -> None:
    assert flaws(servers[way], cases(every=True), chooser) == []
