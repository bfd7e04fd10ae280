"""Sweeps with real clients: who notices a cut, who does not, who hangs, who never asks; several at a time; stopped."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from wires import wait_for

from cassettes.matching import LADDER, Index, entry_of
from cassettes.model import Chunk, Headers, Interaction, Request, Response, Stream
from mockserver.choose import Playing
from mockserver.cuts import Cuts
from mockserver.judgements import Judged, Ran
from mockserver.sweep import Client, StoppedError, Swept, UnaskedError, UncutError, address, sweep
from mockserver.wrapped import DUMMY_KEY, CommandError

TURNS = """
import os, signal, socket, sys
root = os.environ["OPENAI_BASE_URL"]
host, _, path = root.removeprefix("http://").partition("/")
name, port = host.split(":")
asked = b'{"model": "m", "stream": true, "messages": [{"role": "user", "content": "What I ask"}]}'
head = f"POST /{path}/chat/completions HTTP/1.1\\r\\nHost: {host}\\r\\nContent-Length: {len(asked)}\\r\\n\\r\\n".encode()
def turn():
    got = b""
    with socket.create_connection((name, int(port))) as peer:
        peer.sendall(head + asked)
        while not got.endswith(b"0\\r\\n\\r\\n") and (more := peer.recv(65536)):
            got += more
    return got
"""
CLIENT = f"""{TURNS}
if "unasked" in sys.argv and "!" in root:
    sys.exit(0)
got = turn()
if "hang" in sys.argv and "!" in root:
    os.fork()
    with open(sys.argv[2], "a") as pids:
        pids.write(str(os.getpid()) + "\\n")
    signal.pause()
if "framing" in sys.argv and not got.endswith(b"0\\r\\n\\r\\n"):
    sys.exit("cut short")
if "terminator" in sys.argv and b"[DONE]" not in got:
    sys.exit("no [DONE]")
print(got.count(b"data:"))
"""
EVENTS = (b'data: {"choices": [{"delta": {"content": "Moss"}}]}\n\n', b": still here\n\n", b"data: [DONE]\n\n")


def interaction(*pieces: bytes) -> Interaction:
    headers: Headers = (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked"))
    stream = Stream(provider="openai", dialect="openai-chat", chunks=tuple(Chunk(0.0, len(piece)) for piece in pieces))
    request = Request("POST", "https://api.openai.com/v1/chat/completions", body=b'{"model": "m", "stream": true}')
    return Interaction(request, Response(200, "OK", headers, b"".join(pieces), stream))


def client(*arguments: str, **settings: Any) -> Client:
    """The client, which reads its arguments' names as what it looks at."""
    return Client(command=(sys.executable, "-S", "-E", "-c", CLIENT, *arguments), environ=dict(os.environ), **settings)


def swept(
    one: Client, sample: int | None = None, tapes: Sequence[Interaction] = (interaction(*EVENTS),), number: int = 1
) -> tuple[list[Ran], list[Judged]]:
    """What a sweep of the tape's interaction told: the uncut run, and the others by place."""
    index = Index(entry_of("tape", place, tape) for place, tape in enumerate(tapes, start=1))
    chooser = Swept(index, Playing(levels=LADDER), f"tape#{number}")
    uncut: list[Ran] = []
    outcomes: list[Judged] = []
    places = Cuts(tapes[number - 1], one.kind).places("event", sample)
    asyncio.run(sweep(chooser, one, places, uncut.append, outcomes.append))
    return uncut, sorted(outcomes, key=lambda outcome: outcome.cut.at)


def judged(outcomes: list[Judged]) -> list[str]:
    return [one.judgement for one in outcomes]


def test_a_client_that_looks_at_nothing_takes_every_cut_for_whole() -> None:
    (uncut,), outcomes = swept(client("naive"))
    assert uncut.status == 0
    assert uncut.asked
    assert uncut.seconds > 0
    assert judged(outcomes) == ["accepted", "accepted", "accepted", "after the end"]
    assert [one.same for one in outcomes] == [False, False, False, True]


def test_a_client_that_looks_at_the_framing_misses_clean_ends_alone() -> None:
    _, outcomes = swept(client("framing"))
    assert judged(outcomes) == ["rejected"] * 3 + ["after the end"]
    assert {one.ran.said for one in outcomes} == {"cut short"}
    assert {one.ran.status for one in outcomes} == {1}
    one = client("framing", kind="end-early")
    assert judged(swept(one)[1]) == ["accepted"] * 3


