import pytest

from cassettes.model import CassetteError, Ending, Informational, Stream
from cassettes.yamlparse import parse
from cassettes.yamlstream import headers_of, stream_fields, stream_of
from cassettes.yamltree import mapping

FULL = """\
v: 1
provider: openai
dialect: openai-chat
source: imported
pacing: synthetic
recorded_at: "2026-11-20T09:30:00.000Z"
http: "1.0"
framing: close
headers_ms: 180.6
events: ndjson
head: "HTTP/1.1 200 OK\\r\\nco"
end: {type: reset, at: head, gap_ms: 0.2, missing: 7, client_left_ms: 12}
trailers:
- [x-checksum, "a b"]
- [x-checksum, !!binary /w==]
informational:
- {at_ms: 1.5, code: 103, message: Early Hints, headers: [[link, a], [link, b]]}
- {at_ms: 2, code: 100}
"""


def stream(text):
    return stream_of(stream_fields(parse(text.encode(), "f.yaml")))


def refusal(text):
    with pytest.raises(CassetteError) as caught:
        stream(text)
    return str(caught.value)


def test_every_key():
    assert stream(FULL) == Stream(
        provider="openai",
        dialect="openai-chat",
        source="imported",
        pacing="synthetic",
        recorded_at="2026-11-20T09:30:00.000Z",
        http="1.0",
        framing="close",
        headers_ms=180.6,
        events="ndjson",
        head=b"HTTP/1.1 200 OK\r\nco",
        end=Ending(type="reset", at="head", gap_ms=0.2, missing=7, client_left_ms=12.0),
        trailers=(("x-checksum", "a b"), ("x-checksum", "\udcff")),
        informational=(
            Informational(1.5, 103, "Early Hints", (("link", "a"), ("link", "b"))),
            Informational(2.0, 100, ""),
        ),
    )


def test_what_is_not_given_claims_nothing():
    assert stream("v: 1\nhead: null\n") == Stream(source="edited")


def test_keys_as_vcrpy_and_people_write_them():
    found = stream(
        "v: '1'\nhttp: 1.1\nheaders_ms: '3'\nrecorded_at: 2026-11-20 09:30:00\nhead: !!binary /w==\nend: {type: cut, at: head}\n"
    )
    assert (found.http, found.headers_ms, found.recorded_at, found.head) == ("1.1", 3.0, "2026-11-20 09:30:00", b"\xff")
    assert stream("v: 1\nend: client_closed\n").end == Ending(type="client_closed")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("v: 1\n", "", "f.yaml:1:1: stream: found no v, expected v: 1"),
        ("v: 1", "v: 2", "stream.v: found 2, expected 1 at most; tokentape 2.0 or newer reads this tape: `pip install -U tokentape`"),
        ("v: 1", "v: one", "stream.v: found 'one'"),
        ("dialect:", "dialekt:", "f.yaml:3:1: stream: found the unknown key 'dialekt', did you mean dialect?"),
        ("headers_ms:", "header_ms:", "did you mean headers_ms?"),
        ("source: imported", "source: record", "stream.source: found 'record', did you mean recorded?"),
        ("pacing: synthetic", "pacing: none", "expected one of recorded, synthetic"),
        ('http: "1.0"', 'http: "2"', "stream.http: found '2', expected one of 1.0, 1.1"),
        ("framing: close", "framing: chunk", "did you mean chunked?"),
        ("180.6", "-1", "headers_ms: found '-1', expected a number from 0"),
        ("180.6", ".inf", "headers_ms: found '.inf'"),
        ("180.6", "[1]", "headers_ms: found a list"),
        ("events: ndjson", "events: json", "stream.events: found 'json'"),
        ("openai-chat", '"a b"', "stream.dialect: found 'a b', expected a name"),
        ('"2026-11-20T09:30:00.000Z"', "yesterday", "recorded_at: found 'yesterday'"),
        ("type: reset, ", "", "end: found no type, expected one of eof, cut, reset"),
        ("type: reset", "type: rst", "end.type: found 'rst'"),
        ("at: head", "at: heat", "end.at: found 'heat', did you mean head?"),
        ("at: head", "at: body", "stream.head: found a head that never completed, expected end: {…, at: head}"),
        ("gap_ms: 0.2", "gap: 0.2", "end: found the unknown key 'gap', did you mean gap_ms?"),
        ("missing: 7", "missing: 7.5", "end.missing: found '7.5', expected a whole number"),
        ("end: {", "end: [{}]\nx: {", "found the unknown key 'x'"),
        ("- [x-checksum, \"a b\"]", "- [x-checksum]", "trailers: expected each to be [name, value]"),
        ("- [x-checksum, \"a b\"]", "- ['a b', c]", "trailers: expected each to be [name, value], the name a token"),
        ('"a b"', '"a\\nb"', "trailers: x-checksum: found a line break"),
        ("code: 103", "code: 200", "informational.code: found '200', expected a whole number from 100 to 199"),
        ("at_ms: 2, ", "", "informational: found no at_ms"),
        ("- {at_ms: 1.5", "- {at_s: 1.5", "informational: found the unknown key 'at_s', did you mean at_ms?"),
        ("head: \"", "head: [1]\nxx: \"", "found the unknown key 'xx'"),
    ],
)  # fmt: skip
def test_mistakes(old, new, told):
    message = refusal(FULL.replace(old, new, 1))
    assert told in message
    assert message.startswith("f.yaml:")
    assert message.isprintable()


def test_a_stream_that_is_no_mapping():
    assert refusal("[1]") == "f.yaml:1:1: stream: found a list, expected a mapping"
    assert "end: found a list, expected a mapping" in refusal("v: 1\nend: []")


def test_headers():
    node = mapping(parse(b"k: {A: [b, !!binary /w==], a: c, x: []}", "f"), "top").fields()["k"]
    assert headers_of(node, "headers") == (("A", "b"), ("A", "\udcff"), ("a", "c"))
    assert headers_of(None, "headers") == ()
