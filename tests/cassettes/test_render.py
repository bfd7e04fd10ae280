"""What `tokentape show` and the demo print."""

import json
import re

import msgspec
import pytest

from cassettes.measures import compare
from cassettes.model import Chunk, Ending, Frame, Head, Informational, Interaction, Request, Response, Stream, Timeline
from cassettes.printable import Page
from cassettes.render import comparison_summary, ending_words, show, show_text, side_by_side, summary
from cassettes.timeline import to_timeline

SSE = (("Content-Type", "text/event-stream"), ("x-odd", "a\x1b[2Jb"))


def interaction(body=b"", chunks=(), headers=SSE, message="OK", **stream):
    fields = {"provider": "openai", "dialect": "openai-chat", "source": "recorded", "headers_ms": 180.6, **stream}
    return Interaction(
        Request("POST", "https://api.example.com/v1/chat\x07", (), b"{}"),
        Response(200, message, headers, body, Stream(chunks=tuple(Chunk(*c) for c in chunks), **fields)),
    )


def texts(event):
    return event.decode().strip().removeprefix("data: ") if event.startswith(b"data") else ""


BODY = b": ping\n\ndata: \xec\x95\x88\x1b]0;x\x07\n\ndata: two\n\nda"
SHOWN = interaction(
    BODY,
    [(119.4, 8), (40.0, 9), (25.5, 8, False), (20.0, 11), (3.0, 2, True)],
    recorded_at="2026-11-20T09:30:00.000Z",
    end=Ending(type="reset", gap_ms=250.5, missing=117),
    trailers=(("x-sum", "1"),),
    informational=(Informational(3.0, 103, "Early Hints"),),
)


def test_show_in_full():
    assert show(SHOWN, "openai/hello#1", texts=texts, page=Page(64)) == (
        "openai/hello#1  POST https://api.example.com/v1/chat\\x07\n"
        "  tape      openai, dialect openai-chat, recorded 2026-11-20T09:30:00.000Z\n"
        "  request   2 bytes of body\n"
        "  1xx       103 Early Hints after 3.0 ms\n"
        "  response  200 OK, HTTP/1.1 chunked\n"
        "            Content-Type: text/event-stream\n"
        "            x-odd: a\\x1b[2Jb\n"
        "  trailer   x-sum: 1\n"
        "  body      38 bytes, 5 chunks, 3 sse events, 2 bytes behind the last\n"
        "  TTFT      head 180.6 ms, first byte 300.0 ms, first text 365.5 ms\n"
        "  gaps      p50 20.0 ms, p90 40.0 ms, max 40.0 ms, chunk to chunk\n"
        "  ending    reset 250.5 ms after the last byte, 117 bytes of the open chunk missing\n"
        "  total     639.0 ms from the last request byte\n"
        "\n"
        "  _________________h___________▇__▇__▇_█_______________________|\n"
        "  0                  200                400 ms\n"
        "\n"
        "       at ms    gap ms   bytes   text or first bytes\n"
        "       300.0     119.4       8   : ping\\n\\n\n"
        "       340.0      40.0       9   data: 안\n"
        '       365.5      25.5       8   "안\\x1b]0;x\\x07"\n'
        '       385.5      20.0      11   "two"\n'
        "       388.5       3.0       2+  da\n"
        "\n"
        "  안\\x1b]0;x\\x07two\n"
    )


def test_show_lists_the_ends_of_a_long_stream_only():
    body = b"".join(b"data: %d\n\n" % n for n in range(1000))
    chunks = [(1.0, len(b"data: %d\n\n" % n)) for n in range(1000)]
    shown = show(interaction(body, chunks), rows=4)
    assert re.findall(r"data: (\d+)", shown) == ["0", "1", "998", "999"]
    assert "(996 chunks not listed)" in shown


@pytest.mark.parametrize(
    ("tape", "words"),
    [
        (
            interaction(end=Ending(type="reset", at="request", gap_ms=5.0)),
            ["response  none", "before any byte of a head"],
        ),
        (
            interaction(end=Ending(type="cut", at="head", gap_ms=5.0), head=b"HTTP/1.1 200 OK\r\nx: \x1b"),
            [r"response  unfinished: HTTP/1.1 200 OK\r\nx: \x1b", "an unfinished head (21 bytes)"],
        ),
        (
            interaction(end=Ending(type="eof")),
            ["ended 0.0 ms after the head, before any byte of the body", "head 180.6 ms"],
        ),
        (
            interaction(b"{}", [(1.0, 2)], headers=(), framing="length"),
            ["HTTP/1.1 Content-Length", "2 bytes, 1 chunk\n"],
        ),
        (
            interaction(b"{}", [(1.0, 1, True), (2.0, 1)], framing="close"),
            ["ended by close", "2 chunks (1 of HTTP), 0 sse"],
        ),
        (interaction(pacing="synthetic", source="imported"), ["imported, synthetic pacing"]),
        (interaction(message="\x1b[1m"), [r"200 \x1b[1m, HTTP"]),
    ],
)
def test_show_says(tape, words):
    shown = show(tape)
    assert [word for word in words if word not in shown] == []
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)


def test_show_is_styled_from_outside_only():
    plain = show(SHOWN, texts=texts)
    styled = show(SHOWN, texts=texts, page=Page(style=lambda _, text: f"\x1b[1m{text}\x1b[0m"))
    assert re.sub(r"\x1b\[[01]m", "", styled) == plain
    assert "\x1b" not in plain
    assert show(SHOWN, page=Page(ascii_only=True)).replace("안", "").isascii()


