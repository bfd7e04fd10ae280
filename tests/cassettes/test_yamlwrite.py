import base64

import pytest
import yaml

from cassettes.model import (
    Cassette,
    Chunk,
    Ending,
    Informational,
    Interaction,
    Request,
    Response,
    Stream,
    TokentapeError,
)
from cassettes.yamlwrite import block, canonical, text_of

BODY = b'data: {"a":1}\n\n: INFRONAI PROCESSING\n\ndata: [DONE]\n\n'


def cassette(body=BODY, chunks=None, headers=(("content-type", "text/event-stream"),), **fields):
    chunks = ((Chunk(0.0, len(body)),) if body else ()) if chunks is None else chunks
    response = Response(200, "OK", headers, body, Stream(chunks=chunks, **fields))
    request = Request("POST", "https://api.openai.com/v1/chat/completions", (("x", "1"),), b'{"stream":true}')
    return Cassette(interactions=(Interaction(request, response),))


def test_the_layout():
    chunks = (Chunk(312.4, 15), Chunk(15000.0, 20, True), Chunk(0.3, 3), Chunk(19.8, 14))
    found = text_of(
        canonical(
            cassette(
                chunks=chunks,
                provider="openai",
                dialect="openai-chat",
                recorded_at="2026-11-20T09:30:00.000Z",
                headers_ms=180.6,
                end=Ending(gap_ms=0.2),
            )
        )
    )
    assert (
        found
        == """\
version: 1
interactions:
- request:
    method: POST
    uri: "https://api.openai.com/v1/chat/completions"
    headers:
      x: ["1"]
    body: |-
      {"stream":true}
  response:
    status: {code: 200, message: OK}
    headers:
      content-type: ["text/event-stream"]
    body:
      string: |+
        data: {"a":1}

        : INFRONAI PROCESSING

        data: [DONE]

    stream:
      v: 1
      provider: openai
      dialect: openai-chat
      source: recorded
      recorded_at: "2026-11-20T09:30:00.000Z"
      http: "1.1"
      framing: chunked
      headers_ms: 180.6
      chunks: |
        312.4 1e
        15000 20b+
        0.3 3b
        19.8 1e
      end: {type: eof, gap_ms: 0.2}
"""
    )


def test_what_is_rare_is_written_only_when_it_is_there():
    found = text_of(
        canonical(
            cassette(
                b"",
                source="synthetic",
                pacing="synthetic",
                http="1.0",
                framing="close",
                events="sse",
                head=b"HTTP/1.1 2\r\n",
                end=Ending(type="reset", at="head", missing=7, client_left_ms=12.34),
                trailers=(("x-sum", "a b"),),
                informational=(
                    Informational(1.55, 103, "Early Hints", (("link", "</s>"),)),
                    Informational(2, 100, "No"),
                ),
            )
        )
    )
    assert found.partition("    stream:\n")[2] == (
        '      v: 1\n      provider: unknown\n      dialect: raw\n      source: synthetic\n      pacing: synthetic\n'
        '      http: "1.0"\n      framing: close\n      headers_ms: 0\n      events: sse\n'
        "      informational:\n"
        '      - at_ms: 1.6\n        code: 103\n        message: Early Hints\n        headers:\n        - ["link", "</s>"]\n'
        '      - at_ms: 2\n        code: 100\n        message: "No"\n'
        '      head: "\\\n        HTTP/1.1 2\\r\\n"\n'
        '      trailers:\n      - ["x-sum", "a b"]\n'
        "      end: {type: reset, at: head, gap_ms: 0, missing: 7, client_left_ms: 12.3}\n"
    )  # fmt: skip


