"""The SSE parser against the WHATWG standard, under every way of splitting its input."""

import re
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cassettes.events import event_ends
from cassettes.model import TokentapeError
from cassettes.sse import Block, Message, Parser, encode, parse


def m(data, event="message", id="", retry=None):  # noqa: A002 - the field's name
    return Message(event, data, id, retry)


# name: (stream, messages of its blocks, comments of its blocks, tail)
CASES = {
    "LF": (b"data: a\n\ndata: b\n\n", [m("a"), m("b")], [(), ()], b""),
    "CRLF": (b"data: a\r\n\r\ndata: b\r\n\r\n", [m("a"), m("b")], [(), ()], b""),
    "bare CR": (b"event: x\rdata: a\r\rdata: b\r\r", [m("a", "x"), m("b")], [(), ()], b""),
    "mixed line ends": (
        b"data: a\r\n\ndata: b\n\r\ndata: c\r\r\n\rdata: d\n\n",
        [m("a"), m("b"), m("c"), m("d")],
        [()] * 4,
        b"",
    ),
    "leading BOM": (b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", [m("a"), m("b")], [(), ()], b""),
    "BOM later is text": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [m("a"), None], [(), ()], b""),
    "second BOM is text": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", [None], [()], b""),
    "BOM before blank lines": (b"\xef\xbb\xbf\n\r\ndata: a\n\n", [m("a")], [()], b""),
    "invalid UTF-8": (
        b"data: a\xff\xe2\x82b\n\nevent: \xc3\ndata: c\n\n",
        [m("a\ufffd\ufffdb"), m("c", "\ufffd")],
        [(), ()],
        b"",
    ),
    "event without data": (b"event: x\n\ndata: a\n\n", [None, m("a")], [(), ()], b""),
    "sticky id": (
        b"id: 1\ndata: a\n\ndata: b\n\nid: 2\n\n\n\ndata: c\n\nid\ndata: d\n\n",
        [m("a", id="1"), m("b", id="1"), None, m("c", id="2"), m("d")],
        [()] * 5,
        b"",
    ),
    "id with NUL": (b"id: 1\ndata: a\n\nid: 2\x00\ndata: b\n\n", [m("a", id="1"), m("b", id="1")], [(), ()], b""),
    "retry only": (b"retry: 3000\n\ndata: a\n\n", [None, m("a")], [(), ()], b""),
    "retry beside data": (b"retry: 10\ndata: a\nretry: 1x\nretry:\n\n", [m("a", retry=10)], [()], b""),
    "retry needs ASCII digits": ("retry: ٣\nretry: -1\nretry:  5\ndata: a\n\n".encode(), [m("a")], [()], b""),
    "one leading space": (b"data:  a \ndata:b\ndata:\tc\n\n", [m(" a \nb\n\tc")], [()], b""),
    "trailing newlines in data": (b"data: a\ndata\ndata:\n\n", [m("a\n\n")], [()], b""),
    "unterminated last event": (b"data: a\n\ndata: b\n", [m("a")], [()], b"data: b\n"),
    "unterminated last line": (b"data: a\n\ndata: b", [m("a")], [()], b"data: b"),
    "multi-line": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [m("YHOO\n+2\n10")], [()], b""),
    "U+2028, NEL, FF are text": (
        "data: a\u2028b\u0085c\fd\u000be\x1cf\n\n".encode(),
        [m("a\u2028b\u0085c\fd\u000be\x1cf")],
        [()],
        b"",
    ),
    "multibyte": ("event: 소식\ndata: 안녕 🌊\n\n".encode(), [m("안녕 🌊", "소식")], [()], b""),
    "comment only": (b": ping\n\n:\n:  two\n\ndata: a\n\n", [None, None, m("a")], [("ping",), ("", " two"), ()], b""),
    "comment beside data": (b": test\r\ndata: a\r\n\r\n", [m("a")], [("test",)], b""),
    "empty data": (b"data\n\ndata:\ndata\n\ndata:", [m(""), m("\n")], [(), ()], b"data:"),
    "unknown fields": (b"foo: 1\nData: x\n data: y\ndata : z\ndata: a\n\nfoo: 2\n\n", [m("a"), None], [(), ()], b""),
    "field without colon": (b"data\nevent\nINFRONAI PROCESSING\n\nPROCESSING\n\n", [m(""), None], [(), ()], b""),
    "the last event field wins": (b"event: a\nevent: b\ndata: 1\nevent\ndata: 2\n\n", [m("1\n2")], [()], b""),
    "blank lines only": (b"\n\r\n\r\n", [], [], b"\n\r\n\r\n"),
    "blank lines go to the next block": (b"\n\ndata: a\n\n\n\ndata: b\n\n\n", [m("a"), m("b")], [(), ()], b"\n"),
    "nothing": (b"", [], [], b""),
}


