"""Cases of time as a raw client sees them. Waits are the cases' own: nothing here asks how long one took, but for what a
case is about."""

from __future__ import annotations

import pytest
from cased import DIALECTS, HALF, LAST, TEXT, plan_of, read, show, written
from wires import Tool

pytestmark = pytest.mark.xdist_group("cases")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_silence(dialect: str, served: Tool) -> None:
    before = show(served, "stall-headers", dialect, quiet=0.3).seen
    assert (before.raw, before.ended) == (b"", "quiet")
    mid = show(served, "stall-mid", dialect, quiet=0.3)
    assert (mid.tail, mid.seen.ended) == (b"", "quiet")
    assert read(mid.body, dialect)[:2] == (HALF, False)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_comments_alone_keep_a_stall_alive(dialect: str, served: Tool) -> None:
    plan = plan_of("stall-comments", dialect)
    assert plan.action == "stall"
    comments = [due for due, data in written(plan) if b"\r\n: keep-alive" in data]
    assert comments[:3] == [1.0, 2.0, 3.0]
    assert len(comments) > 300


def test_a_comment_comes_in_a_stall(served: Tool) -> None:
    shown = show(served, "stall-comments", "openai-chat", until=lambda data: b": keep-alive\n\n" in data)
    assert shown.seen.ended == "until"
    assert read(shown.body, "openai-chat")[:2] == (HALF, False)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("case", "first", "every", "until"),
    [("keepalive-unseen", 5.0, 5.0, 60.0), ("slow-comments-then-ok", 0.5, 0.5, 4.0)],
)
def test_comments_before_the_rest(case: str, first: float, every: float, until: float, dialect: str) -> None:
    plan = plan_of(case, dialect)
    waits = [(due, data) for due, data in written(plan) if due > 0]
    comments = [due for due, data in waits if b": keep-alive" in data]
    assert comments == [first + every * number for number in range(len(comments))]
    assert comments[-1] == until - every
    rest = [due for due, data in waits if b": keep-alive" not in data]
    assert set(rest) == {until}
    assert (plan.action, plan.wire[-5:]) == ("keep", LAST)


@pytest.mark.slow
def test_bytes_come_before_the_first_event(served: Tool) -> None:
    shown = show(served, "slow-comments-then-ok", "openai-chat")
    assert shown.chunks[0] == b": keep-alive\n\n"
    assert read(shown.body, "openai-chat")[:2] == (TEXT, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_slow_and_held_back_streams(dialect: str) -> None:
    due = [at for at, _ in written(plan_of("slow-drip", dialect))]
    assert due == [0.25 * number for number in range(len(due))]
    assert len(due) >= 9
    (start, head), (held, rest) = written(plan_of("buffered-proxy", dialect))
    assert (start, head[-4:]) == (0.0, b"\r\n\r\n")
    assert held >= 1.6
    assert rest.endswith(LAST)


def test_a_proxy_holds_everything_back(served: Tool) -> None:
    shown = show(served, "buffered-proxy", "raw")
    assert shown.seen.reads[0][1].endswith(b"\r\n\r\n")
    assert read(shown.body, "raw")[:2] == (TEXT, True)