def test_a_client_that_waits_for_the_terminator_notices_every_kind() -> None:
    for kind in ("cut", "end-early"):
        one = client("terminator", kind=kind)
        assert judged(swept(one)[1]) == ["rejected"] * 3 + ["after the end"] * (kind == "cut")


def test_several_at_a_time_find_the_same() -> None:
    alone = swept(client("naive"))[1]
    together = swept(client("naive", jobs=3))[1]
    assert [(one.cut, one.ran.status, one.same) for one in alone] == [
        (one.cut, one.ran.status, one.same) for one in together
    ]


def test_a_client_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    _, outcomes = swept(client("hang", str(pids), limit=1.5), sample=1)
    assert judged(outcomes) == ["hung"]
    assert outcomes[0].ran.status is None
    started = [int(line) for line in pids.read_text().split()]
    assert len(started) == 2
    wait_for(lambda: all(map(is_gone, started)))


def is_gone(pid: int) -> bool:
    """Whether a process is over: gone, or a zombie that nobody has waited for yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_client_that_asks_nothing_in_a_run_is_not_judged_by_its_status() -> None:
    assert judged(swept(client("unasked"))[1]) == ["unasked"] * 4


@pytest.mark.parametrize(
    ("command", "error", "said"),
    [
        (("sh", "-c", "echo first >&2; echo it broke >&2; exit 7"), UncutError, r"sh exited with 7 .*\(it broke\)"),
        (("sh", "-c", "kill -KILL $$"), UncutError, r"exited with 137"),
        (("true",), UnaskedError, "asked nothing of the tape.*base-URL variables"),
        (("no-such-program",), CommandError, "cannot run 'no-such-program'"),
    ],
)
def test_nothing_is_cut_before_the_whole_tape_is_taken(
    command: tuple[str, ...], error: type[Exception], said: str
) -> None:
    one = Client(command=command, environ=dict(os.environ))
    with pytest.raises(error, match=said):
        swept(one)


def test_an_uncut_run_has_a_limit_too() -> None:
    command = ("tail", "-f", os.devnull)
    one = Client(command=command, environ=dict(os.environ), limit=0.05)
    with pytest.raises(UncutError, match="tail was killed"):
        swept(one)


def test_what_comes_before_the_swept_interaction_stays_whole() -> None:
    first = interaction(b'data: {"first": 1}\n\n' * 9)
    agent = Client(
        command=(sys.executable, "-S", "-E", "-c", f"{TURNS}\nturn(); sys.exit(0 if b'[DONE]' in turn() else 4)"),
        environ=dict(os.environ),
        kind="end-early",
    )
    (uncut,), outcomes = swept(agent, tapes=(first, interaction(*EVENTS)), number=2)
    assert uncut.status == 0
    assert [one.ran.status for one in outcomes] == [4, 4, 4]


def test_who_never_comes_to_the_swept_interaction_is_told_so() -> None:
    with pytest.raises(UnaskedError, match="asked nothing"):
        swept(client("naive"), tapes=(interaction(*EVENTS),) * 2, number=2)


def test_a_signal_ends_the_sweep_and_its_runs(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f'echo $$ >> {pids}; case $OPENAI_BASE_URL in *sweep0*) exec "$0" "$@";; *) kill -TERM $PPID; exec tail -f {os.devnull};; esac'
    naive = client("naive")
    one = Client(command=("sh", "-c", script, *naive.command), environ=naive.environ)
    with pytest.raises(StoppedError, match="interrupted"):
        swept(one)
    wait_for(lambda: all(is_gone(int(line)) for line in pids.read_text().split()))


def test_a_fault_in_an_address_is_one_path_segment() -> None:
    assert address("http://h:1", "sweep0", "") == "http://h:1/~sweep0"
    assert address("http://h:1", "sweep3", "cut@5b") == "http://h:1/~sweep3/!cut@5b"
    assert address("http://h:1", "sweep3", "cut?@5b") == "http://h:1/~sweep3/!cut%3F@5b"


def test_keys_are_dummies_where_none_is_set() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    one = client("naive")
    probe = Client(
        command=(*one.command[:4], CLIENT + f"assert os.environ['OPENAI_API_KEY'] == {DUMMY_KEY!r}"),
        environ=environ,
    )
    assert swept(probe, sample=1)[0][0].status == 0