def feed_all(parts, last=True):
    parser = Parser()
    blocks = [block for part in parts for block in parser.feed(part)]
    if last:
        blocks += parser.feed(b"", last=True)
    return blocks, parser.close()


@pytest.mark.parametrize("name", CASES)
def test_whatwg_case_under_every_split(name):
    stream, messages, comments, tail = CASES[name]
    whole = parse(stream)
    assert [block.message for block in whole[0]] == messages
    assert [block.comments for block in whole[0]] == comments
    assert whole[1] == tail
    assert b"".join(block.raw for block in whole[0]) + tail == stream
    for at in range(len(stream) + 1):
        assert feed_all([stream[:at], stream[at:]]) == whole, at
    assert feed_all([stream[n : n + 1] for n in range(len(stream))]) == whole
    assert [len(block.raw) for block in whole[0]] == lengths(event_ends(stream, "sse"))


def test_a_bare_cr_is_held_until_the_next_byte():
    parser = Parser()
    assert parser.feed(b"data: a\r\r") == []
    assert parser.feed(b"data: b") == [Block(b"data: a\r\r", m("a"))]
    assert parser.feed(b"\r\r") == []
    assert parser.feed(b"\n") == [Block(b"data: b\r\r\n", m("b"))]
    assert parser.feed(b": c\r\r") == []
    assert parser.feed(b"", last=True) == [Block(b": c\r\r", None, ("c",))]
    assert parser.close() == b""


def test_close_gives_back_what_was_held_and_takes_a_new_stream():
    parser = Parser()
    assert parser.feed(b"id: 7\nretry: 20\n\ndata: a\r") == [Block(b"id: 7\nretry: 20\n\n", None)]
    assert parser.close() == b"data: a\r"
    assert (parser.last_event_id, parser.retry) == ("7", 20)
    assert parser.feed(b"\xef\xbb") == []
    assert parser.feed(b"\xbfdata: b\n\n") == [Block(b"\xef\xbb\xbfdata: b\n\n", m("b", id="7"))]
    assert parser.feed(b"\xef") == []
    assert parser.close() == b"\xef"


def test_half_a_bom_is_text_in_the_end():
    assert feed_all([b"\xef", b"\xbb"]) == ([], b"\xef\xbb")
    assert feed_all([b"\xef", b"\xbb", b"x\n", b"\n"]) == ([Block(b"\xef\xbbx\n\n", None)], b"")


def test_a_block_without_end_is_given_up():
    parser = Parser(max_block=100)
    assert len(parser.feed(b"data: " + b"x" * 92 + b"\n\n")) == 1
    with pytest.raises(TokentapeError, match=r"more than 100 bytes.*stream\.events"):
        parser.feed(b"data: " + b"x" * 93 + b"\n\n")
    drip = Parser(max_block=100)
    for _ in range(100):
        drip.feed(b"x")
    with pytest.raises(TokentapeError, match="no blank line came"):
        drip.feed(b"x")


def test_a_retry_of_absurd_length_is_ignored():
    assert parse(b"retry: " + b"9" * 100_000 + b"\ndata: a\n\n")[0][0].message == m("a")


def test_one_byte_a_feed_stays_linear():
    """A megabyte of single bytes; joining at each feed would copy half a terabyte."""
    stream = b"data: " + b"x" * 1_000_000 + b"\n\n"
    parser = Parser()
    blocks = [block for n in range(len(stream)) for block in parser.feed(stream[n : n + 1])]
    assert [block.raw for block in blocks] == [stream]


