"""Faults at work: which act, what is left out and why, what cannot be applied, whether the deck's place moves."""

import sys

import pytest
from faulted import EVENTS, body, break_it, entries, plan_of, tape, woven_of

from cassettes.model import Ending, Head, Timeline
from mockserver.faults.breaking import acting
from mockserver.faults.grammar import FaultError
from mockserver.faults.table import read
from mockserver.plan import Asking

HEADLESS = Timeline(head=None, head_at_ms=5.0, frames=(), end=Ending(type="reset", at="request"), end_at_ms=9.0)


def test_attempts():
    faults = read("status#1:500;reset@1e#2-3;stall#4+;bom")
    names = [[one.fault.name for one in acting(faults, attempt)] for attempt in range(1, 6)]
    assert names == [["status", "bom"], ["reset", "bom"], ["reset", "bom"], ["stall", "bom"], ["stall", "bom"]]


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ("drop@9e", "the tape has 5 events"),
        ("drop@3b", "no event starts at byte 3"),
        ("drop@1e:9", "the tape has 4 events from 1e on"),
        ("reorder@4e", "is the last one"),
        ("comment@headers", "it works in the body, not at headers"),
        ("comment@5ms", "before the head"),
        ("malformed@4e", "no JSON object"),
        ("corrupt@end", "0 bytes from there on"),
        ("invalid-utf8@end", "no byte starts at the end"),
        ("insert@0e", "expected one of a text"),
        ("insert@0e:a,hex=00", "expected one of a text"),
        ('insert@0e:""', "nothing to insert"),
        ("split:crlf", "no CR LF"),
        ("half-close;comment@99e", "the tape has 5 events"),
        ("encode:gzip;split:utf8", "is encoded"),
        ("encode:gzip;encode:deflate", "has a content coding already"),
        ("content-length:+1;http10", "give one"),
        ("huge-event@0e:20", "bytes; expected"),
        ("drop-header:x", "no header x"),
        ("keepalive:1ms;reset@request", "no body comes"),
        ("no-close-notify", "not encrypted"),
    ],
)
def test_what_cannot_be_applied(faults, why):
    with pytest.raises(FaultError) as caught:
        plan_of(faults)
    assert "cannot be applied: " in str(caught.value)
    assert why in str(caught.value)


@pytest.mark.parametrize("fault", ["half-close", "half-close@1e"])
def test_tls_has_no_half(fault):
    with pytest.raises(FaultError, match="one direction"):
        plan_of(fault, tls=True)


def test_without_close_notify():
    plan = plan_of("no-close-notify", tls=True)
    assert (plan.action, body(plan)[-5:]) == ("truncate", b"0\r\n\r\n")
    assert plan_of("no-close-notify@1e", tls=True).action == "truncate"


@pytest.mark.parametrize(
    "fault",
    ["comment@0b", "bom", "end-early@0b", "linger", "empty", "html", "early-hints", "keepalive:1s", "encode:gzip"],
)
def test_a_tape_without_a_head_takes_few(fault):
    with pytest.raises(FaultError):
        plan_of(fault, HEADLESS, "none")
    assert plan_of("reset@request", HEADLESS).action == "reset"
    assert plan_of("latency:1ms", HEADLESS).end_due == 0.01


@pytest.mark.parametrize("fault", ["merge", "split:2", "trailer:a=b", "bad-chunk-size@0b", "chunk-extension"])
def test_other_framings_have_no_chunks(fault):
    for framing in ("length", "close"):
        if fault == "merge":
            assert body(plan_of(fault, tape(framing=framing))) == b"".join(EVENTS)
        else:
            with pytest.raises(FaultError):
                plan_of(fault, tape(framing=framing))


def test_what_is_optional_is_left_out_and_told():
    broken = break_it("drop?@9e;comment@0e;insert?@0e")
    assert b": tokentape\n\n" in body(broken.plan)
    assert broken.left_out[0].startswith("drop?@9e: ")
    assert "insert?@0e: expected one of a text" in " ".join(broken.left_out)


def test_an_answer_of_its_own_needs_no_content():
    broken = break_it("keepalive:1ms;status:500;eol:crlf;comment@1e")
    assert broken.plan.wire == plan_of("status:500").wire
    assert [text.partition(": ")[0] for text in broken.left_out] == ["comment@1e", "eol:crlf", "keepalive:1ms"]
    assert "that of status" in broken.left_out[0]


def test_an_optional_fault_that_fails_leaves_nothing_behind():
    assert plan_of("malformed?@4e").wire == plan_of("reset?@99e").wire


@pytest.mark.parametrize("seed", range(20))
def test_malformed_json_is_still_utf8(seed: int):
    """Else it would be another fault: some clients decode a whole block before they read its JSON."""
    wire = plan_of("malformed@0e", tape('data: {"t":"하나둘셋"}\n\n'.encode()), seed=seed).wire
    assert b'{"' in wire
    assert "}" not in wire.decode()


@pytest.mark.parametrize(
    ("faults", "advances"),
    [
        ("comment@0e", True),
        ("latency:1ms", True),
        ("encode:gzip", True),
        ("reset@end", False),
        ("status:500", False),
        ("error@1e:server", False),
        ("no-terminal", False),
        ("linger:1ms", False),
        ("reset?@99e", True),
    ],
)
def test_a_break_keeps_the_decks_place(faults, advances):
    assert plan_of(faults).advances == advances


def test_too_fine_a_cut_is_refused():
    big = tape(b"x" * 300_000)
    for fault in ("split:1", "drip:1", "bandwidth:10"):
        with pytest.raises(FaultError, match="200000"):
            plan_of(fault, big)


def test_head_only_and_old_clients():
    assert plan_of("reset@1e", asking=Asking(head_only=True)).body_end == 0
    old = plan_of("comment@1e;cut@2e", asking=Asking(http10=True))
    assert body(old) == EVENTS[0] + b": tokentape\n\n" + EVENTS[1]


def test_a_folded_answer_is_cut_in_bytes():
    whole = tape(b'{"a": 1}', framing="length", head=Head(headers=(("Content-Length", "8"),)))
    plan = plan_of("cut@50%", whole, "none", folded=True)
    assert (body(plan), b"Content-Length: 8\r\n" in plan.wire) == (b'{"a"', True)
    with pytest.raises(FaultError, match="asked for no stream"):
        plan_of("cut@1e", whole, "none", folded=True)
    with pytest.raises(FaultError, match="asked for no stream"):
        plan_of("duplicate", whole, "none", folded=True)


def test_keepalives_know_the_waits_of_others_and_are_not_moved():
    plan = plan_of("keepalive:30ms;pause@1e:100ms;latency:5ms")
    times = [at for at, data in entries(plan) if b"keep-alive" in data]
    assert times == [55.0, 85.0, 115.0]
    assert plan_of("keepalive:30ms;pause@1e:100ms;latency:5ms;encode:gzip").due == plan.due


def test_words_of_a_weave():
    assert woven_of("duplicate@0e:3").joined == EVENTS[0] * 4 + b"".join(EVENTS[1:])
    assert woven_of("ttft:500ms").pieces[0].at_ms == 500.0
    assert woven_of("ttft:5ms").head_at_ms == 5.0


def test_without_a_codec_zstd_says_what_to_install(monkeypatch):
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(FaultError, match=r"no zstd codec is installed .*pip install 'tokentape\[codecs\]'"):
        plan_of("encode:zstd")
    assert plan_of("encode?:zstd").wire == plan_of("encode?:zstd;comment?@9e").wire
