"""The HTTP/1 response reader: what the bytes say, and that no way of splitting them changes it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.framing import (
    HOP_BY_HOP,
    MAX_HEAD,
    MAX_LINE,
    Fact,
    FramingError,
    ResponseReader,
    body_framing,
    field_lines,
    head_bytes,
    listed,
    octets,
    parse_fields,
    parse_head,
    text,
)
from cassettes.model import Head

SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def cut(data, *places):
    """`data` in pieces, cut at `places`."""
    edges = [0, *sorted(places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def said(pieces, method="GET"):
    """All that a reader says of `pieces` and that their borders must not change."""
    reader = ResponseReader(method)
    facts, error = [], None
    for piece in pieces:
        try:
            facts += reader.feed(piece)
        except FramingError as raised:
            facts += raised.facts
            error = str(raised)
            break
    sizes, size = [], 0
    for fact in facts:
        if fact.kind == "data":
            size += len(fact.data)
            if not fact.left and reader.framing == "chunked":
                sizes.append(size)
                size = 0
    return {
        "heads": [(fact.kind, fact.head, fact.framing) for fact in facts if fact.head],
        "body": b"".join(fact.data for fact in facts),
        "chunks": sizes,
        "open": size,
        "ends": [fact.trailers for fact in facts if fact.kind == "end"],
        "framing": reader.framing,
        "complete": reader.complete,
        "missing": reader.missing,
        "partial_head": reader.partial_head,
        "excess": reader.excess,
        "error": error,
    }


# name: (bytes, what is expected of them beside `error: None`)
CASES = {
    "chunked": (
        SSE + b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
        {"body": b"hello!", "chunks": [5, 1], "ends": [()], "framing": "chunked", "complete": True},
    ),
    "chunked, cut in a chunk": (
        SSE + b"5\r\nhello\r\n10\r\nabc",
        {"body": b"helloabc", "chunks": [5], "open": 3, "missing": 13, "complete": False, "ends": []},
    ),
    "chunked, cut between chunks": (SSE + b"5\r\nhello\r\n", {"chunks": [5], "missing": 0, "complete": False}),
    "a size line without data opens no chunk": (
        SSE + b"5\r\nhello\r\n10\r\n",
        {"chunks": [5], "missing": 0, "open": 0},
    ),
    "cut before the last blank line": (SSE + b"1\r\na\r\n0\r\n", {"complete": False, "missing": 0, "ends": []}),
    "bare LF": (
        b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nab\n0\nX-A: b\n\n",
        {"body": b"ab", "chunks": [2], "ends": [(("X-A", "b"),)], "complete": True},
    ),
    "extensions, white space, case and zeros of sizes": (
        SSE + b'  00A ;n="v;\xff" \r\n0123456789\r\na\t\r\n0123456789\r\n000;last\r\n\r\n',
        {"chunks": [10, 10], "complete": True},
    ),
    "trailers": (
        SSE + b"0\r\nExpires: never\r\nx-sum: a\r\n b\r\n\r\n",
        {"ends": [(("Expires", "never"), ("x-sum", "a b"))], "body": b"", "chunks": []},
    ),
    "gzip, chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n1\r\n\x1f\r\n0\r\n\r\n",
        {"framing": "chunked", "body": b"\x1f"},
    ),
    "codings on two lines": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\x1f\r\n0\r\n\r\n",
        {"framing": "chunked", "body": b"\x1f", "complete": True},
    ),
    "chunked not last": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nabc", {"framing": "close"}),
    "identity does nothing": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nab",
        {"framing": "length", "complete": True},
    ),
    "chunked wins over a length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        {"framing": "chunked", "chunks": [1], "complete": True, "excess": b""},
    ),
    "length": (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", {"framing": "length", "body": b"abc", "ends": [()]}),
    "length, short": (
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
        {"framing": "length", "missing": 6, "complete": False},
    ),
    "length, no byte of it": (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", {"missing": 9, "complete": False}),
    "length 0": (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", {"complete": True, "ends": [()]}),
    "the same length twice": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab",
        {"framing": "length", "complete": True},
    ),
    "close": (b"HTTP/1.0 200 OK\r\n\r\nabc", {"framing": "close", "body": b"abc", "complete": False, "missing": 0}),
    "204 has no body": (
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        {"complete": True, "body": b""},
    ),
    "304 has no body": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", {"complete": True, "missing": 0}),
    "101 ends HTTP": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x81\x00",
        {"complete": True, "body": b"", "excess": b"\x81\x00"},
    ),
    "what follows a message is not of it": (
        SSE + b"1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n",
        {"body": b"a", "complete": True, "excess": b"HTTP/1.1 200 OK\r\n"},
    ),
    "what follows a length is not of it": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc",
        {"body": b"a", "complete": True, "excess": b"bc"},
    ),
    "1xx heads come first": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        {
            "heads": [
                ("informational", Head(code=100, message="Continue"), None),
                ("informational", Head(code=103, message="Early Hints", headers=(("Link", "<a>"),)), None),
                ("head", Head(headers=(("Content-Length", "0"),)), "length"),
            ],
            "complete": True,
        },
    ),
    "empty lines before a head": (
        b"\r\n\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        {"complete": True, "partial_head": b""},
    ),
    "half a head": (SSE[:40], {"partial_head": SSE[:40], "framing": None, "complete": False}),
    "half a head behind a 1xx": (
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 20",
        {"partial_head": b"HTTP/1.1 20", "framing": None},
    ),
}

# name: (bytes, words of the error, what was good before it)
BROKEN = {
    "no HTTP": (b"SSH-2.0-x\r\n\r\n", "expected an HTTP/1 status line", {"partial_head": b"SSH-2.0-x\r\n\r\n"}),
    "HTTP/2": (b"HTTP/2.0 200 OK\r\n\r\n", "expected an HTTP/1 status line", {"body": b""}),
    "a code of four figures": (b"HTTP/1.1 2000 OK\r\n\r\n", "expected an HTTP/1 status line", {}),
    "a header without colon": (
        b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\nbody",
        "no valid name and colon",
        {"partial_head": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\nbody", "heads": [], "framing": None},
    ),
    "a name that is no token": (b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "no valid name and colon", {}),
    "a fold with nothing before it": (b"HTTP/1.1 200 OK\r\n a\r\n\r\n", "no valid name and colon", {}),
    "a CR in a value": (b"HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n", "CR or NUL", {}),
    "a NUL in a value": (b"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n", "CR or NUL", {}),
    "a CR in a fold": (b"HTTP/1.1 200 OK\r\na: b\r\n c\rd\r\n\r\n", "CR or NUL", {}),
    "a CR in the phrase": (b"HTTP/1.1 200 O\rK\r\n\r\n", "expected an HTTP/1 status line", {}),
    "a length in words": (
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc",
        "Content-Length is 'many'",
        {"partial_head": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc", "framing": None},
    ),
    "a length below 0": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "expected one number of bytes", {}),
    "a length in figures that are not ASCII": (
        "HTTP/1.1 200 OK\r\nContent-Length: \u00b2\r\n\r\n".encode(),
        "expected one number of bytes",
        {},
    ),
    "a length of 5,000 figures": (
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        "expected one number of bytes",
        {},
    ),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", "'2, 3'", {"framing": None}),
    "a size that is no hex": (
        SSE + b"1\r\na\r\nxyz\r\n",
        "expected a chunk size in hex, found b'xyz'",
        {"body": b"a", "chunks": [1], "missing": 0, "framing": "chunked"},
    ),
    "an empty size": (SSE + b"\r\n", "expected a chunk size in hex", {}),
    "a size below 0": (SSE + b"-1\r\n", "expected a chunk size in hex", {}),
    "a size of 17 figures": (SSE + b"00000000000000001\r\n", "expected a chunk size in hex", {}),
    "a chunk longer than its size": (
        SSE + b"1\r\nabc\r\n",
        "expected CR LF after a chunk's data, found b'bc'",
        {"body": b"a", "chunks": [1]},
    ),
    "a trailer without colon": (
        SSE + b"1\r\na\r\n0\r\nnonsense\r\n\r\n",
        "no valid name and colon",
        {"body": b"a", "ends": []},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_response_says(name):
    raw, expected = CASES[name]
    whole = said([raw])
    assert whole["error"] is None
    assert {key: whole[key] for key in expected} == expected


@pytest.mark.parametrize("name", BROKEN)
def test_where_it_is_not_http_any_more(name):
    raw, words, expected = BROKEN[name]
    whole = said([raw])
    assert words in whole["error"]
    assert "\n" not in whole["error"]
    assert not whole["complete"]
    assert {key: whole[key] for key in expected} == expected


@pytest.mark.parametrize("name", [*CASES, *BROKEN])
def test_no_split_changes_what_is_said(name):
    raw = (CASES.get(name) or BROKEN[name])[0]
    whole = said([raw])
    if whole["error"]:
        # What follows the byte that shows the error is kept only if it came in the same piece.
        del whole["partial_head"]
    splits = [cut(raw, place) for place in range(1, min(len(raw), 600))] + [[raw[i : i + 1] for i in range(len(raw))]]
    for pieces in splits:
        split = said(pieces)
        assert {key: split[key] for key in whole} == whole


@pytest.mark.parametrize("raw", [SSE, b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"])
def test_head_has_no_body(raw):
    found = said([raw], "HEAD")
    assert (found["complete"], found["body"], found["missing"], found["ends"]) == (True, b"", 0, [()])


def test_close_framing_is_ended_by_fin():
    reader = ResponseReader("GET")
    reader.feed(b"HTTP/1.1 200 OK\r\n\r\nabc")
    assert reader.closed()
    assert reader.complete


@pytest.mark.parametrize(
    "raw", [b"", SSE[:20], SSE, SSE + b"5\r\nab", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"]
)
def test_no_other_framing_is_ended_by_fin(raw):
    reader = ResponseReader("GET")
    reader.feed(raw)
    assert not reader.closed()


def test_fin_after_the_end_is_no_news():
    reader = ResponseReader("GET")
    reader.feed(SSE + b"0\r\n\r\n")
    assert reader.closed()


def test_every_fact_of_a_stream_in_order():
    reader = ResponseReader("POST")
    head = Head(headers=(("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")))
    assert reader.feed(SSE + b"3\r\nab") == [Fact("head", head, framing="chunked"), Fact("data", data=b"ab", left=1)]
    assert reader.wire == b"3\r\nab"
    assert reader.missing == 1
    assert reader.feed(b"c\r\n0\r\nA: b\r\n\r\nrest") == [Fact("data", data=b"c"), Fact("end", trailers=(("A", "b"),))]
    assert reader.wire == b"c\r\n0\r\nA: b\r\n\r\n"
    assert reader.excess == b"rest"


def test_the_wire_stops_before_the_line_that_is_wrong():
    reader = ResponseReader("GET")
    with pytest.raises(FramingError) as caught:
        reader.feed(SSE + b"1\r\na\r\nzz\r\n1\r\nb\r\n")
    assert [fact.kind for fact in caught.value.facts] == ["head", "data"]
    assert reader.wire == b"1\r\na\r\n"
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    ("raw", "wire"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nabc", b"abc"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", b"ab"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nabc", b""),
        (SSE, b""),
    ],
)
def test_wire_is_the_body_in_its_own_framing(raw, wire):
    reader = ResponseReader("GET")
    reader.feed(raw)
    assert reader.wire == wire


def test_limits_hold_whether_bytes_drip_or_flood():
    long_head = b"HTTP/1.1 200 OK\r\nA: " + b"x" * MAX_HEAD + b"\r\n\r\n"
    long_line = SSE + b"1;" + b"x" * MAX_LINE + b"\r\na\r\n"
    long_trailers = SSE + b"0\r\n" + b"a: b\r\n" * (MAX_HEAD // 4 + 1)
    for raw, words in (
        (long_head, "head is longer"),
        (long_line, "line of the chunked"),
        (long_trailers, "trailers are"),
    ):
        assert words in said([raw])["error"]
        assert words in said(cut(raw, *range(4096, len(raw), 4096)))["error"]


def test_what_is_kept_beyond_the_end_is_bounded():
    reader = ResponseReader("GET")
    reader.feed(SSE + b"0\r\n\r\n" + b"x" * MAX_LINE)
    for _ in range(3):
        assert reader.feed(b"y" * MAX_LINE) == []
    assert reader.excess == b"x" * MAX_LINE


def test_hostile_heads_cost_no_more_than_their_bytes():
    # Each of these took minutes when a pattern or a sum went back over what it had read.
    blanks = b" " * (MAX_HEAD - 100)
    assert said([b"HTTP/1.1 200 OK\r\na:" + blanks + b"b" + b"\r\n\r\n"])["heads"][0][1].headers == (("a", "b"),)
    assert said([b"HTTP/1.1 200 OK\r\na:b" + blanks + b"c\r\n\r\n"])["error"] is None
    assert said([b"\r\n" * 200_000 + SSE])["framing"] == "chunked"
    assert len(said([SSE + b"0\r\n" + b"a:\r\n" * 100_000 + b"\r\n"])["ends"][0]) == 100_000


def test_heads_keep_every_byte_but_the_space_around_values():
    raw = b"HTTP/1.0 429 \xe9tat\r\nX-B:  caf\xc3\xa9 \t\r\nx-b : \xff\xfe\r\nEmpty:\r\n\r\n"
    head = parse_head(raw)
    assert (head.http, head.code, head.message) == ("1.0", 429, "\udce9tat")
    assert head.headers == (("X-B", "caf\u00e9"), ("x-b", "\udcff\udcfe"), ("Empty", ""))
    assert head_bytes(head, head.headers) == (
        b"HTTP/1.0 429 \xe9tat\r\nX-B: caf\xc3\xa9\r\nx-b: \xff\xfe\r\nEmpty: \r\n\r\n"
    )


@pytest.mark.parametrize("line", [b"HTTP/1.1 200", b"HTTP/1.1 200 "])
def test_the_reason_phrase_may_be_empty(line):
    head = parse_head(line)
    assert (head.code, head.message, head.headers) == (200, "", ())
    assert head_bytes(head, ()) == b"HTTP/1.1 200 \r\n\r\n"


def test_folded_lines_join_with_one_space():
    assert parse_fields([b"a: b", b" \t c ", b"\td", b"e: f"]) == (("a", "b c d"), ("e", "f"))


def test_lists_of_a_header_are_one_over_all_its_lines():
    headers = (("Transfer-Encoding", "GZip ,, br"), ("other", "x"), ("TRANSFER-ENCODING", " chunked"))
    assert listed(headers, "transfer-encoding") == ["gzip", "br", "chunked"]
    assert listed(headers, "absent") == []


@pytest.mark.parametrize("code", [100, 101, 199, 204, 304])
def test_codes_without_body(code):
    assert body_framing(Head(code=code, headers=(("transfer-encoding", "chunked"),)), "GET") == ("length", 0)


def test_hop_by_hop_names_are_lower_case():
    assert {name.lower() for name in HOP_BY_HOP} == HOP_BY_HOP
    assert "transfer-encoding" not in HOP_BY_HOP


@given(st.binary(max_size=30))
def test_any_octets_survive_as_text(raw):
    assert octets(text(raw)) == raw


TOKEN = st.text("abcXYZ-_.!#$%&'*+^`|~019", min_size=1, max_size=8)
VALUE = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=12).map(
    lambda value: value.strip(" \t")
)
FIELDS = st.lists(st.tuples(TOKEN, VALUE), max_size=4).map(tuple)


@given(FIELDS, st.sampled_from([200, 404, 599]), VALUE)
def test_heads_round_trip(fields, code, message):
    head = Head(code=code, message=message, headers=fields)
    assert parse_head(head_bytes(head, fields)) == head


@st.composite
def chunked_bodies(draw):
    """(the chunks, the trailers, a chunked encoding of them in one of the spellings that servers use)."""
    chunks = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=8))
    trailers = draw(FIELDS)
    newline = draw(st.sampled_from([b"\r\n", b"\n"]))
    extension = draw(st.sampled_from([b"", b";a", b' ; b="c;d"', b"\t"]))
    size = draw(st.sampled_from([b"%x", b"%X", b"%04x", b"  %x"]))
    raw = b"".join(size % len(chunk) + extension + newline + chunk + newline for chunk in chunks)
    return chunks, trailers, raw + b"0" + extension + newline + field_lines(trailers) + newline


@given(chunked_bodies(), st.data())
def test_any_split_of_any_chunked_body_gives_back_its_chunks(encoded, data):
    chunks, trailers, raw = encoded
    places = data.draw(st.lists(st.integers(0, len(SSE + raw)), max_size=12))
    found = said(cut(SSE + raw, *places))
    assert found["error"] is None
    assert found["chunks"] == [len(chunk) for chunk in chunks]
    assert found["body"] == b"".join(chunks)
    assert found["ends"] == [trailers]
    assert found["complete"]
    assert found["excess"] == b""


@given(chunked_bodies(), st.data())
def test_the_wire_of_a_split_body_is_the_body(encoded, data):
    raw = encoded[2]
    places = data.draw(st.lists(st.integers(0, len(raw)), max_size=12))
    reader, wire = ResponseReader("GET"), b""
    reader.feed(SSE)
    for piece in cut(raw, *places):
        reader.feed(piece)
        wire += reader.wire
    assert wire == raw


@given(chunked_bodies(), st.data(), st.binary(max_size=6))
def test_what_passes_is_all_wire_of_a_message_that_goes_on(encoded, data, junk):
    """With bytes that are no HTTP somewhere, split after lines most of all: so are streams."""
    raw = SSE + encoded[2]
    at = data.draw(st.integers(len(SSE), len(raw)))
    whole = raw[:at] + junk + raw[at:]
    lines = [place for place in range(len(whole)) if whole[place - 1 : place] == b"\n"]
    places = data.draw(st.lists(st.integers(0, len(whole)) | st.sampled_from(lines), max_size=30))
    reader = ResponseReader("GET")
    for piece in cut(whole, *places):
        passes = reader.passes(piece)
        try:
            reader.feed(piece)
        except FramingError:
            assert not passes
            return
        assert not passes or (reader.wire == piece and not reader.complete and piece)


@pytest.mark.parametrize(
    ("head", "before", "piece", "passes"),
    [
        ("Transfer-Encoding: chunked", b"", b"3\r\nabc\r\n", True),
        ("Transfer-Encoding: chunked", b"3\r\nabc\r\n", b"0a\r\n0123456789\r\n", True),
        ("Transfer-Encoding: chunked", b"3\r\nab", b"c\r\n", False),
        ("Transfer-Encoding: chunked", b"3", b"3\r\nabc\r\n", False),
        ("Transfer-Encoding: chunked", b"", b"3\r\nabc\r\n0\r\n\r\n", False),
        ("Transfer-Encoding: chunked", b"", b"0\r\n\r\n", False),
        ("Transfer-Encoding: chunked", b"", b"3;a=b\r\nabc\r\n", False),
        ("Transfer-Encoding: chunked", b"", b"xyz\r\nabc\r\n", False),
        ("Content-Length: 5", b"", b"abcd", True),
        ("Content-Length: 5", b"a", b"bcd", True),
        ("Content-Length: 5", b"", b"abcde", False),
        ("Content-Length: 5", b"", b"abcdef", False),
        ("Content-Length: 5", b"abcde", b"f", False),
        ("Connection: close", b"", b"anything", True),
    ],
)
def test_what_may_go_to_the_client_before_it_is_read(head, before, piece, passes):
    reader = ResponseReader("GET")
    assert not reader.passes(piece)
    reader.feed(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + before)
    assert reader.passes(piece) is passes


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=5), st.data())
def test_a_cut_body_says_how_much_of_its_chunk_is_missing(chunks, data):
    raw = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    place = data.draw(st.integers(0, len(raw)))
    found = said([SSE, raw[:place]])
    body = b"".join(chunks)
    assert body.startswith(found["body"])
    if found["open"]:
        assert found["open"] + found["missing"] == len(chunks[len(found["chunks"])])
    else:
        assert found["missing"] == 0


@given(st.binary(max_size=200), st.data())
def test_garbage_is_an_error_or_a_response_and_never_a_crash(raw, data):
    start = data.draw(st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", SSE, b"HTTP/1.1 200 OK\r\nContent-Length: "]))
    assert set(said([start + raw])) == set(said(cut(start + raw, len(start))))