PIECES = st.sampled_from(
    [
        b"\n",
        b"\r",
        b"\r\n",
        b"data",
        b"event",
        b"id",
        b"retry",
        b":",
        b" ",
        b"1",
        b"a",
        b"\xef\xbb\xbf",
        b"\xed\x95\x9c",
        b"\xff",
        b"\0",
        b"\xe2\x80\xa8",
    ]
)
STREAMS = st.lists(PIECES, max_size=40).map(b"".join) | st.binary(max_size=40)


@given(STREAMS, st.lists(st.integers(0, 100), max_size=6))
@example(b"\xef\xbb\xbf\r", [1, 2, 3])
def test_splitting_never_changes_the_result(stream, cuts):
    places = sorted({min(cut, len(stream)) for cut in cuts})
    parts = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    blocks, tail = parse(stream)
    assert feed_all(parts) == (blocks, tail)
    assert b"".join(block.raw for block in blocks) + tail == stream
    assert list(accumulate(len(block.raw) for block in blocks)) == event_ends(stream, "sse")
    assert [block.message for block in blocks if block.message] == by_the_book(stream)
    unsettled, rest = feed_all(parts, last=False)
    assert b"".join(block.raw for block in unsettled) + rest == stream


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


@given(
    TEXTS,
    st.none() | NAMES,
    st.none() | NAMES,
    st.none() | st.integers(0, 10**9),
    st.none() | TEXTS,
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_encode_and_parse_are_inverse(data, event, id, retry, comment, eol):  # noqa: A002 - the field's name
    raw = encode(data, event=event, id=id, retry=retry, comment=comment, eol=eol)
    assert parse(raw) == (
        [
            Block(
                raw,
                Message(event or "message", data, id or "", retry),
                tuple(comment.split("\n")) if comment is not None else (),
            )
        ],
        b"",
    )


def test_encode_writes_what_providers_write():
    assert encode('{"type":"ping"}', event="ping") == b'event: ping\ndata: {"type":"ping"}\n\n'
    assert encode("{}", eol="\r\n") == b"data: {}\r\n\r\n"
    assert encode(None, comment="OPENROUTER PROCESSING") == b": OPENROUTER PROCESSING\n\n"
    assert encode("a\n\nb", id="1", retry=5) == b"id: 1\nretry: 5\ndata: a\ndata:\ndata: b\n\n"
    assert encode(None, retry=3000) == b"retry: 3000\n\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": "a\rb"}, "data holds a CR"),
        ({"data": "a", "comment": "x\r\ny"}, "comment holds a CR"),
        ({"data": "a", "event": "x\ny"}, r"event 'x\\ny' has a line end"),
        ({"data": "a", "id": "x\r"}, r"id 'x\\r' has a line end"),
        ({"data": "a", "id": "x\0"}, "NUL"),
        ({"data": "a", "retry": -1}, "negative"),
        ({"data": "a", "eol": "\n\n"}, "line end"),
        ({"data": None}, "needs a line"),
    ],
)
def test_encode_refuses_what_the_format_cannot_carry(arguments, message):
    with pytest.raises(TokentapeError, match=message):
        encode(**arguments)


TAPES = Path(__file__).resolve().parents[2] / "../shared/tapes"


def test_real_streams_come_apart_and_together():
    files = sorted(TAPES.glob("*/*.txt"))
    if not files:
        pytest.skip("../shared/tapes is not here")
    for file in files:
        stream = file.read_bytes()
        blocks, tail = parse(stream)
        assert b"".join(block.raw for block in blocks) + tail == stream
        assert [len(block.raw) for block in blocks] == lengths(event_ends(stream, "sse"))
        assert feed_all([stream[n : n + 97] for n in range(0, len(stream), 97)]) == (blocks, tail)
        assert [block.message for block in blocks if block.message] == by_the_book(stream)


def lengths(ends):
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def by_the_book(stream):
    """The standard's algorithm over the whole decoded text, written without a thought for bytes or speed."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    messages, data, event, last_id, retry = [], [], "", "", None
    lines = re.split(r"\r\n|\r|\n", text)
    for line in lines[:-1]:
        if not line:
            if data:
                messages.append(Message(event or "message", "\n".join(data), last_id, retry))
            data, event, retry = [], "", None
            continue
        field, _, value = line.partition(":")
        value = value[1:] if value[:1] == " " else value
        if field == "data":
            data.append(value)
        elif field == "event":
            event = value
        elif field == "id" and "\0" not in value:
            last_id = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            retry = int(value)
    return messages