def test_show_text_is_the_text():
    tape = interaction(b"data: a\tb\n\ndata: c\x1b\n\n", [(1.0, 22)])
    assert show_text(tape, texts) == "a\tbc\\x1b\n"
    assert show_text(tape, lambda _: "line\n") == "line\nline\n"
    assert show_text(interaction(), texts) == ""


def test_summary_is_json_with_the_facts():
    facts = json.loads(json.dumps(summary(SHOWN, texts)))
    assert facts["end"] == {
        "type": "reset",
        "at": "body",
        "gap_ms": 250.5,
        "missing": 117,
        "words": "reset 250.5 ms after the last byte, 117 bytes of the open chunk missing",
    }
    assert facts["text"] == "안\x1b]0;x\x07two"
    assert facts["gaps_ms"] == {"p50": 20.0, "p90": 40.0, "p99": 40.0, "max": 40.0}
    counted = ("bytes", "chunks", "http_chunks", "events", "tail_bytes", "event_kind")
    assert [facts[key] for key in counted] == [38, 5, 5, 3, 2, "sse"]
    timed = ("headers_ms", "first_byte_ms", "first_text_ms", "total_ms")
    assert [facts[key] for key in timed] == [180.6, 300.0, 365.5, 639.0]


def test_summary_without_a_response():
    facts = summary(interaction(end=Ending(type="reset", at="request", gap_ms=5.0)))
    assert [facts[key] for key in ("headers_ms", "first_byte_ms", "gaps_ms", "total_ms")] == [None, None, None, 5.0]


@pytest.mark.parametrize(
    ("fields", "framing", "words"),
    [
        ({"type": "eof", "gap_ms": 0.2}, "chunked", "ended 0.2 ms after the last byte"),
        ({"type": "cut", "gap_ms": 1.0}, "chunked", "cut 1.0 ms after the last byte, the last-chunk never came"),
        (
            {"type": "cut", "missing": 1},
            "length",
            "cut 0.0 ms after the last byte, 1 byte of the Content-Length missing",
        ),
        ({"type": "timeout", "gap_ms": 60000.0}, "close", "timed out 60,000.0 ms after the last byte"),
        ({"type": "interrupted"}, "close", "recorder stopped 0.0 ms after the last byte"),
        (
            {"type": "client_closed", "gap_ms": 2.0, "client_left_ms": 9.0},
            "close",
            "client left 2.0 ms after the last byte; the client had left at 9.0 ms",
        ),
    ],
)
def test_ending_words(fields, framing, words):
    line = timeline((5.0, b"x"), end=Ending(**fields), framing=framing)
    assert ending_words(line) == words


def timeline(*frames, **fields):
    frames = tuple(Frame(*frame) for frame in frames)
    fields = {"end": Ending(), **fields}
    return Timeline(head=Head(), head_at_ms=1.0, frames=frames, end_at_ms=frames[-1].at_ms, **fields)


def test_side_by_side_of_a_faithful_replay():
    tape = timeline((11.0, b"x" * 20), (31.0, b"y" * 5))
    replay = timeline((11.0, b"x" * 20), (31.5, b"y" * 5))
    assert side_by_side(tape, replay, page=Page(72)).startswith(
        "       tape                        replay                      gap error\n"
        "       11.0 ████          20 B       11.0 ████          20 B    +0.00 ms\n"
        "       31.0 ████████       5 B       31.5 ████████       5 B    +0.50 ms\n"
        "\n"
        "  tape   __h___________________█_______________________________________▅\n"
        "  replay __h___________________█_______________________________________▅\n"
        "         0                   10                  20 ms\n"
        "\n"
    )
    verdict = side_by_side(tape, replay).rpartition("\n\n")[2]
    assert verdict == (
        "  bytes     25 bytes, all equal\n"
        "  chunks    2 chunks, same edges\n"
        "  gap error p50 0.00 ms, p99 0.50 ms, max 0.50 ms\n"
        "  drift     +0.50 ms from the first chunk to the last\n"
        "  ending    ended 0.0 ms after the last byte\n"
    )


def test_side_by_side_of_a_bad_replay():
    tape = to_timeline(SHOWN)
    replay = msgspec.structs.replace(tape, frames=tape.frames[:2], end=Ending(), end_at_ms=tape.frames[1].at_ms)
    drawn = side_by_side(tape, replay, ("a\x1b", "b"), rows=2)
    assert "\x1b" not in drawn
    assert "(3 chunks not listed)" in drawn
    assert "38 and 17, different from byte 17 on" in drawn
    assert "5 and 2, other edges" in drawn
    assert "117 bytes of the open chunk missing / ended 0.0 ms" in drawn


def test_side_by_side_without_frames():
    empty = Timeline(head=None, head_at_ms=0.0, frames=(), end=Ending(type="reset", at="request"), end_at_ms=0.0)
    drawn = side_by_side(empty, empty, page=Page(ascii_only=True))
    assert "0 bytes, all equal" in drawn
    assert "gap error p50" not in drawn


def test_comparison_summary():
    tape = timeline((11.0, b"ab"), (31.0, b"c"))
    assert comparison_summary(compare(tape, timeline((11.0004, b"aX")))) == {
        "bytes": {"wanted": 3, "got": 2, "first_difference": 1},
        "same_bytes": False,
        "same_chunks": False,
        "same_ending": True,
        "head_error_ms": 0.0,
        "gap_error_ms": {"p50": 0.0, "p90": 0.0, "p99": 0.0, "max": 0.0},
        "offset_error_ms": {"p50": 0.0, "p90": 0.0, "p99": 0.0, "max": 0.0},
        "drift_ms": 0.0,
    }
