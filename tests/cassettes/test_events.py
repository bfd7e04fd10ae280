"""Event edges of bodies, per the row "event" of the design."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes.events import event_ends, event_kind

SSE = (("Content-Type", "text/event-stream; charset=utf-8"),)
JSON = (("content-type", "application/json; charset=UTF-8"),)


@pytest.mark.parametrize(
    ("headers", "code", "body", "kind"),
    [
        (SSE, 200, b"", "sse"),
        (SSE, 500, b"", "sse"),
        ((("content-type", "Text/Event-Stream"),), 200, b"", "sse"),
        ((("content-type", "text/event-stream;charset=UTF-8"),), 200, b"", "sse"),
        ((("content-type", "text/event-streams"),), 200, b"", "none"),
        ((("content-type", "application/x-ndjson"),), 200, b"", "ndjson"),
        (JSON, 200, b"[{}]", "json-array"),
        (JSON, 299, b"[{}]", "json-array"),
        (JSON, 200, b"{}", "none"),
        (JSON, 400, b"[{}]", "none"),
        (JSON, 300, b"[{}]", "none"),
        ((), 200, b"[{}]", "none"),
        ((*SSE, ("Content-Encoding", "gzip")), 200, b"", "none"),
        ((*SSE, ("content-encoding", "identity")), 200, b"", "sse"),
        ((*SSE, ("content-encoding", "Identity, gzip")), 200, b"", "none"),
        ((*SSE, ("content-encoding", "identity"), ("content-encoding", "br")), 200, b"", "none"),
        ((*SSE, ("content-encoding", "")), 200, b"", "sse"),
    ],
)
def test_kind_follows_the_head(headers, code, body, kind):
    assert event_kind(headers, code, body, None) == kind


def test_the_override_of_the_tape_wins():
    assert event_kind(SSE, 200, b"", "none") == "none"
    assert event_kind((), 404, b"", "ndjson") == "ndjson"
    assert event_kind((*SSE, ("content-encoding", "gzip")), 200, b"", "sse") == "sse"


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"", []),
        (b"data: a\n\ndata: b\n\n", [b"data: a\n\n", b"data: b\n\n"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"data: a\r\n\r\n", b"data: b\r\n\r\n"]),
        (b"data: a\r\rdata: b\r\r", [b"data: a\r\r", b"data: b\r\r"]),
        (b"data: a\n\r\ndata: b\r\n\n", [b"data: a\n\r\n", b"data: b\r\n\n"]),
        (b"data: a\r\n\rdata: b\r\r\n", [b"data: a\r\n\r", b"data: b\r\r\n"]),
        (b"data: a\r\ndata: b\r\n\r\n", [b"data: a\r\ndata: b\r\n\r\n"]),
        (b": ping\n\nevent: x\nid: 1\ndata: a\ndata: b\n\n", [b": ping\n\n", b"event: x\nid: 1\ndata: a\ndata: b\n\n"]),
        (b"retry: 10\n\nnonsense\n\n", [b"retry: 10\n\n", b"nonsense\n\n"]),
        (b"\n\n\ndata: a\n\n\n\ndata: b\n\n", [b"\n\n\ndata: a\n\n", b"\n\ndata: b\n\n"]),
        (b"\r\n\r\ndata: a\r\n\r\n\r\n\r\ndata: b\r\n\r\n", [b"\r\n\r\ndata: a\r\n\r\n", b"\r\n\r\ndata: b\r\n\r\n"]),
        (b"\xef\xbb\xbf\n\ndata: a\n\n", [b"\xef\xbb\xbf\n\ndata: a\n\n"]),
        (b"\xef\xbb\xbf\n\n\n", []),
        (b"\n\n\n\n", []),
        (b"\r\n\r\n", []),
        # The BOM counts at the very start only; later it is content, so this line is not blank.
        (b"\n\xef\xbb\xbf\n\ndata: a\n\n", [b"\n\xef\xbb\xbf\n\n", b"data: a\n\n"]),
        (b"data: a\n\ndata: b\n", [b"data: a\n\n"]),
        (b"data: a\n\ndata: b", [b"data: a\n\n"]),
        (b"data: a\n\n\n\n", [b"data: a\n\n"]),
        (b"data: a\r\n\r", [b"data: a\r\n\r"]),
        (
            b"data: \xff\xed\n\ndata: \xc2\x85\xe2\x80\xa8\x0b\x0c\n\n",
            [b"data: \xff\xed\n\n", b"data: \xc2\x85\xe2\x80\xa8\x0b\x0c\n\n"],
        ),
    ],
)
def test_sse_blocks(body, events):
    assert cut(body, "sse") == events


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"", []),
        (b'{"a":1}\n{"b":2}\n', [b'{"a":1}\n', b'{"b":2}\n']),
        (b'{"a":1}\r\n{"b":2}', [b'{"a":1}\r\n']),
        (b"{}\r{}\n\n", [b"{}\r{}\n", b"\n"]),
    ],
)
def test_ndjson_lines(body, events):
    assert cut(body, "ndjson") == events


@pytest.mark.parametrize(
    ("body", "events"),
    [
        (b"[]", []),
        (b"[ \n ]\n", []),
        (b'{"a":[1,2]}', []),
        (b'[{"a":1},{"b":2}]', [b'[{"a":1},', b'{"b":2}]']),
        (b'[{"a":1}\n,\r\n{"b":2}\n]\n', [b'[{"a":1}\n,\r\n', b'{"b":2}\n]\n']),
        (b' [\n {"a":[[],{}]} ] ', [b' [\n {"a":[[],{}]} ] ']),
        (b'\xef\xbb\xbf[{"a":1}]', [b'\xef\xbb\xbf[{"a":1}]']),
        (b'[{"a":"},[\\"]{"},{"b":"\\\\"}]', [b'[{"a":"},[\\"]{"},', b'{"b":"\\\\"}]']),
        (b'["],[",1,true,null]', [b'["],[",', b"1,", b"true,", b"null]"]),
        (b"[[1,2],[[3]]]", [b"[[1,2],", b"[[3]]]"]),
        (b"[{}]garbage[{}]", [b"[{}]garbage[{}]"]),
        (b'[{"a":1},', [b'[{"a":1},']),
        (b'[{"a":1}', [b'[{"a":1}']),
        (b'[{"a":1}, {"b":', [b'[{"a":1}, ']),
        (b'[{"a":1},{"b":"x', [b'[{"a":1},']),
        (b'[{"a":1},{"b":"x\\', [b'[{"a":1},']),
        (b"[1, 23", [b"[1, "]),
        (b'["a", "b"', [b'["a", ', b'"b"']),
        (b'["a", "b', [b'["a", ']),
        (b"[1,]", [b"[1,]"]),
        (b"[,1]", [b"[,", b"1]"]),
        (b"[", []),
    ],
)
def test_elements_of_an_array(body, events):
    assert cut(body, "json-array") == events


def test_no_kind_has_no_events():
    assert event_ends(b"data: a\n\n", "none") == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('[]{},"\\ :', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{},"\\', max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=5), st.sampled_from([None, 1, 2]), st.sampled_from(["", " ", "\n"]), st.data())
def test_elements_are_those_of_json(values, indent, pad, data):
    body = (json.dumps(values, indent=indent) + pad).encode()
    events = cut(body, "json-array")
    assert b"".join(events) == (body if values else b"")
    assert [
        json.loads(event.strip().removeprefix(b"[") if n == 0 else event) for n, event in enumerate(bare(events))
    ] == values
    stop = data.draw(st.integers(0, len(body)))
    whole = event_ends(body, "json-array")
    # A shorter body loses events, it never moves an edge: but for the white space and `]` that went to the last one.
    for end in event_ends(body[:stop], "json-array"):
        assert end in whole or body[end:].lstrip(b" \n,")[:1] == b"]" or end == stop


@given(
    st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"data: a", b":", b"\xef\xbb\xbf", b"x"]), max_size=24).map(
        b"".join
    )
)
def test_blocks_and_tail_make_the_body(body):
    ends = event_ends(body, "sse")
    assert ends == sorted(set(ends))
    # Cutting a body at an event edge leaves the same events, alone or together.
    for end in ends:
        assert event_ends(body[:end], "sse") == [other for other in ends if other <= end]


@pytest.mark.parametrize("unit", [b"\n", b":", b"{", b'"', b"\r", b"\r\n", b"a\n", b"[", b"]", b"\\", b'"\\', b" "])
@pytest.mark.parametrize("kind", ["sse", "ndjson", "json-array"])
def test_hostile_bodies_cost_one_pass(unit, kind):
    """Two MB of one thing: a pattern that goes back over what it read runs into the time limit of the test run."""
    body = (b"[" if kind == "json-array" else b"") + unit * (2_000_000 // len(unit))
    ends = event_ends(body, kind)
    assert not ends or ends[-1] <= len(body)


def test_ten_thousand_events():
    block = b"data: " + b"x" * 192 + b"\n\n"
    assert event_ends(block * 10_000, "sse") == [len(block) * n for n in range(1, 10_001)]


def cut(body, kind):
    ends = event_ends(body, kind)
    return [body[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def bare(events):
    """Elements without the brackets and the comma of their array."""
    for number, event in enumerate(events):
        text = event.strip()
        yield text.removesuffix(b"]") if number == len(events) - 1 else text.removesuffix(b",")