def test_no_interactions():
    assert text_of(canonical(Cassette())) == "version: 1\ninteractions: []\n"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "''\n"),
        (b"a", "|-\n  a\n"),
        (b"a\n", "|\n  a\n"),
        (b"a\n\n", "|+\n  a\n\n"),
        (b"a\n\n\n\tb\tc", "|-\n  a\n\n\n  \tb\tc\n"),
        (b" a\n", "|2\n   a\n"),
        (b"\ta", "|2-\n  \ta\n"),
        (b"\na\n\n", "|2+\n\n  a\n\n"),
        ("안녕 ❤️ 👩‍💻\n".encode(), "|\n  안녕 ❤️ 👩‍💻\n"),
        (b"# a: 'b' \"c\" \\ %d", "|-\n  # a: 'b' \"c\" \\ %d\n"),
        (b"\n", '"\\\n  \\n"\n'),
        (b"\n\n", '"\\\n  \\n\\\n  \\n"\n'),
        (b"a \nb", '"\\\n  a \\n\\\n  b"\n'),
        ("a\u3000\nb".encode(), '"\\\n  a\u3000\\n\\\n  b"\n'),
        (b"a\r\n b\r\n", '"\\\n  a\\r\\n\\\n  \\ b\\r\\n"\n'),
        (b"a\rb", '"\\\n  a\\r\\\n  b"\n'),
        (b'\x00"\\\t\x7f', '"\\\n  \\x00\\"\\\\\\t\\x7F"\n'),
        ("\ufeff\x85\u2028\u2029\xa0\ufffe".encode(), '"\\\n  \\uFEFF\\x85\\u2028\\u2029\\xA0\\uFFFE"\n'),
        (b"\xff\xfe", "!!binary |\n  //4=\n"),
    ],
)
def test_the_style_of_a_body(body, text):
    assert block(body, 2) == text
    for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        found = yaml.load(f"k: {text}", loader)["k"]
        assert (found if isinstance(found, bytes) else found.encode()) == body


def test_binary_is_wrapped():
    lines = block(bytes(range(256)), 4).splitlines()
    assert lines[0] == "!!binary |"
    assert all(line.startswith("    ") and len(line) <= 80 for line in lines[1:])
    assert base64.b64decode("".join(lines[1:])) == bytes(range(256))


def test_headers_that_yaml_would_read_as_something_else():
    headers = (
        ("No", "yes"),
        ("x.y", 'a"b\\ '),
        ("~", ""),
        ("1", "\udcff"),
        ("X-A", "1"),
        ("x-a", "2"),
        ("X-A", "3"),
        ("k" * 2000, "v"),
    )
    found = text_of(canonical(cassette(headers=headers)))
    assert (
        '      "No": ["yes"]\n      x.y: ["a\\"b\\\\ "]\n      "~": [""]\n      "1": [!!binary "/w=="]\n      X-A: ["1", "3"]\n      x-a: ["2"]\n'
        in found
    )
    loaded = yaml.safe_load(found)["interactions"][0]["response"]["headers"]
    assert list(loaded) == ["No", "x.y", "~", "1", "X-A", "x-a", "k" * 2000]
    assert loaded["1"] == [b"\xff"]


def test_times_are_rounded_as_offsets_from_the_last_request_byte():
    chunks = (Chunk(0.04, 1), Chunk(0.04, 1), Chunk(0.04, 48))
    stream = (
        canonical(cassette(chunks=chunks, headers_ms=180.64, end=Ending(gap_ms=0.06))).interactions[0].response.stream
    )
    assert (stream.headers_ms, stream.end.gap_ms) == (180.6, 0.0)
    assert [chunk.gap_ms for chunk in stream.chunks] == [0.1, 0.0, 0.1]
    early = canonical(cassette(b"", headers_ms=180.64, end=Ending(type="cut", at="request", gap_ms=0.06)))
    assert early.interactions[0].response.stream.end.gap_ms == 0.1


def test_what_is_canonical_stays_so():
    chunks = tuple(Chunk(gap / 7, 1) for gap in range(len(BODY)))
    once = canonical(cassette(chunks=chunks, headers_ms=3.1415, end=Ending(gap_ms=2.718)))
    assert canonical(once) == once


def test_values_of_one_header_come_together_and_runs_need_http_chunks():
    found = canonical(
        cassette(headers=(("a", "1"), ("b", "2"), ("a", "3")), framing="length", chunks=(Chunk(0, 50, True),))
    )
    response = found.interactions[0].response
    assert response.headers == (("a", "1"), ("a", "3"), ("b", "2"))
    assert response.stream.chunks == (Chunk(0, 50, False),)


def test_sizes_that_do_not_add_up_are_not_written():
    with pytest.raises(TokentapeError, match="chunks of 1 bytes for a body of 52 bytes"):
        text_of(canonical(cassette(chunks=(Chunk(0, 1),))))
